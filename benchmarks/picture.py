"""The results as one picture, in light and dark; pure.

The template has the looks; here is where each bar begins and ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.figures import Crew, Race, Results, Spread, Workers
from benchmarks.tables import OTHERS, OURS, rate

TEMPLATE = "bars.svg.j2"
# Pixels: where bars begin, where the longest one ends, how wide the whole is.
LEFT, RIGHT, WIDTH = 166, 560, 700
# How high a bar is, a pair with the space below it, and a panel's heading.
BAR, PAIR_STEP, HEADING = 13, 42, 44
# Where the first panel begins, what lies between two, and below the last one.
FIRST_PANEL, BETWEEN, FOOT = 88, 6, 40


@dataclass(frozen=True)
class Bar:
    """One way of sending: where its bar ends, and what is written behind it.

    Attributes:
        end: pixels from the left edge; so are `low` and `high`, the whisker's ends.
    """

    end: float
    low: float
    high: float
    words: str
    is_ours: bool

    @property
    def length(self) -> float:
        """How long the bar is, in pixels."""
        return round(self.end - LEFT, 1)

    @property
    def has_whisker(self) -> bool:
        """Tell whether the rounds differ enough to be seen."""
        return self.high - self.low > 1

    @property
    def words_at(self) -> float:
        """Where the figure begins: behind the bar and its whisker."""
        return max(self.end, self.high) + 8


@dataclass(frozen=True)
class Pair:
    """Ours above the other, with the row's name on the left and their ratio."""

    top: int
    label: str
    connections: int
    ratio: str
    bars: tuple[Bar, Bar]


@dataclass(frozen=True)
class Panel:
    """Pairs on one scale, under a heading."""

    top: int
    heading: str
    ours: str
    other: str
    pairs: list[Pair]

    @property
    def bottom(self) -> int:
        """Where what follows may begin."""
        return self.top + HEADING + PAIR_STEP * len(self.pairs)


def panel(top: int, heading: str, found: Sequence[Race]) -> Panel:
    """Draw races that share a scale, the first one *top* pixels from the top."""
    most = max(max(race.ours.high, race.other.high) for race in found)
    pairs = [
        Pair(
            top + HEADING + at * PAIR_STEP,
            # The heading says what the row of a bound is about.
            "SQLite full" if race.group == "bound" else race.name,
            race.connections,
            f"{race.ratio:.2f}",
            (
                _bar(race.ours, most, is_ours=True),
                _bar(race.other, most, is_ours=False),
            ),
        )
        for at, race in enumerate(found)
    ]
    group = found[0].group
    return Panel(top, heading, OURS[group], OTHERS[group], pairs)


def draw(results: Results) -> str:
    """Return the picture of *results* as SVG."""
    panels: list[Panel] = []
    top = FIRST_PANEL
    for heading, group in (
        ("A relay on the same machine", "source"),
        ("A relay that takes 50 ms for every reply", "bound"),
    ):
        if found := results.group(group):
            panels.append(panel(top, heading, found))
            top = panels[-1].bottom + BETWEEN
    return _render(
        panels,
        f"{results.letters:,} letters of 6 KB, each composed, signed and kept in the "
        f"ledger; medians of {results.rounds} round{'s'[: results.rounds != 1]}",
        results.machine,
        "Thin lines: from the slowest round to the fastest. ",
    )


def draw_workers(workers: Workers) -> str:
    """Return the picture of what several workers did together, as SVG."""
    races = [_crew(crew) for crew in workers.free]
    heading = "A relay that takes 50 ms for every reply"
    each = workers.free[0]
    return _render(
        [panel(FIRST_PANEL, heading, races)],
        f"Workers on one PostgreSQL, {each.connections} connections each; "
        f"{each.letters:,} letters of 6 KB for each worker",
        workers.machine,
    )


def _crew(crew: Crew) -> Race:
    """Return a crew as a race with what the relay's replies allow."""
    name = f"{crew.workers} worker{'s'[: crew.workers != 1]}"
    return Race(
        group="workers",
        name=f"{name}, {crew.kills} killed" if crew.kills else name,
        connections=crew.workers * crew.connections,
        ours=Spread.of([crew.rate]),
        other=Spread.of([crew.bound]),
        ratio=crew.rate / crew.bound,
    )


def _render(
    panels: Sequence[Panel], about: str, machine: dict[str, Any], note: str = ""
) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(
        panels=panels,
        height=panels[-1].bottom + BETWEEN + FOOT,
        width=WIDTH,
        left=LEFT,
        bar=BAR,
        about=about,
        note=note,
        machine=machine,
    )


def _bar(spread: Spread, most: float, *, is_ours: bool) -> Bar:
    def at(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * value / most, 1)

    return Bar(
        at(spread.median),
        at(spread.low),
        at(spread.high),
        rate(spread.median),
        is_ours,
    )
