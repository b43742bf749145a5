"""An issue can be read as it was sent."""

from sqlmodel import Session

from newsletter import archive
from newsletter.tables import IssueStatus
from tests.factories import make_issue, make_tip


def test_the_issue_of_a_week_is_the_living_one(session: Session) -> None:
    """A cancelled one is only for those who had a letter of it."""
    old = make_issue(session, status=IssueStatus.CANCELLED, html="<p>first</p>")
    make_issue(session, make_tip(session, "second"), html="<p>second</p>")

    found = archive.issue_of(session, "2026-W47")

    assert found is not None
    assert (found.html, found.tip_slug) == ("<p>second</p>", "second")
    sent = archive.issue_sent_as(session, old.id or 0)
    assert sent is not None
    assert sent.html == "<p>first</p>"


def test_a_week_without_an_issue_has_none(session: Session) -> None:
    """Nor has a week whose issue was cancelled."""
    make_issue(session, slot="2026-W01", status=IssueStatus.CANCELLED)

    assert archive.issue_of(session, "2026-W01") is None
    assert archive.issue_of(session, "2030-W01") is None
    assert archive.issue_sent_as(session, 404) is None
