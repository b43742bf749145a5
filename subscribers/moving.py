"""A new address for the same person: confirmed from there, the old one kept in mind.

Whoever asks is told the same whether or not somebody has the new address: only whoever
can read its mail hears more. Links carry the number of the wish.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from subscribers import consent
from subscribers.addresses import Address
from subscribers.consent import Trace
from subscribers.tables import (
    AddressChange,
    ConsentStep,
    Subscriber,
    SubscriberStatus,
)


class MoveStanding(StrEnum):
    """What a wish to move is still good for."""

    WAITING = "waiting"
    EXPIRED = "expired"
    DONE = "done"
    TAKEN = "taken"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Move:
    """A wish to be written to elsewhere; without addresses when it is gone."""

    standing: MoveStanding
    old_address: str = ""
    new_address: str = ""


GONE = Move(MoveStanding.GONE)


def ask(
    session: Session, subscriber_id: int, address: Address, *, now: datetime
) -> int | None:
    """Write down that an active person wants to move.

    Returns:
        The number of the wish; None when there is no such person, or it is their
        address already.
    """
    known = session.execute(
        select(col(Subscriber.address)).where(
            col(Subscriber.id) == subscriber_id,
            col(Subscriber.status) == SubscriberStatus.ACTIVE,
            col(Subscriber.address) != address.address,
        )
    ).scalar()
    if known is None:
        return None
    wish = AddressChange(
        subscriber_id=subscriber_id,
        old_address=known,
        new_address=address.address,
        asked_at=now,
    )
    session.add(wish)
    session.flush()
    return wish.id


def count_asked(session: Session, subscriber_id: int, *, since: datetime) -> int:
    """Return how many times a person has asked to move since then."""
    asked = select(func.count()).where(
        col(AddressChange.subscriber_id) == subscriber_id,
        col(AddressChange.asked_at) >= since,
    )
    count: int = session.execute(asked).scalar_one()
    return count


def look_up(
    session: Session,
    subscriber_id: int,
    change_id: int,
    *,
    within: timedelta,
    now: datetime,
) -> Move:
    """Tell what a link is still good for; nothing is written.

    Args:
        within: how long such links work.
    """
    row = session.execute(
        select(
            col(AddressChange.old_address),
            col(AddressChange.new_address),
            col(AddressChange.asked_at),
            col(AddressChange.confirmed_at),
            col(Subscriber.status),
        )
        .join(Subscriber, col(Subscriber.id) == col(AddressChange.subscriber_id))
        .where(
            col(AddressChange.id) == change_id,
            col(AddressChange.subscriber_id) == subscriber_id,
        )
    ).first()
    if row is None or row.status is not SubscriberStatus.ACTIVE:
        return GONE
    standing = MoveStanding.WAITING
    if row.confirmed_at:
        standing = MoveStanding.DONE
    elif now > row.asked_at + within:
        standing = MoveStanding.EXPIRED
    return Move(standing, row.old_address, row.new_address)


def confirm(
    session: Session,
    subscriber_id: int,
    change_id: int,
    address: Address,
    *,
    trace: Trace,
    now: datetime,
) -> MoveStanding:
    """Write to a person at their new address from now on.

    Args:
        address: that of the wish, which `look_up` said is waiting.
        trace: where it was confirmed.

    Returns:
        DONE, or TAKEN when somebody else has the address.
    """
    try:
        # A savepoint, so that the caller's transaction outlives the refusal.
        with session.begin_nested():
            session.execute(
                update(Subscriber)
                .where(col(Subscriber.id) == subscriber_id)
                .values(address=address.address, address_key=address.key, bounces=0)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        return MoveStanding.TAKEN
    session.execute(
        update(AddressChange)
        .where(col(AddressChange.id) == change_id)
        .values(confirmed_at=now)
        .execution_options(synchronize_session=False)
    )
    step = ConsentStep.CHANGED
    consent.note_trace(session, subscriber_id, step, trace, now=now)
    return MoveStanding.DONE
