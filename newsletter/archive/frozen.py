"""Issues as they were sent, for whoever reads them in a browser."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from newsletter.tables import Issue, IssueStatus, Tip


@dataclass(frozen=True)
class FrozenIssue:
    """An issue with the HTML that was mailed; its holes are still open."""

    slot: str
    tip_slug: str
    subject: str
    html: str


def issue_of(session: Session, slot: str) -> FrozenIssue | None:
    """Return the issue of the week *slot*; None without one, or if it was cancelled."""
    living = col(Issue.status) != IssueStatus.CANCELLED
    return _one(session, col(Issue.slot) == slot, living)


def issue_sent_as(session: Session, issue_id: int) -> FrozenIssue | None:
    """Return the issue that a letter was of; a cancelled one was sent to some."""
    return _one(session, col(Issue.id) == issue_id)


def _one(session: Session, *where: ColumnElement[bool]) -> FrozenIssue | None:
    row = session.execute(
        select(col(Issue.slot), col(Tip.slug), col(Issue.subject), col(Issue.html))
        .join(Tip, col(Tip.id) == col(Issue.tip_id))
        .where(*where)
    ).first()
    return FrozenIssue(*row) if row else None
