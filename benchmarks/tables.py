"""The results as tables: 80 columns for a terminal, Markdown for the docs; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Crew, Race, Size, Spread

PARTS = ("compose", "wire", "ledger", "rest")
OTHERS = {
    "source": "smtp-source -d",
    "bound": "two round trips",
    "silence": "none silent",
    "processes": "one process",
    "workers": "bound",
}
OURS = {
    "source": "newsletter send",
    "bound": "newsletter send",
    "silence": "a connection",
    "processes": "two processes",
    "workers": "newsletter worker",
}
# What "beside" is in each row of `races`, for a terminal.
BESIDE = """\
Beside ours: smtp-source -d; for 50 ms, the bound of two round trips a letter;
for one silent, the same without silence, both for each connection; for x2, one
process.
"""


@dataclass(frozen=True)
class Table:
    """Rows of words: the first column names, all others are figures.

    Attributes:
        notes: how many columns on the left hold names.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1

    def as_text(self) -> str:
        """Return it for a terminal, with a rule under the head."""
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

        def line(cells: Sequence[str]) -> str:
            padded = [
                cell.ljust(width) if at < self.names else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            return "  ".join(padded).rstrip()

        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([line(self.head), rule, *map(line, self.rows), ""])

    def as_markdown(self) -> str:
        """Return it for a page."""
        marks = ["---" if at < self.names else "--:" for at in range(len(self.head))]
        lines = [self.head, marks, *self.rows]
        return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def races(found: Sequence[Race]) -> Table:
    """Return letters a second, with the spread of the rounds, and the ratios."""
    head = ["", "conn.", "ours/s", "min-max", "beside/s", "ratio", "aim", "MB"]
    return Table(head, [_race(race) for race in found])


def _race(race: Race) -> list[str]:
    name = f"{race.name} x2" if race.group == "processes" else race.name
    return [
        name,
        str(race.connections),
        rate(race.ours.median),
        span(race.ours),
        rate(race.other.median),
        f"{race.ratio:.2f}",
        "" if race.aim is None else f"{race.aim:.2f}",
        f"{race.memory:.0f}",
    ]


def pairs(found: Sequence[Race], group: str) -> Table:
    """Return one group of races with both spreads, for a page."""
    ours, other = OURS[group], OTHERS[group]
    head = ["", "connections", ours, "min-max", other, "min-max", "ratio", "asked for"]
    rows = []
    for race in found:
        name, connections, mine, spread, theirs, quotient, aim, _ = _race(race)
        name = race.name
        cells = [name, connections, mine, spread, theirs, span(race.other), quotient]
        rows.append([*cells, aim or "-"])
    return Table(head, rows)


def costs(found: Sequence[Race]) -> Table:
    """Return the CPU time of a letter in microseconds, by part."""
    head = ["CPU, µs a letter", "conn.", *PARTS, "all"]
    rows = [
        [
            race.name,
            str(race.connections),
            *(f"{race.cpu.get(part, 0.0):.0f}" for part in PARTS),
            f"{race.cpu.get('cpu', 0.0):.0f}",
        ]
        for race in found
        if race.cpu
    ]
    return Table(head, rows)


def sizes(found: Sequence[Size]) -> Table:
    """Return what a list of each length takes."""
    head = ["list", "people", "open, s", "letters", "µs each", "CPU, µs", "MB"]
    rows = [
        [
            size.engine,
            f"{size.people:,}",
            f"{size.opening:.2f}",
            f"{size.sent:,}",
            f"{size.wall:.0f}",
            f"{size.cpu:.0f}",
            f"{size.memory:.0f}",
        ]
        for size in found
    ]
    return Table(head, rows)


def crews(found: Sequence[Crew]) -> Table:
    """Return what workers did together, and what became of letters at kills."""
    head = ["workers", "a second", "bound", "ratio", "kills", "in doubt", "twice"]
    rows = [
        [
            str(crew.workers),
            rate(crew.rate),
            rate(crew.bound),
            f"{crew.rate / crew.bound:.2f}",
            *map(str, (crew.kills, crew.doubtful, crew.twice)),
            str(crew.held),
            str(crew.forgotten),
        ]
        for crew in found
    ]
    return Table([*head, "held", "forgotten"], rows)


def rate(value: float) -> str:
    """Return letters a second: whole, but for the few of a slow connection."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def span(spread: Spread) -> str:
    """Return the least and the most of the rounds."""
    return f"{rate(spread.low)}-{rate(spread.high)}"
