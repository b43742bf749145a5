"""Erase a person: what is left is a number that the ledger counts, and a keyed hash.

The row stays as a stub, so that "sent to 4,812 people" stays true; its address is no
address, and every other field is as empty as that of somebody new. Consent, departures
and address changes are deleted. The addresses that were theirs go on the suppression
list, so that no import brings the person back. What other rooms know of a person they
forget themselves; `newsletter.privacy` asks them all.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlmodel import Session, SQLModel, col

from subscribers import suppression
from subscribers.addresses import parse_address
from subscribers.errors import BadAddress
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    AddressChange,
    Consent,
    Departure,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)

# What a stub keeps: that it was there, since when, and since when it is no more.
KEPT = {"id", "address", "address_key", "status", "created_at", "status_at"}
_PEOPLE: Table = Subscriber.__table__  # type: ignore[attr-defined]
# Every other column as in the row of somebody new, whichever columns there are.
EMPTY: dict[str, Any] = {
    name: field.get_default()
    for name, field in Subscriber.model_fields.items()
    if name not in KEPT
}
_DETAILS: tuple[type[SQLModel], ...] = (Consent, Departure, AddressChange)


def erase(
    session: Session,
    subscriber_id: int,
    *,
    hasher: AddressHasher,
    now: datetime,
    reason: SuppressionReason = SuppressionReason.ERASED,
) -> tuple[str, ...]:
    """Forget everything about a person but that their addresses are not to be mailed.

    Args:
        hasher: makes the hashes under which that is kept.
        reason: why their addresses are suppressed; who complained stays as such.

    Returns:
        The hashes of the addresses that were theirs, by which other rooms may know
        them; none when there was nobody to erase, or for the second time.
    """
    found = session.execute(
        select(_PEOPLE.c.address_key, _PEOPLE.c.status)
        .where(_PEOPLE.c.id == subscriber_id)
        .with_for_update()
    ).first()
    if found is None or found.status is SubscriberStatus.ERASED:
        return ()
    if found.status is SubscriberStatus.COMPLAINED:
        reason = SuppressionReason.COMPLAINED
    keys = {found.address_key, *_former_keys(session, subscriber_id)}
    hashes = tuple(hasher.hash(key) for key in sorted(keys))
    for address_hash in hashes:
        suppression.suppress(session, address_hash, reason, now=now)
    _empty(session, subscriber_id, now=now)
    return hashes


def incomplete(session: Session) -> int:
    """Return how many of the erased left something behind: for `newsletter verify`."""
    left = [_differs(name, value) for name, value in EMPTY.items()]
    left += [_PEOPLE.c.address.contains("@"), _PEOPLE.c.address_key.contains("@")]
    for table in _DETAILS:
        whose = table.__table__.c.subscriber_id  # type: ignore[attr-defined]
        left.append(select(1).where(whose == _PEOPLE.c.id).exists())
    query = select(func.count()).select_from(_PEOPLE)
    query = query.where(_PEOPLE.c.status == SubscriberStatus.ERASED, or_(*left))
    found: int = session.execute(query).scalar_one()
    return found


def _empty(session: Session, subscriber_id: int, *, now: datetime) -> None:
    """Delete what hangs on a person, and leave a stub of their row."""
    for table in _DETAILS:
        whose = table.__table__.c.subscriber_id  # type: ignore[attr-defined]
        session.execute(delete(table).where(whose == subscriber_id))
    session.execute(
        update(Subscriber)
        .where(col(Subscriber.id) == subscriber_id)
        .values(
            address=_stub(subscriber_id),
            address_key=_stub(subscriber_id),
            status=SubscriberStatus.ERASED,
            status_at=now,
            **EMPTY,
        )
    )


def _stub(subscriber_id: int) -> str:
    """Return what stands where an address was; without an @ it can be nobody's."""
    return f"erased {subscriber_id}"


def _former_keys(session: Session, subscriber_id: int) -> list[str]:
    """Return the keys of the addresses that the person had before, and changed."""
    former = session.scalars(
        select(col(AddressChange.old_address)).where(
            col(AddressChange.subscriber_id) == subscriber_id,
            col(AddressChange.confirmed_at).is_not(None),
        )
    )
    return [_key(address) for address in former]


def _key(address: str) -> str:
    try:
        return parse_address(address).key
    except BadAddress:
        # It was one when it was stored; a stricter release must not keep anybody in.
        return address.casefold()


def _differs(name: str, value: object) -> ColumnElement[bool]:
    column = _PEOPLE.c[name]
    return column.is_not(None) if value is None else column != value
