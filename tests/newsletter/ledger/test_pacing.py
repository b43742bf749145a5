"""A letter that waits for its place goes when it has come, and asks once a try."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from newsletter import ledger
from newsletter.ledger import Claim, RetryPolicy
from newsletter.outcome import Command, Deferred
from newsletter.tables import DeliveryStatus, Issue
from tests.factories import LEASE, make_delivery, make_issue

CountQueries = Callable[[], AbstractContextManager[list[str]]]

SECOND = timedelta(seconds=1)
RETRY = RetryPolicy(waits=(timedelta(minutes=5),), give_up_after=timedelta(hours=48))


@pytest.fixture
def issue(session: Session) -> Issue:
    """An issue that is going out."""
    return make_issue(session)


def claim(session: Session, issue: Issue, *, now: datetime) -> list[Claim]:
    """Claim what is due."""
    return ledger.claim(session, issue.id or 0, limit=10, now=now, lease=LEASE)


def test_a_postponed_letter_is_due_at_its_place(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Not claimed before; then it knows that this is its place."""
    letter = make_delivery(session, issue)
    (first,) = claim(session, issue, now=now)
    place = now + 40 * SECOND

    ledger.postpone(session, [(first, place)])

    session.refresh(letter)
    assert (letter.status, letter.attempts) == (DeliveryStatus.PENDING, 0)
    assert letter.lease_until is None
    assert ledger.next_place(session, issue.id or 0) == place
    assert claim(session, issue, now=place - SECOND) == []
    (again,) = claim(session, issue, now=place)
    assert (first.place, again.place) == (None, place)


def test_a_letter_that_was_given_back_keeps_its_place(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Nothing touched the wire, so nothing was used up."""
    make_delivery(session, issue)
    place = now + SECOND
    ledger.postpone(session, [(claim(session, issue, now=now)[0], place)])
    ledger.release(session, claim(session, issue, now=place))

    (again,) = claim(session, issue, now=place)

    assert again.place == place


def test_a_try_that_was_deferred_needs_another_place(
    session: Session, issue: Issue, now: datetime
) -> None:
    """The place was for the first try; its retry time is none."""
    make_delivery(session, issue)
    place = now + SECOND
    ledger.postpone(session, [(claim(session, issue, now=now)[0], place)])
    claims = claim(session, issue, now=place)
    (marked,) = ledger.mark_sending(session, claims, now=place, lease=LEASE)
    greylisted = Deferred(451, "4.7.1 come back later", Command.RCPT)
    ledger.record(session, [(marked, greylisted)], now=place, retry=RETRY)

    (again,) = claim(session, issue, now=place + timedelta(minutes=5))

    assert (again.attempts, again.place) == (1, None)
    assert ledger.next_place(session, issue.id or 0) is None


def test_whoever_lost_the_lease_postpones_nothing(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Another process has the letter by now."""
    letter = make_delivery(session, issue)
    (lost,) = claim(session, issue, now=now)
    later = now + LEASE + SECOND
    ledger.release_lapsed(session, issue.id or 0, now=later)
    claim(session, issue, now=later)

    ledger.postpone(session, [(lost, now + timedelta(hours=9))])

    session.refresh(letter)
    assert letter.status is DeliveryStatus.CLAIMED
    assert letter.due_at < later


def test_the_next_place_is_the_first_that_waits(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Letters that wait for other things, or are sent, have none."""
    make_delivery(session, issue, due_at=now + SECOND)
    make_delivery(session, issue, due_at=now + 9 * SECOND, paced_attempt=1)
    make_delivery(session, issue, due_at=now + 5 * SECOND, paced_attempt=1)
    sent = DeliveryStatus.SENT
    make_delivery(session, issue, status=sent, due_at=now, paced_attempt=1)

    assert ledger.next_place(session, issue.id or 0) == now + 5 * SECOND


def test_the_next_place_is_found_by_the_small_index(
    session: Session, count_queries: CountQueries
) -> None:
    """SQLite uses an index on some rows only when the query says which in full."""
    with count_queries() as statements:
        ledger.next_place(session, 1)
    if session.get_bind().dialect.name != "sqlite":
        return

    asked = f"EXPLAIN QUERY PLAN {statements[0]}"
    plan = session.connection().exec_driver_sql(asked, (1, 1, 0)).all()

    assert "ix_delivery_paced" in str(plan)


def test_letters_whose_place_has_come_are_claimed_first(
    session: Session, issue: Issue, now: datetime
) -> None:
    """They are due later than those that never waited, and would miss their place."""
    make_delivery(session, issue)
    second = make_delivery(session, issue, due_at=now, paced_attempt=1)
    third = make_delivery(session, issue, due_at=now + SECOND, paced_attempt=1)
    make_delivery(session, issue, due_at=now + 9 * SECOND, paced_attempt=1)
    at = now + SECOND

    claims = [
        ledger.claim(
            session, issue.id or 0, limit=2, now=at, lease=LEASE, places_first=True
        )
        for _ in range(3)
    ]

    found = [[claim.delivery_id for claim in some] for some in claims]
    assert found == [[second.id, third.id], [1], []]
