"""Who may be mailed: the one place that decides it.

Everything that sends asks here, in SQL, so that enrolling a million people is one
statement and somebody who just left is out of the next one.
"""

from datetime import date
from typing import cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from subscribers.tables import Subscriber, SubscriberStatus


def week_ordinal(day: date) -> int:
    """Return the number of the calendar week of *day*, counted from the year 1.

    Weeks begin on Monday, as ISO 8601 has them, so the same slot always has the same
    number.
    """
    # The first of January of the year 1 was a Monday.
    return (day.toordinal() - 1) // 7


def may_be_mailed() -> ColumnElement[bool]:
    """Return the condition on `Subscriber` that somebody may be mailed, for a join.

    A pause that has passed counts until `pausing.end_pauses` has cleared it.
    """
    return and_(
        col(Subscriber.status) == SubscriberStatus.ACTIVE,
        col(Subscriber.paused_until).is_(None),
    )


def mailable(*, week: int | None = None) -> Select[int]:
    """Return the query of the ids of all who may be mailed; no order is promised.

    Args:
        week: as `week_ordinal` gives it: without those whose turn it is not in that
            week. None leaves nobody out.
    """
    # Whoever is stored has an id; the model allows None for those who are not yet.
    stored_id = cast("Mapped[int]", col(Subscriber.id))
    return select(stored_id).where(may_be_mailed(), *_whose_turn(week))


def count_mailable(session: Session, *, week: int | None = None) -> int:
    """Return how many people may be mailed; in one *week*, if it is given."""
    query = select(func.count(col(Subscriber.id)))
    query = query.where(may_be_mailed(), *_whose_turn(week))
    count: int = session.execute(query).scalar_one()
    return count


def _whose_turn(week: int | None) -> tuple[ColumnElement[bool], ...]:
    if week is None:
        return ()
    every = col(Subscriber.every_weeks)
    since = week - col(Subscriber.since_week)
    return (or_(every == 1, since % every == 0),)
