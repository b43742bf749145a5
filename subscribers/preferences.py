"""What a person may change by themselves: how we call them, where and when they are.

How often they get a letter is `pausing`'s, where it goes to is `moving`'s.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from subscribers.details import clean_language, clean_name, clean_timezone
from subscribers.tables import Subscriber, SubscriberStatus


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person as they may see and change themselves; times are UTC."""

    id: int
    address: str
    name: str
    timezone: str
    language: str
    status: SubscriberStatus
    signed_up_at: datetime | None
    paused_until: datetime | None
    every_weeks: int

    @property
    def is_active(self) -> bool:
        """Tell whether they are on the list, paused or not."""
        return self.status is SubscriberStatus.ACTIVE

    @property
    def may_come_back(self) -> bool:
        """Tell whether they left, and nothing else is in the way."""
        return self.status is SubscriberStatus.UNSUBSCRIBED


def look(session: Session, subscriber_id: int) -> Preferences | None:
    """Return a person's preferences; None when there is nobody, or not any more."""
    row = session.execute(
        select(*(getattr(Subscriber, part.name) for part in fields(Preferences))).where(
            col(Subscriber.id) == subscriber_id,
            col(Subscriber.status) != SubscriberStatus.ERASED,
        )
    ).first()
    return None if row is None else Preferences(*row)


def change(
    session: Session, subscriber_id: int, *, name: str, timezone: str, language: str
) -> bool:
    """Keep what a person says of themselves; empty is the newsletter's own.

    Returns:
        Whether there is such a person.

    Raises:
        BadDetail: one of them cannot be kept; nothing was changed.
    """
    values = {
        "name": clean_name(name),
        "timezone": clean_timezone(timezone),
        "language": clean_language(language),
    }
    changed = session.execute(
        update(Subscriber)
        .where(
            col(Subscriber.id) == subscriber_id,
            col(Subscriber.status) != SubscriberStatus.ERASED,
        )
        .values(**values)
        .returning(col(Subscriber.id))
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
