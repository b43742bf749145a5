"""Where an import keeps the people of a file until all of it was read and checked.

On disk, in a file without a name that is gone with the process, so that a list of any
length takes the memory of a short one and the database is not kept waiting meanwhile.
It also knows on which line an address was first.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

from subscribers.csv_people import Candidate

# Pages in memory; the rest is the file's.
_CACHE_KIB = 8_192
_MAKE = """
CREATE TABLE person (
    line INTEGER PRIMARY KEY, key TEXT UNIQUE, address TEXT, name TEXT, timezone TEXT,
    language TEXT, status TEXT, status_at TEXT, source TEXT, signed_up_at TEXT
)
"""
_PUT = "INSERT OR IGNORE INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Shelved(NamedTuple):
    """Somebody who may join the list; as `Candidate`, with times as `as_text` has them.

    That is how both engines take them most cheaply.
    """

    line: int
    key: str
    address: str
    name: str
    timezone: str
    language: str
    status: str
    status_at: str
    source: str
    signed_up_at: str | None


class Shelf:
    """People in the order of their lines, each address once; close it at the end."""

    def __init__(self) -> None:
        # An empty name is SQLite's for a file of its own that nobody else can open.
        self._file = sqlite3.connect("", isolation_level=None)
        for step in (
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            _MAKE,
            "BEGIN",
        ):
            self._file.execute(step)

    def close(self) -> None:
        """Forget everybody."""
        self._file.close()

    def put(self, person: Candidate) -> int | None:
        """Keep a person; or return the earlier line that has the same address."""
        since = person.signed_up_at
        row = (
            person.line,
            person.address.key,
            person.address.address,
            person.name,
            person.timezone,
            person.language,
            person.status,
            as_text(person.status_at),
            person.source,
            as_text(since) if since else None,
        )
        if self._file.execute(_PUT, row).rowcount:
            return None
        find = "SELECT line FROM person WHERE key = ?"
        (first,) = self._file.execute(find, (person.address.key,)).fetchone()
        return int(first)

    def batches(self, size: int) -> Iterator[list[Shelved]]:
        """Yield everybody, *size* at a time, in the order of their lines."""
        with closing(self._file.execute("SELECT * FROM person ORDER BY line")) as rows:
            while batch := rows.fetchmany(size):
                yield list(map(Shelved._make, batch))


def as_text(instant: datetime) -> str:
    """Return a time in UTC as SQLite keeps it, and PostgreSQL reads it."""
    # strftime takes four times as long.
    naive = instant.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(" ", "microseconds")


def as_instant(text: str) -> datetime:
    """Return the time that `as_text` wrote."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
