"""What somebody new gets to read: only what everybody may, and the newest of it."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from newsletter.sender.welcoming import welcome_for
from newsletter.tables import IssueStatus
from tests.factories import make_issue, make_tip
from tests.newsletter.sender.week import MOMENT


@pytest.fixture(autouse=True)
def weeks(session: Session) -> None:
    """Two weeks gone, one planned; a tip of the archive, and one never sent."""
    for number, status in enumerate(
        (IssueStatus.SENT, IssueStatus.SENDING, IssueStatus.PLANNED)
    ):
        due_at = MOMENT + timedelta(weeks=number - 1)
        tip = make_tip(session, f"tip-{number}", title=f"Tip {number}")
        slot = f"2026-W{47 + number}"
        make_issue(session, tip, slot=slot, due_at=due_at, status=status)
    make_tip(session, "old", archived_on=MOMENT.date())
    make_tip(session, "unsent")
    session.flush()


def test_the_newest_that_is_out_is_the_welcome(session: Session) -> None:
    """Also while it goes out; what is only planned is nobody's yet."""
    found = welcome_for(session, (), now=MOMENT)

    assert found.tip
    assert found.tip.slug == "tip-1"
    assert found.favourites == ()


def test_what_is_due_later_does_not_count(session: Session) -> None:
    """A week that was sent early is public at its own moment."""
    found = welcome_for(session, (), now=MOMENT - timedelta(minutes=1))

    assert found.tip
    assert found.tip.slug == "tip-0"


def test_favourites_come_in_the_operators_order(session: Session) -> None:
    """Those that are public; the others are left out, whether unsent or unknown."""
    slugs = ("old", "unsent", "nonsense", "tip-0")

    found = welcome_for(session, slugs, now=MOMENT)

    assert [tip.slug for tip in found.favourites] == ["old", "tip-0"]
    assert found.tip is None


def test_without_a_public_favourite_it_is_the_tip(session: Session) -> None:
    """An empty list would be a poor welcome."""
    found = welcome_for(session, ("unsent",), now=MOMENT)

    assert found.tip
    assert found.favourites == ()


def test_before_the_first_week_there_is_nothing(session: Session) -> None:
    """The letter then says when the first tip comes."""
    found = welcome_for(session, (), now=MOMENT - timedelta(weeks=9))

    assert (found.tip, found.favourites) == (None, ())
