"""Departures that a machine seems to have made: seen, kept or undone by the operator.

Whoever they are about is off the list meanwhile. `leaving` says what makes a departure
look like that.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col

from subscribers.tables import (
    Consent,
    ConsentStep,
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
)


@dataclass(frozen=True, slots=True)
class HeldDeparture:
    """One departure that is held; `at` is UTC."""

    id: int
    address: str
    at: datetime
    way: DepartureWay
    seconds_after_letter: int | None
    network: str


def count(session: Session) -> int:
    """Return how many departures wait for the operator."""
    found = select(func.count()).where(_IS_HELD)
    number: int = session.execute(found).scalar_one()
    return number


def page(
    session: Session, *, after: int = 0, limit: int = 100
) -> tuple[HeldDeparture, ...]:
    """Return the next of them, in the order in which they came.

    Args:
        after: the id of the last one of the page before; 0 for the first page.
        limit: how many at most.
    """
    rows = session.execute(
        select(
            col(Departure.id),
            col(Subscriber.address),
            col(Departure.at),
            col(Departure.way),
            col(Departure.seconds_after_letter),
            col(Departure.network),
        )
        .join(Subscriber, col(Subscriber.id) == col(Departure.subscriber_id))
        .where(_IS_HELD, col(Departure.id) > after)
        .order_by(col(Departure.id))
        .limit(limit)
    )
    return tuple(HeldDeparture(*row) for row in rows)


def keep(session: Session) -> int:
    """Let all that are held count as everybody's, and return how many that were."""
    return _settle(session, DepartureState.FINAL)


def undo(session: Session, *, now: datetime) -> int:
    """Put everybody whose departure is held back on the list, as they were.

    Letters that went out meanwhile are not made up for: they get the next one.

    Returns:
        How many are back; not those who were erased or complained meanwhile.
    """
    whose = select(col(Departure.subscriber_id)).where(_IS_HELD)
    back = session.execute(
        update(Subscriber)
        .where(
            col(Subscriber.id).in_(whose),
            col(Subscriber.status) == SubscriberStatus.UNSUBSCRIBED,
        )
        .values(status=SubscriberStatus.ACTIVE, status_at=now)
        .returning(col(Subscriber.id))
        .execution_options(synchronize_session=False)
    )
    steps = [
        {
            "subscriber_id": subscriber_id,
            "step": ConsentStep.CAME_BACK,
            "at": now,
            "page": "the operator",
            "network": "",
            "wording": "undone: a machine seems to have followed the link",
            "form_version": "",
        }
        for subscriber_id in back.scalars()
    ]
    if steps:
        session.execute(insert(Consent), steps)
    _settle(session, DepartureState.UNDONE)
    return len(steps)


_IS_HELD = col(Departure.state) == DepartureState.HELD


def _settle(session: Session, state: DepartureState) -> int:
    settled = session.execute(
        update(Departure)
        .where(_IS_HELD)
        .values(state=state)
        .returning(col(Departure.id))
        .execution_options(synchronize_session=False)
    )
    return len(settled.all())
