"""What was measured, as values: spreads, races, sizes, and the file they are kept in.

Pure but for `Results.read` and `Results.write`; nothing is measured here.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Several rounds of one measurement."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of *values*.

        Raises:
            ValueError: there is none.
        """
        if not values:
            raise ValueError("a spread needs one round at least")
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Race:
    """Two ways of sending that took turns; one of them may be a bound, not a run.

    Attributes:
        group: what the other one is: "source", "bound", "silence" or "processes".
        name: of the row, such as "SQLite full".
        connections: how many there were to the relay.
        ours: letters a second of the way that the row is about.
        other: letters a second of the other way.
        ratio: the median of the rounds' own ratios, so that what slowed the machine
            down for a while slowed both.
        aim: the ratio to reach; None where nothing was asked for.
        cpu: microseconds a letter by part, and "cpu" for all of them.
        memory: the most that all processes of a run had together, in MB.
        safety: what the database said of how it keeps a commit.
    """

    group: str
    name: str
    connections: int
    ours: Spread
    other: Spread
    ratio: float
    aim: float | None = None
    cpu: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0
    safety: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """One issue to a list of some length.

    Attributes:
        opening: seconds to choose, render, freeze and enrol.
        sent: how many letters went out before sending was stopped.
        wall: microseconds a letter by the clock.
        cpu: microseconds a letter of our own CPU time.
        memory: the most that the process had, in MB.
    """

    engine: str
    people: int
    opening: float
    sent: int
    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Copy:
    """What it takes to make one reader's copy, in microseconds of CPU."""

    kilobytes: float
    microseconds: Spread


@dataclass(frozen=True)
class Crew:
    """Workers that sent one issue together.

    Attributes:
        connections: of each worker to the relay.
        letters: how many there were for each worker.
        per_second: how fast all of them may send; 0 without such a limit.
        rate: letters a second, of the middle four fifths.
        bound: letters a second that the relay's replies and the limit allow.
        kills: workers that were ended by SIGKILL and replaced until then.
        doubtful: letters that were ever in doubt.
        held: letters that stayed so, for the operator to decide.
        twice: readers who got a second copy.
        forgotten: readers who got nothing and are not held.
    """

    workers: int
    connections: int
    letters: int
    per_second: float
    rate: float
    bound: float
    kills: int
    doubtful: int
    held: int
    twice: int
    forgotten: int


@dataclass(frozen=True)
class Workers:
    """What crews of several sizes did, and the machine that they shared."""

    machine: dict[str, Any]
    crews: list[Crew]

    @property
    def free(self) -> list[Crew]:
        """The crews that sent as fast as they could."""
        return [crew for crew in self.crews if not crew.per_second]

    @property
    def limited(self) -> list[Crew]:
        """The crews that kept to one rate together."""
        return [crew for crew in self.crews if crew.per_second]

    def keep(self, path: Path) -> None:
        """Keep them beside what else was found there."""
        merge(path, {"workers": asdict(self)})


@dataclass(frozen=True)
class Results:
    """Everything that was found; `workers` by a run of its own."""

    machine: dict[str, Any]
    letters: int
    rounds: int
    copy: Copy
    races: list[Race]
    sizes: list[Size]
    workers: Workers | None = None

    def group(self, name: str) -> list[Race]:
        """Return the races of a group, in the order they were run."""
        return [race for race in self.races if race.group == name]

    def write(self, path: Path) -> None:
        """Keep them, with as many digits as mean something.

        What workers did before stays when they were not measured now.
        """
        found = asdict(self)
        if self.workers is None:
            del found["workers"]
        merge(path, found)

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Return what `write` kept."""
        found = json.loads(path.read_text("utf-8"))
        copy = found["copy"]
        return cls(
            machine=found["machine"],
            letters=found["letters"],
            rounds=found["rounds"],
            copy=Copy(copy["kilobytes"], Spread(**copy["microseconds"])),
            races=[_race(each) for each in found["races"]],
            sizes=[Size(**each) for each in found["sizes"]],
            workers=_workers(found["workers"]) if "workers" in found else None,
        )


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the median of what the first is to the second, round by round."""
    return statistics.median(first / second for first, second in pairs)


def merge(path: Path, found: dict[str, Any]) -> None:
    """Put what was found into the file, in the place of the same from before."""
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    words = json.dumps(before | _rounded(found), indent=1, ensure_ascii=False)
    path.write_text(f"{words}\n", "utf-8")


def _workers(found: dict[str, Any]) -> Workers:
    return Workers(found["machine"], [Crew(**each) for each in found["crews"]])


def _race(found: dict[str, Any]) -> Race:
    spreads = {name: Spread(**found[name]) for name in ("ours", "other")}
    return Race(**{**found, **spreads})


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return *value* with four digits of each fraction, whole above a thousand."""
    match value:
        case dict():
            return {name: _rounded(each) for name, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
        case float():
            return round(value) if abs(value) >= 1_000 else float(f"{value:.4g}")
    return value
