"""The page that says what a full run counted: one table, between two marks."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.counting import Count

PAGE = Path(__file__).parents[2] / "docs/crash-test.md"
BEGIN = "<!-- The run writes from here -->"
END = "<!-- to here. -->"
HEADS = (
    "Killed at",
    "Database",
    "Processes",
    "In doubt",
    "Kills",
    "Letters",
    "Open connections at the kills",
    "Named as uncertain",
    "Came twice",
    "Held, by name",
    "Forgotten",
)
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Row:
    """What was counted of one variant."""

    what: str
    database: str
    workers: int
    uncertain: str
    count: Count

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
        facts = (self.what, NAMES[self.database], str(self.workers))
        return (*facts, f"`{self.uncertain}`", *(f"{each:,}" for each in numbers))


def table(rows: Sequence[Row], *, connections: int) -> str:
    """Return the table, and on what it was counted."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"Counted on {machine}; {connections} connections a process.",
        "",
        f"| {' | '.join(HEADS)} |",
        f"|---|---|{'---:|' * (len(HEADS) - 2)}",
        *(f"| {' | '.join(row.cells)} |" for row in rows),
    ]
    return "\n".join(lines)


def write(rows: Sequence[Row], *, connections: int) -> None:
    """Put a fresh table into the page, in the place of the old one."""
    text = PAGE.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    fresh = table(rows, connections=connections)
    PAGE.write_text(f"{head}{BEGIN}\n{fresh}\n{END}{tail}", "utf-8")
