"""Addresses that are never mailed again, as keyed hashes, and why.

It outlasts a person's erasure and any import, and nobody can read an address from it.
Whoever asks brings the hash, made by `hashing.AddressHasher`. Only the owner of an
address, by confirming that they want the mail, or the operator lifts one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from subscribers.addresses import parse_address
from subscribers.errors import Suppressed
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    Subscriber,
    SubscriberStatus,
    Suppression,
    SuppressionReason,
)

# How many addresses are asked about in one statement.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class SuppressionLine:
    """Why an address is not mailed, and since when (UTC)."""

    reason: SuppressionReason
    since: datetime


def suppress(
    session: Session, address_hash: str, reason: SuppressionReason, *, now: datetime
) -> None:
    """Put an address on the list, whoever has it.

    What stands there already stays, with its date; only that somebody complained is
    worth more than any other reason, since then nobody but themselves may lift it.
    """
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(Suppression).values(
        address_hash=address_hash, reason=reason, since=now
    )
    session.execute(statement.on_conflict_do_nothing())
    if reason is SuppressionReason.COMPLAINED:
        session.execute(
            update(Suppression)
            .where(col(Suppression.address_hash) == address_hash)
            .values(reason=reason)
        )


def find(session: Session, address_hash: str) -> SuppressionLine | None:
    """Return why and since when an address is on the list; None when it is not."""
    return find_many(session, [address_hash]).get(address_hash)


def is_suppressed(session: Session, address_hash: str) -> SuppressionReason | None:
    """Return why an address is never mailed; None when it may be."""
    line = find(session, address_hash)
    return line.reason if line else None


def check(session: Session, address: str, *, hasher: AddressHasher) -> None:
    """See that an address may be put on the list.

    Raises:
        BadAddress: it is none.
        Suppressed: it is never to be mailed.
    """
    parsed = parse_address(address)
    line = find(session, hasher.hash(parsed.key))
    if line:
        raise Suppressed(address=parsed.address, reason=line.reason, since=line.since)


def find_many(session: Session, hashes: Collection[str]) -> dict[str, SuppressionLine]:
    """Return what is on the list of some *hashes*, a thousand at most, in one look."""
    table = Suppression.__table__.c  # type: ignore[attr-defined]
    query = select(table.address_hash, table.reason, table.since)
    rows = session.connection().execute(query.where(table.address_hash.in_(hashes)))
    return {key: SuppressionLine(reason, since) for key, reason, since in rows}


def lift(session: Session, address_hash: str) -> bool:
    """Take an address off the list; tell whether it was on it."""
    gone = session.execute(
        delete(Suppression)
        .where(col(Suppression.address_hash) == address_hash)
        .returning(col(Suppression.address_hash))
    )
    return gone.first() is not None


def count_by_reason(session: Session) -> dict[SuppressionReason, int]:
    """Return how many addresses are on the list for which reason; 0 is there too."""
    reason = col(Suppression.reason)
    counts = dict.fromkeys(SuppressionReason, 0)
    for row in session.execute(select(reason, func.count()).group_by(reason)):
        counts[row[0]] = row[1]
    return counts


def mailed_all_the_same(session: Session, hasher: AddressHasher) -> int:
    """Return how many people may be mailed though their address is on the list.

    For `newsletter verify`: it hashes every address, a batch in memory at a time.
    """
    if session.execute(select(col(Suppression.address_hash)).limit(1)).first() is None:
        return 0
    found, after = 0, 0
    people = select(col(Subscriber.id), col(Subscriber.address_key)).where(
        col(Subscriber.status) == SubscriberStatus.ACTIVE
    )
    page = people.order_by(col(Subscriber.id)).limit(BATCH)
    while rows := session.execute(page.where(col(Subscriber.id) > after)).all():
        found += len(find_many(session, [hasher.hash(row[1]) for row in rows]))
        after = rows[-1][0]
    return found
