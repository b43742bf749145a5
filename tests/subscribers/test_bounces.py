"""Letters that came to nobody are counted, one by one, until one is taken."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlmodel import Session

from subscribers.bounces import count_bounces, forget_bounces
from subscribers.roster import find
from tests.factories import make_subscriber

Counting = Callable[[], AbstractContextManager[list[str]]]


def bounces(session: Session, address: str) -> int:
    """Return the count of one person."""
    return find(session, address).bounces


def test_a_bounce_is_counted_for_whom_it_is(session: Session) -> None:
    """From nothing up; the others keep theirs."""
    ann = make_subscriber(session, "ann@example.org").id or 0
    ben = make_subscriber(session, "ben@example.org").id or 0
    make_subscriber(session, "cleo@example.org")

    count_bounces(session, [ann])
    count_bounces(session, [ann, ben])

    assert bounces(session, "ann@example.org") == 2
    assert bounces(session, "ben@example.org") == 1
    assert bounces(session, "cleo@example.org") == 0


def test_a_letter_that_is_taken_ends_the_count(session: Session) -> None:
    """Whoever comes back from a full holiday is as good as new."""
    ann = make_subscriber(session, "ann@example.org", bounces=3).id or 0
    make_subscriber(session, "ben@example.org", bounces=2)

    forget_bounces(session, [ann])

    assert bounces(session, "ann@example.org") == 0
    assert bounces(session, "ben@example.org") == 2


def test_nobody_costs_nothing(session: Session, count_queries: Counting) -> None:
    """A turn without bounces asks the database nothing."""
    with count_queries() as queries:
        count_bounces(session, [])
        forget_bounces(session, [])

    assert queries == []
