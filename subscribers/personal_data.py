"""Everything that is kept about one person, ready to be written as JSON.

What other rooms know of them, such as the tips they had, `newsletter.privacy` adds.
"""

from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel

from subscribers import suppression
from subscribers.hashing import AddressHasher
from subscribers.tables import AddressChange, Consent, Departure, Subscriber

Facts = dict[str, Any]
# Numbers that mean something only inside this database.
_OURS = {"id", "address_key", "subscriber_id"}


def everything(session: Session, subscriber_id: int, *, hasher: AddressHasher) -> Facts:
    """Return all that is kept about a person; empty when there is nobody.

    Every column of every table of people is in it, whichever columns there are: a text,
    a number, a time in ISO 8601 (UTC), or None.

    Source: GDPR art. 15 and 20 (access; a structured, machine-readable format).
    """
    people: Table = Subscriber.__table__  # type: ignore[attr-defined]
    row = session.execute(select(people).where(people.c.id == subscriber_id)).first()
    if row is None:
        return {}
    suppressed = suppression.find(session, hasher.hash(row.address_key))
    return {
        "person": _plain(row._asdict()),
        "consent": _rows(session, Consent, subscriber_id),
        "departures": _rows(session, Departure, subscriber_id),
        "address_changes": _rows(session, AddressChange, subscriber_id),
        "suppression": _plain(asdict(suppressed)) if suppressed else None,
    }


def _rows(session: Session, kind: type[SQLModel], subscriber_id: int) -> list[Facts]:
    """Return a person's rows of a table, oldest first."""
    table: Table = kind.__table__  # type: ignore[attr-defined]
    query = select(table).where(table.c.subscriber_id == subscriber_id)
    rows = session.execute(query.order_by(table.c.id))
    return [_plain(row._asdict()) for row in rows]


def _plain(facts: Facts) -> Facts:
    return {name: _value(value) for name, value in facts.items() if name not in _OURS}


def _value(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
    return value
