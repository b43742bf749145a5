"""A tip is public if, and since, it was sent."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session

from newsletter import archive, issues
from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus, IssueStatus, Tip
from newsletter.tips import storing
from newsletter.tips.drafts import TipDraft
from tests.conftest import NOW
from tests.factories import OPENED_AT, make_delivery, make_issue, make_tip

REACHED = [DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN]
UNREACHED = [DeliveryStatus.FAILED, DeliveryStatus.SKIPPED, DeliveryStatus.DEFERRED]


def test_opening_an_issue_publishes_its_tip(session: Session) -> None:
    """From that moment on; a second round does not move it to the top again."""
    tip = make_tip(session)
    for week, day in ((47, 1), (48, 8)):
        slot = Slot(2026, week)
        new = issues.NewIssue(
            slot, tip.id or 0, week, "next", OPENED_AT, "s", "<p></p>", "t", "a.test"
        )
        issues.open_issue(session, new, now=datetime(2026, 12, day, tzinfo=UTC))

    session.refresh(tip)
    assert tip.published_at == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", UNREACHED)
def test_a_cancelled_issue_that_nobody_had_takes_it_back(
    session: Session, status: DeliveryStatus
) -> None:
    """As if it had never been opened."""
    tip = make_tip(session, published_at=NOW)
    issue = make_issue(session, tip, status=IssueStatus.CANCELLED)
    make_delivery(session, issue, status=status)
    assert archive.wrongly_public(session) == [tip.slug]

    archive.settle(session, tip.id or 0)

    assert tip.published_at is None
    assert archive.wrongly_public(session) == []


@pytest.mark.parametrize("status", REACHED)
def test_a_cancelled_issue_that_somebody_has_stays_public(
    session: Session, status: DeliveryStatus
) -> None:
    """Their letter links to its page."""
    tip = make_tip(session)
    issue = make_issue(session, tip, status=IssueStatus.CANCELLED)
    make_delivery(session, issue, status=status)
    assert archive.wrongly_public(session) == [tip.slug]

    archive.settle(session, tip.id or 0)

    assert tip.published_at == OPENED_AT
    assert archive.wrongly_public(session) == []


def test_an_earlier_round_keeps_it_public(session: Session) -> None:
    """Only the cancelled week is forgotten."""
    tip = make_tip(session)
    make_issue(session, tip, slot="2025-W01", status=IssueStatus.SENT)
    make_issue(session, tip, status=IssueStatus.CANCELLED, round=2)

    archive.settle(session, tip.id or 0)

    assert tip.published_at == OPENED_AT


def test_a_tip_of_the_archive_is_public_on_its_day(session: Session) -> None:
    """Brought in at once, or known before; noon has the same date in most zones."""
    draft = TipDraft("old", "Old", "Elsewhere.", "a", archived_on=date(2019, 5, 1))
    tip_id = storing.insert(session, draft, position=1, now=NOW)
    known = make_tip(session, "known")
    storing.update(session, known.id or 0, draft, ("archived_on",), now=NOW)
    archive.settle(session, tip_id)

    noon = datetime(2019, 5, 1, 12, tzinfo=UTC)
    assert session.get_one(Tip, tip_id).published_at == noon
    assert known.published_at == noon
    assert archive.wrongly_public(session) == []


def test_a_tip_that_was_never_sent_is_not_public(session: Session) -> None:
    """A row that says otherwise is found."""
    make_tip(session, "fine")
    make_tip(session, "leaked", published_at=NOW)
    make_issue(session, make_tip(session, "lost"))

    assert archive.wrongly_public(session) == ["leaked", "lost"]
