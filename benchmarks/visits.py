"""What visitors of the site waited for, as values: pages, sign-ups and one-clicks.

Each is measured by a command of its own and kept beside the other results, in the place
of the same from before. Pure but for `Visits.keep`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import merge
from benchmarks.tables import Table

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
NOT_YET = "Not measured yet.\n"


@dataclass(frozen=True)
class Load:
    """What wrk saw.

    Attributes:
        rate: answers a second.
        p99_ms: what the slowest of a hundred waited.
        failed: answers above 399, and requests without one.
        answered: how many answers there were.
    """

    rate: float
    p99_ms: float
    failed: int
    answered: int


@dataclass(frozen=True)
class PageRow:
    """One kind of page on one engine: as fast as can be, and at 200 a second.

    Attributes:
        kept_seconds: how long a page was served again; 0 when each was made anew.
    """

    engine: str
    pages: str
    kept_seconds: int
    fast: Load
    steady: Load


@dataclass(frozen=True)
class SignupRow:
    """The form to join on one engine; `lost` were answered and not written down."""

    engine: str
    fast: Load
    steady: Load
    lost: int


@dataclass(frozen=True)
class ClickRow:
    """One-clicks on one engine while an issue was being sent.

    Attributes:
        lost: readers who were told 200 and are still on the list, or got no answer.
        refused: readers who were told anything but 200.
        letters: letters a second, meanwhile.
    """

    engine: str
    clicks: int
    rate: float
    lost: int
    refused: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    letters: float


@dataclass(frozen=True)
class Visits:
    """One run of one of the commands.

    Attributes:
        name: "pages", "signups" or "unsubscribes".
        machine: that it ran on.
        facts: how much there was of what, by its name.
    """

    name: str
    machine: dict[str, Any]
    facts: dict[str, int]
    rows: Sequence[PageRow | SignupRow | ClickRow]

    def keep(self, path: Path) -> None:
        """Keep it beside what else was found there."""
        found = asdict(self)
        merge(path, {found.pop("name"): found})

    @classmethod
    def of(cls, name: str, found: dict[str, Any]) -> "Visits | None":
        """Return what the results file holds under *name*; None before the first."""
        if name not in found:
            return None
        kept = found[name]
        rows = [_row(name, row) for row in kept["rows"]]
        return cls(name, kept["machine"], kept["facts"], rows)

    def table(self) -> Table:
        """Return the rows as a table."""
        head, names = HEADS[self.name]
        return Table(head, [_cells(row) for row in self.rows], names=names)

    def section(self) -> str:
        """Return the table and what it was measured on, for a page."""
        on = self.machine
        facts = ", ".join(f"{count:,} {what}" for what, count in self.facts.items())
        return (
            f"{self.table().as_markdown()}\n{facts}. On {on['date']}, {on['cores']} "
            f"cores shared with those who ask; load {on['load_before']} before the "
            "first run.\n"
        )


def sections(found: dict[str, Any]) -> dict[str, str]:
    """Return the part of a page for each command, from what the results file holds."""
    kept = {name: Visits.of(name, found) for name in HEADS}
    return {name: it.section() if it else NOT_YET for name, it in kept.items()}


LOAD = ("a second", "p99 ms", "p99 ms at 200/s", "failed")
CLICKS = ("clicks", "asked/s", "lost", "refused", "p50 ms", "p99 ms", "worst ms")
# By command: what stands above the columns, and how many of them are names.
HEADS = {
    "pages": (("engine", "pages", "kept", *LOAD), 3),
    "signups": (("engine", *LOAD, "lost"), 1),
    "unsubscribes": (("engine", *CLICKS, "letters/s"), 1),
}


def _row(name: str, row: dict[str, Any]) -> PageRow | SignupRow | ClickRow:
    if name == "unsubscribes":
        return ClickRow(**row)
    loads = {which: Load(**row[which]) for which in ("fast", "steady")}
    return PageRow(**row | loads) if name == "pages" else SignupRow(**row | loads)


def _cells(row: PageRow | SignupRow | ClickRow) -> list[str]:
    engine = ENGINES[row.engine]
    match row:
        case PageRow():
            kept = f"{row.kept_seconds} s" if row.kept_seconds else "no"
            return [engine, row.pages, kept, *_of_loads(row.fast, row.steady)]
        case SignupRow():
            return [engine, *_of_loads(row.fast, row.steady), f"{row.lost}"]
        case ClickRow():
            times = (row.p50_ms, row.p99_ms, row.worst_ms)
            counts = (row.clicks, round(row.rate), row.lost, row.refused)
            ours = (f"{number:,}" for number in counts)
            return [engine, *ours, *(f"{it:,.0f}" for it in (*times, row.letters))]


def _of_loads(fast: Load, steady: Load) -> list[str]:
    return [
        f"{fast.rate:,.0f}",
        f"{fast.p99_ms:.0f}",
        f"{steady.p99_ms:.0f}",
        f"{fast.failed + steady.failed}",
    ]
