"""One person at a time: add, find, remove, and leaf through the list.

Out come frozen `Person`s, never live rows. Long lists come in by `importing` and go out
by `exporting`; who may be mailed is for `audience` to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from subscribers import leaving
from subscribers.addresses import parse_address
from subscribers.details import (
    clean_language,
    clean_name,
    clean_source,
    clean_timezone,
)
from subscribers.errors import AlreadyListed, UnknownSubscriber
from subscribers.tables import DepartureWay, Subscriber, SubscriberStatus

# Addresses that begin alike and are compared with one that nobody has.
_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list, as they were when they were asked for; times are UTC."""

    id: int
    address: str
    name: str
    timezone: str
    language: str
    status: SubscriberStatus
    source: str
    signed_up_at: datetime | None
    created_at: datetime
    status_at: datetime
    bounces: int


def add(
    session: Session,
    address: str,
    *,
    name: str = "",
    timezone: str = "",
    language: str = "",
    source: str,
    signed_up_at: datetime | None,
    now: datetime,
    status: SubscriberStatus = SubscriberStatus.ACTIVE,
) -> Person:
    """Put one person on the list.

    Args:
        address: a bare email address.
        name: how to greet them, if known.
        timezone: an IANA name; empty for the newsletter's own.
        language: a BCP 47 tag; empty for the newsletter's own.
        source: where they come from; readers may see it.
        signed_up_at: when they asked for the newsletter, if known.
        now: the time at which the row is made and their status begins.
        status: where they stand.

    Raises:
        BadAddress: mail cannot be sent to it.
        BadDetail: the name, zone, language or source cannot be kept.
        AlreadyListed: the address is on the list, in whatever status.
    """
    parsed = parse_address(address)
    row = Subscriber(
        address=parsed.address,
        address_key=parsed.key,
        name=clean_name(name),
        timezone=clean_timezone(timezone),
        language=clean_language(language),
        source=clean_source(source),
        signed_up_at=signed_up_at,
        status=status,
        created_at=now,
        status_at=now,
    )
    try:
        # A savepoint, so that the caller's transaction outlives the refusal.
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        known = _first(session, col(Subscriber.address_key) == parsed.key)
        if known is None:
            raise
        raise AlreadyListed(
            address=known.address, status=known.status, since=known.status_at
        ) from error
    return find(session, parsed.address)


def find(session: Session, address: str) -> Person:
    """Return the person with this address, whatever their status.

    Raises:
        BadAddress: *address* is none.
        UnknownSubscriber: nobody has it; names an address that looks like it.
    """
    parsed = parse_address(address)
    person = _first(session, col(Subscriber.address_key) == parsed.key)
    if person is None:
        raise UnknownSubscriber(
            address=parsed.address, nearest=_nearest(session, parsed.key)
        )
    return person


def remove(session: Session, address: str, *, now: datetime) -> bool:
    """Stop mailing the person with this address, whose row stays as the proof.

    Returns:
        Whether that changed anything; False when they had left already.

    Raises:
        BadAddress: *address* is none.
        UnknownSubscriber: nobody has it; names an address that looks like it.
    """
    person = find(session, address)
    way = DepartureWay.OPERATOR
    return leaving.leave(session, person.id, way=way, now=now).changed


def page(
    session: Session,
    *,
    after: int = 0,
    limit: int = 100,
    status: SubscriberStatus | None = None,
) -> list[Person]:
    """Return the next people in the order in which they were added.

    Args:
        after: the id of the last person of the page before; 0 for the first page.
        limit: how many at most.
        status: only those who stand so; else all but the erased, who are nobody.
    """
    query = select(*_COLUMNS).where(col(Subscriber.id) > after)
    if status is None:
        query = query.where(col(Subscriber.status) != SubscriberStatus.ERASED)
    if status is not None:
        query = query.where(col(Subscriber.status) == status)
    rows = session.execute(query.order_by(col(Subscriber.id)).limit(limit))
    return [Person(*row) for row in rows]


def count_by_status(session: Session) -> dict[SubscriberStatus, int]:
    """Return how many people stand where; every status is there, if with 0."""
    status = col(Subscriber.status)
    counts = dict.fromkeys(SubscriberStatus, 0)
    for row in session.execute(select(status, func.count()).group_by(status)):
        counts[row[0]] = row[1]
    return counts


_COLUMNS: Sequence[Any] = tuple(
    getattr(Subscriber, part.name) for part in fields(Person)
)


def _first(session: Session, condition: ColumnElement[bool]) -> Person | None:
    row = session.execute(select(*_COLUMNS).where(condition)).first()
    return None if row is None else Person(*row)


def _nearest(session: Session, key: str) -> str | None:
    """Return an address that is like *key* and begins with the same three letters."""
    known = col(Subscriber.address_key)
    alike = select(known).where(known.startswith(key[:3], autoescape=True))
    keys = session.execute(alike.limit(_NEIGHBOURS)).scalars().all()
    return next(iter(get_close_matches(key, keys, n=1, cutoff=0.8)), None)
