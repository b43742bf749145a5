"""Who is kept for longer than the newsletter says that it keeps people.

Only finds them; `newsletter.privacy` erases them. Those who asked to join and never
confirmed have a shorter time, which `signing_up` sees to.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select, text
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from subscribers.tables import GONE, Subscriber, SubscriberStatus, SuppressionReason

# Why the address of somebody is not mailed after their row was erased.
_REASONS = {
    SubscriberStatus.UNSUBSCRIBED: SuppressionReason.LEFT,
    SubscriberStatus.BOUNCED: SuppressionReason.BOUNCED,
    SubscriberStatus.COMPLAINED: SuppressionReason.COMPLAINED,
}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Somebody who left long ago, and the reason that stays."""

    subscriber_id: int
    reason: SuppressionReason


def overdue(session: Session, *, before: datetime, limit: int) -> tuple[Overdue, ...]:
    """Return those who left, bounced or complained before that instant, first to last.

    Args:
        limit: how many at most, so that no transaction gets long.
    """
    stored_id = cast("Mapped[int]", col(Subscriber.id))
    # Written as the partial index is, or SQLite would not use it: one look into
    # ix_subscriber_gone, however many are on the list.
    rows = session.execute(
        select(stored_id, col(Subscriber.status))
        .where(text(GONE), col(Subscriber.status_at) < before)
        .order_by(col(Subscriber.status_at))
        .limit(limit)
    )
    return tuple(Overdue(row[0], _REASONS[row[1]]) for row in rows)
