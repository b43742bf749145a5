"""Who may be mailed: the one place that decides it.

Everything that sends asks here, in SQL, so that enrolling a million people is one
statement and somebody who just left is out of the next one.
"""

from typing import cast

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from subscribers.tables import Subscriber, SubscriberStatus


def may_be_mailed() -> ColumnElement[bool]:
    """Return the condition on `Subscriber` that somebody may be mailed, for a join."""
    return col(Subscriber.status) == SubscriberStatus.ACTIVE


def mailable() -> Select[int]:
    """Return the query of the ids of all who may be mailed; no order is promised."""
    # Whoever is stored has an id; the model allows None for those who are not yet.
    stored_id = cast("Mapped[int]", col(Subscriber.id))
    return select(stored_id).where(may_be_mailed())


def count_mailable(session: Session) -> int:
    """Return how many people may be mailed."""
    query = select(func.count(col(Subscriber.id))).where(may_be_mailed())
    count: int = session.execute(query).scalar_one()
    return count
