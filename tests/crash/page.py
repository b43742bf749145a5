"""What was counted: a file with a row for each variant, and the page that shows it.

A row is kept as soon as it is counted, in the place of the one before, whatever becomes
of the others. So a run may be stopped, or count a few rows only.
"""

import fcntl
import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.crash.counting import Count

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/crash-test.md"
COUNTED = ROOT / "tests/crash/counted.json"
BEGIN = "<!-- The run writes from here -->"
END = "<!-- to here. -->"
HEADS = (
    "Killed at",
    "Database",
    "Sent by",
    "In doubt",
    "Kills",
    "Letters",
    "Open connections at the kills",
    "Named as uncertain",
    "Came twice",
    "Held, by name",
    "Forgotten",
    "Counted",
)
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
WHATS = ("random instants", "every step")
POLICIES = ("resend", "hold")


@dataclass(frozen=True)
class Row:
    """What was counted of one variant, when, and on what.

    Attributes:
        what: when its processes were killed.
        sent_by: which processes there were.
        at_once: how many connections a process had.
    """

    what: str
    database: str
    sent_by: str
    uncertain: str
    count: Count
    counted: str
    on: str
    at_once: int

    @property
    def name(self) -> tuple[str, ...]:
        """What the row is of, whenever it was counted."""
        return (self.what, self.database, self.sent_by, self.uncertain)

    @property
    def place(self) -> tuple[object, ...]:
        """Where it stands in the table."""
        return (
            WHATS.index(self.what),
            [*NAMES].index(self.database),
            self.sent_by,
            POLICIES.index(self.uncertain),
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is printed."""
        count = self.count
        numbers = (
            count.kills,
            count.letters,
            count.cut,
            count.doubtful,
            count.repeated,
            count.held,
            count.forgotten,
        )
        facts = (self.what, NAMES[self.database], self.sent_by, f"`{self.uncertain}`")
        return (*facts, *(f"{each:,}" for each in numbers), self.counted)


def today() -> str:
    """Return the day on which a row is counted."""
    return date.today().isoformat()  # noqa: DTZ011 - a day for people


def machine(engine: Engine) -> str:
    """Return on what a row is counted, as far as another commit would find the same."""
    if engine.dialect.name == "sqlite":
        database = f"SQLite {sqlite3.sqlite_version}"
    else:
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or ()
        database = f"PostgreSQL {'.'.join(map(str, version))}"
    python = platform.python_version()
    return f"{os.cpu_count()} cores, Python {python}, {database}"


def read(path: Path = COUNTED) -> list[Row]:
    """Return the rows that were counted, in the order of the table."""
    return _rows(path.read_text("utf-8"))


def keep(row: Row, *, counted: Path = COUNTED, page: Path = PAGE) -> None:
    """Put a row into the file and the page; others may do so at the same time."""
    with counted.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rows = {each.name: each for each in _rows(file.read())}
        rows[row.name] = row
        ordered = sorted(rows.values(), key=lambda each: each.place)
        file.seek(0)
        file.truncate()
        json.dump([asdict(each) for each in ordered], file, indent=1)
        file.write("\n")
        file.flush()
        page.write_text(insert(page.read_text("utf-8"), ordered), "utf-8")


def insert(page: str, rows: Sequence[Row]) -> str:
    """Return the page with a fresh table in the place of the old one."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table(rows)}\n{END}{tail}"


def table(rows: Sequence[Row]) -> str:
    """Return the table, and on what its rows were counted."""
    lines = [
        f"| {' | '.join(HEADS)} |",
        f"|{'---|' * 4}{'---:|' * (len(HEADS) - 5)}---|",
        *(f"| {' | '.join(row.cells)} |" for row in rows),
        "",
        "Counted on:",
        "",
        *sorted({_facts(row) for row in rows}),
    ]
    return "\n".join(lines)


def _facts(row: Row) -> str:
    return f"- {row.counted}: {row.on}; {row.at_once} connections a process."


def _rows(words: str) -> list[Row]:
    return [_row(each) for each in json.loads(words)]


def _row(found: Mapping[str, Any]) -> Row:
    return Row(**{**found, "count": Count(**found["count"])})
