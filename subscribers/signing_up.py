"""Somebody asks for the newsletter, for an address that may or may not be theirs.

Nothing here tells whoever asked whether the address was known. What comes out says
which letter its owner should get; sending it is for the rooms above.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from subscribers import consent
from subscribers.addresses import Address, parse_address
from subscribers.consent import Trace
from subscribers.details import clean_source, clean_timezone, clean_typed_name
from subscribers.tables import (
    ConsentStep,
    Subscriber,
    SubscriberStatus,
    Suppression,
    SuppressionReason,
)

# They had a reason to want no mail, or to get none: one question a while is enough.
_LEFT_IN_PEACE = {SubscriberStatus.BOUNCED, SubscriberStatus.COMPLAINED}
_PEACE_REASONS = {
    SuppressionReason.BOUNCED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.ERASED,
}


class Reply(StrEnum):
    """Which letter goes to the address: a question, or news that it is on the list."""

    CONFIRM = "confirm"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed into the form, read and checked."""

    address: Address
    name: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Whether an address is known, before anything is done.

    `wants_peace` says that its owner complained, erased themselves, or cannot be
    reached: they are asked far less often than others may be.
    """

    subscriber_id: int | None = None
    status: SubscriberStatus | None = None
    wants_peace: bool = False


@dataclass(frozen=True, slots=True)
class SignUp:
    """Whose wish was written down, and which letter follows from it."""

    subscriber_id: int
    address: str
    reply: Reply


def read_wish(address: str, *, name: str = "", timezone: str = "") -> Wish:
    """Read what somebody typed.

    Raises:
        BadAddress: mail cannot be sent to it.
        BadDetail: the name is more than a name, or there is no such time zone.
    """
    return Wish(
        parse_address(address), clean_typed_name(name), clean_timezone(timezone)
    )


def look_up(session: Session, address_key: str, address_hash: str) -> Acquaintance:
    """Tell how well the address is known; nothing is written."""
    row = session.execute(
        select(col(Subscriber.id), col(Subscriber.status)).where(
            col(Subscriber.address_key) == address_key
        )
    ).first()
    reason = session.scalar(
        select(col(Suppression.reason)).where(
            col(Suppression.address_hash) == address_hash
        )
    )
    peace = reason in _PEACE_REASONS or (row and row.status in _LEFT_IN_PEACE)
    if row is None:
        return Acquaintance(wants_peace=bool(peace))
    return Acquaintance(row.id, row.status, bool(peace))


def sign_up(
    session: Session, wish: Wish, *, source: str, trace: Trace, now: datetime
) -> SignUp:
    """Write the wish down; nobody is mailed tips because of it.

    Somebody new becomes pending. Whoever left, bounced or complained stays so until
    they confirm: then only they themselves have undone it.

    Args:
        source: what readers are told of how they came, should they confirm.
        trace: where it was done, and what the person was shown.
    """
    known = _insert(session, wish, source=source, now=now)
    if known is None:
        known = _known(session, wish.address.key)
        if known[2] is SubscriberStatus.PENDING:
            _refresh(session, known[0], wish, now=now)
    subscriber_id, address, status = known
    consent.note_trace(session, subscriber_id, ConsentStep.ASKED, trace, now=now)
    is_active = status is SubscriberStatus.ACTIVE
    return SignUp(subscriber_id, address, Reply.KNOWN if is_active else Reply.CONFIRM)


Known = tuple[int, str, SubscriberStatus]


def _known(session: Session, address_key: str) -> Known:
    row = session.execute(
        select(
            col(Subscriber.id), col(Subscriber.address), col(Subscriber.status)
        ).where(col(Subscriber.address_key) == address_key)
    ).one()
    return row.id, row.address, row.status


def _insert(
    session: Session, wish: Wish, *, source: str, now: datetime
) -> Known | None:
    """Insert somebody new; None when the address is there, since whenever.

    Somebody may press the button twice at the same moment.
    """
    status = SubscriberStatus.PENDING
    row = {
        "address": wish.address.address,
        "address_key": wish.address.key,
        "name": wish.name,
        "timezone": wish.timezone,
        "language": "",
        "status": status,
        "source": clean_source(source),
        "created_at": now,
        "status_at": now,
    }
    insert = _INSERT[session.get_bind().dialect.name]
    made = session.connection().execute(insert, row).scalar()
    return None if made is None else (int(made), wish.address.address, status)


# Made once and run as they are: a form in fashion is sent hundreds of times a second.
_PEOPLE = SQLModel.metadata.tables[str(Subscriber.__tablename__)]
_INSERT = {
    "sqlite": sqlite.insert(_PEOPLE).on_conflict_do_nothing().returning(_PEOPLE.c.id),
    "postgresql": postgresql.insert(_PEOPLE)
    .on_conflict_do_nothing()
    .returning(_PEOPLE.c.id),
}


def _refresh(
    session: Session, subscriber_id: int, wish: Wish, *, now: datetime
) -> None:
    """Take what was typed last, and let the time to confirm begin anew."""
    values: dict[str, object] = {"status_at": now}
    if wish.name:
        values["name"] = wish.name
    if wish.timezone:
        values["timezone"] = wish.timezone
    session.execute(
        update(Subscriber)
        .where(col(Subscriber.id) == subscriber_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
