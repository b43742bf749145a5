"""When a tip is public: from its first issue on, or since it was sent elsewhere.

`issues.open_issue` and `tips.storing` say so when it happens. Here is the way back, for
an issue that was cancelled before anybody had a letter of it, and the doubt of
`newsletter verify`, which takes nobody's word for it.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlmodel import Session, col

from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus, Tip

# A letter that stands so is, or may be, with its reader.
_REACHED = (DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)


def settle(session: Session, tip_id: int) -> None:
    """Let the tip be public if, and since, an issue of it goes or went out.

    A tip of the archive stays as it is.
    """
    tip = session.get_one(Tip, tip_id)
    session.refresh(tip)
    if tip.archived_on is None:
        since: datetime | None = session.scalar(_first_issue(tip_id))
        tip.published_at = since
        session.flush()


def wrongly_public(session: Session) -> list[str]:
    """Return the tips that are public and should not be, or the other way round."""
    sent = exists().where(col(Issue.tip_id) == col(Tip.id), _counts())
    should_be = or_(col(Tip.archived_on).is_not(None), sent)
    is_public = col(Tip.published_at).is_not(None)
    rows = session.scalars(
        select(col(Tip.slug))
        .where(or_(and_(should_be, ~is_public), and_(~should_be, is_public)))
        .order_by(col(Tip.slug))
    )
    return list(rows)


def _first_issue(tip_id: int) -> Select[datetime]:
    return select(func.min(col(Issue.created_at))).where(
        col(Issue.tip_id) == tip_id, _counts()
    )


def _counts() -> ColumnElement[bool]:
    """Return that an issue lives, or was cancelled when somebody had a letter."""
    reached = exists().where(
        col(Delivery.issue_id) == col(Issue.id), col(Delivery.status).in_(_REACHED)
    )
    return or_(col(Issue.status) != IssueStatus.CANCELLED, reached)
