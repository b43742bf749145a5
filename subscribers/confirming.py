"""From pending to active: only the owner of an address makes it so, by a mailed link.

Also what becomes of those who never do: they are reminded once, then forgotten. The
link carries when it was asked for, so that a link from before somebody left cannot
bring them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from subscribers import consent
from subscribers.addresses import parse_address
from subscribers.consent import Trace
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    AddressChange,
    Consent,
    ConsentStep,
    Departure,
    Subscriber,
    SubscriberStatus,
    Suppression,
)


class Standing(StrEnum):
    """What a link to confirm is still good for."""

    WAITING = "waiting"
    EXPIRED = "expired"
    CONFIRMED = "confirmed"
    LEFT = "left"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Request:
    """What a link to confirm is about; `address` is empty when they are forgotten."""

    standing: Standing
    subscriber_id: int
    address: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Somebody to be asked once more; `asked_at` is when they asked, in UTC."""

    subscriber_id: int
    address: str
    asked_at: datetime


def look_up(
    session: Session,
    subscriber_id: int,
    issued: datetime,
    *,
    confirm_within: timedelta,
    now: datetime,
) -> Request:
    """Tell what a link is still good for; nothing is written.

    Args:
        issued: when the link was asked for, to the second.
        confirm_within: how long such links work.
    """
    row = session.execute(
        select(
            col(Subscriber.address),
            col(Subscriber.name),
            col(Subscriber.status),
            col(Subscriber.status_at),
        ).where(col(Subscriber.id) == subscriber_id)
    ).first()
    if row is None or row.status is SubscriberStatus.ERASED:
        return Request(Standing.FORGOTTEN, subscriber_id)
    standing = Standing.WAITING
    if row.status is SubscriberStatus.ACTIVE:
        standing = Standing.CONFIRMED
    elif _is_older(issued, row.status_at) and (
        row.status is not SubscriberStatus.PENDING
    ):
        standing = Standing.LEFT
    elif now > issued + confirm_within:
        standing = Standing.EXPIRED
    return Request(standing, subscriber_id, row.address, row.name)


def confirm(
    session: Session,
    request: Request,
    *,
    hasher: AddressHasher,
    trace: Trace,
    now: datetime,
) -> bool:
    """Put somebody on the list whose link is good, and tell whether that is new.

    What kept the address from being mailed ends with it: its owner asked.

    Args:
        request: as `look_up` gave it in this transaction.
        trace: where it was done, and what the person was shown.
    """
    if request.standing is not Standing.WAITING:
        return False
    before = session.scalar(
        select(col(Subscriber.status))
        .where(col(Subscriber.id) == request.subscriber_id)
        .with_for_update()
    )
    if before in (None, SubscriberStatus.ACTIVE, SubscriberStatus.ERASED):
        # Two presses of the button at once; the other one was first.
        return False
    session.execute(
        update(Subscriber)
        .where(col(Subscriber.id) == request.subscriber_id)
        .values(
            status=SubscriberStatus.ACTIVE,
            status_at=now,
            signed_up_at=now,
            bounces=0,
            paused_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    key = hasher.hash(parse_address(request.address).key)
    session.execute(delete(Suppression).where(col(Suppression.address_hash) == key))
    is_new = before is SubscriberStatus.PENDING
    step = ConsentStep.CONFIRMED if is_new else ConsentStep.CAME_BACK
    consent.note_trace(session, request.subscriber_id, step, trace, now=now)
    return True


def remind(
    session: Session, *, asked_before: datetime, limit: int, now: datetime
) -> list[Reminder]:
    """Return who asked before then and is silent since, and note that they are asked.

    Each of them is returned once, ever. Pending people of an import never asked.
    """
    asked = select(col(Consent.id)).where(
        col(Consent.subscriber_id) == col(Subscriber.id),
        col(Consent.step) == ConsentStep.ASKED,
    )
    rows = session.execute(
        select(col(Subscriber.id), col(Subscriber.address), col(Subscriber.status_at))
        .where(
            col(Subscriber.status) == SubscriberStatus.PENDING,
            col(Subscriber.status_at) <= asked_before,
            col(Subscriber.reminded_at).is_(None),
            asked.exists(),
        )
        .order_by(col(Subscriber.id))
        .limit(limit)
        .with_for_update(of=Subscriber, skip_locked=True)
    ).all()
    if rows:
        session.execute(
            update(Subscriber)
            .where(col(Subscriber.id).in_([row.id for row in rows]))
            .values(reminded_at=now)
            .execution_options(synchronize_session=False)
        )
    return [Reminder(row.id, row.address, row.status_at) for row in rows]


def never_confirmed(
    session: Session, *, asked_before: datetime, limit: int
) -> list[int]:
    """Return who asked before then and never confirmed, locked for deletion."""
    rows = session.execute(
        select(col(Subscriber.id))
        .where(
            col(Subscriber.status) == SubscriberStatus.PENDING,
            col(Subscriber.status_at) <= asked_before,
        )
        .order_by(col(Subscriber.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [row.id for row in rows]


def forget(session: Session, subscriber_ids: Sequence[int]) -> None:
    """Delete people who never confirmed, and every trace of them here.

    Nothing was ever sent to them but requests to confirm, which the caller forgets.
    """
    for table in (Consent, Departure, AddressChange):
        session.execute(
            delete(table).where(col(table.subscriber_id).in_(subscriber_ids))
        )
    session.execute(delete(Subscriber).where(col(Subscriber.id).in_(subscriber_ids)))


def _is_older(issued: datetime, moment: datetime) -> bool:
    """Tell whether a link was made before *moment*; links know whole seconds only."""
    return issued < moment.replace(microsecond=0)
