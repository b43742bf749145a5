"""Write the people of a checked list into the database, a batch at a time.

Four statements a batch, however long the list: who is suppressed, who is new, the proof
of their consent, and how those who were there compare.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, insert, literal, select, text
from sqlmodel import Session

from subscribers import suppression
from subscribers.csv_people import MAILED
from subscribers.hashing import AddressHasher
from subscribers.import_report import RemarkKind, Tally
from subscribers.import_shelf import Shelved, as_instant, as_text
from subscribers.tables import Consent, ConsentStep, Subscriber, SubscriberStatus

_PEOPLE: Table = Subscriber.__table__  # type: ignore[attr-defined]
_CONSENT: Table = Consent.__table__  # type: ignore[attr-defined]
_LONGEST_PAGE = 200
# What a file may know otherwise; it is told, and nothing is overwritten.
COMPARED = ("name", "timezone", "language", "signed_up_at")


# A batch as one parameter, an array of arrays as `Shelved` has them without the line.
# Measured for a million people on SQLite: a third of the time of a row of parameters
# for each, in which everybody else would wait.
_COLUMNS = (
    "address_key, address, name, timezone, language, status, status_at, source, "
    "signed_up_at, created_at, bounces, every_weeks, since_week"
)
_END = " WHERE true ON CONFLICT (address_key) DO NOTHING RETURNING id, address_key"
_INSERT = {
    "sqlite": text(
        f"INSERT INTO subscriber ({_COLUMNS}) SELECT "  # noqa: S608 - constants
        + "".join(f"json_extract(value, '$[{at}]'), " for at in range(9))
        + f":now, 0, 1, 0 FROM json_each(:rows){_END}"
    ),
    "postgresql": text(
        f"INSERT INTO subscriber ({_COLUMNS}) SELECT "  # noqa: S608 - constants
        "person ->> 0, person ->> 1, person ->> 2, person ->> 3, person ->> 4, "
        "person ->> 5, CAST(person ->> 6 AS timestamp) AT TIME ZONE 'UTC', "
        "person ->> 7, CAST(person ->> 8 AS timestamp) AT TIME ZONE 'UTC', "
        "CAST(:now AS timestamp) AT TIME ZONE 'UTC', 0, 1, 0 "
        f"FROM json_array_elements(CAST(:rows AS json)) AS person{_END}"
    ),
}


class Taker:
    """Adds people who are new and counts everybody.

    Args:
        page: what the proof of consent says of where it was done: the file.
        now: the time of the import.
    """

    def __init__(
        self,
        session: Session,
        tally: Tally,
        hasher: AddressHasher,
        *,
        page: str,
        now: datetime,
    ) -> None:
        self._session = session
        self._tally = tally
        self._hasher = hasher
        self._page = page[:_LONGEST_PAGE]
        self._now = now

    def take(self, batch: Sequence[Shelved]) -> None:
        """Add those of the batch who are new, and count those who are not."""
        people = {person.key: person for person in self._without_suppressed(batch)}
        if not people:
            return
        added = self._add_new(list(people.values()))
        self._write_consent(list(added))
        for key in added.values():
            if people.pop(key).status == SubscriberStatus.ACTIVE:
                self._tally.added += 1
            else:
                self._tally.added_silent += 1
        if people:
            self._count_known(people)

    def _without_suppressed(self, batch: Sequence[Shelved]) -> Iterator[Shelved]:
        """Yield those who may be on the list, and report those who may not."""
        hashes = {self._hasher.hash(person.key): person for person in batch}
        found = suppression.find_many(self._session, hashes)
        for address_hash, person in hashes.items():
            line = found.get(address_hash)
            if line is None:
                yield person
                continue
            reason = (
                f"never to be mailed ({line.reason}) since {line.since:%Y-%m-%d}; "
                "a file brings nobody back"
            )
            self._tally.note(RemarkKind.SUPPRESSED, person.line, person.address, reason)

    def _add_new(self, people: Sequence[Shelved]) -> dict[int, str]:
        """Insert those whose address is not on the list; return their ids and keys.

        One statement, and no look-up before it: two imports at once cannot collide.
        """
        dialect = self._session.get_bind().dialect.name
        rows = json.dumps([person[1:] for person in people], ensure_ascii=False)
        values = {"rows": rows, "now": as_text(self._now)}
        added = self._session.connection().execute(_INSERT[dialect], values)
        return {row[0]: row[1] for row in added}

    def _write_consent(self, ids: Sequence[int]) -> None:
        """Write down for each who was added whence they came, and in which words."""
        if not ids:
            return
        people = select(
            _PEOPLE.c.id,
            literal(ConsentStep.IMPORTED, _CONSENT.c.step.type),
            literal(self._now, _CONSENT.c.at.type),
            literal(self._page),
            literal(""),
            _PEOPLE.c.source,
            literal(""),
        ).where(_PEOPLE.c.id.in_(ids))
        names = ("subscriber_id", "step", "at", "page", "network", "wording")
        statement = insert(_CONSENT).from_select([*names, "form_version"], people)
        self._session.connection().execute(statement)

    def _count_known(self, people: Mapping[str, Shelved]) -> None:
        columns = _PEOPLE.c
        query = select(
            columns.address_key,
            columns.status,
            columns.status_at,
            *(columns[name] for name in COMPARED),
        ).where(columns.address_key.in_(people))
        for row in self._session.connection().execute(query):
            self._count_one_known(people[row.address_key], row)

    def _count_one_known(self, person: Shelved, known: Row[Any]) -> None:
        if known.status not in MAILED:
            since = f"{known.status} since {known.status_at:%Y-%m-%d}"
            self._note(RemarkKind.LEFT, person, f"{since}; a file brings nobody back")
            return
        if person.status not in MAILED:
            self._note(
                RemarkKind.WARNING,
                person,
                f"is {known.status} here and stays so, but {person.status} in the file",
            )
        differing = [name for name in COMPARED if _differs(person, known, name)]
        if not differing:
            self._tally.already += 1
            return
        self._tally.differing.update(differing)
        self._note(
            RemarkKind.DIFFERENT,
            person,
            ", ".join(
                f"{name} {_shown(getattr(known, name))} here, "
                f"{_shown(_said(person, name))} in the file"
                for name in differing
            ),
        )

    def _note(self, kind: RemarkKind, person: Shelved, reason: str) -> None:
        self._tally.note(kind, person.line, person.address, reason)


def _differs(person: Shelved, known: Row[Any], name: str) -> bool:
    """Tell whether the file says something, and something else, of a detail."""
    said = _said(person, name)
    return bool(said) and said != getattr(known, name)


def _said(person: Shelved, name: str) -> str | datetime | None:
    value: str | None = getattr(person, name)
    return as_instant(value) if value and name == "signed_up_at" else value


def _shown(value: object) -> str:
    match value:
        case None | "":
            return "unknown"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
    return repr(str(value)[:40])
