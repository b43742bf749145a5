"""What an issue takes as the list grows: to open and enrol it, and for each letter.

    python -m benchmarks.scale [PEOPLE ...]

On both engines, with `database.durability = "full"` and 50 connections to `smtp-sink`.
Sending stops after two and a half minutes: what a letter takes is known by then.
"""

import statistics
import sys
from collections.abc import Iterator

from benchmarks.figures import Size
from benchmarks.relays import sink
from benchmarks.sending import LABELS, Row
from benchmarks.stage import Stage, stage
from benchmarks.tables import sizes

PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
STOPS_AFTER = 150.0
# A short issue is over before a clock can tell; several of them are not.
LETTERS_FOR_A_FIGURE = 10_000
MOST_ISSUES = 5


def measure(ours: Stage, people: int, *, issues: int) -> Size:
    """Send *issues* to everybody, from an installation that is filled and set up."""
    sent = [
        ours.send_watched(by_parts=False, stops_after=STOPS_AFTER)
        for _ in range(issues)
    ]
    return Size(
        engine=LABELS[ours.engine.dialect.name],
        people=people,
        opening=statistics.median(each.watched["open"] for each in sent),
        sent=max(each.letters for each in sent),
        wall=statistics.median(
            each.watched["send"] / each.letters * 1e6 for each in sent
        ),
        cpu=statistics.median(each.cpu_by_part["cpu"] for each in sent),
        memory=max(each.memory for each in sent),
    )


def run_all(lengths: tuple[int, ...] = PEOPLE) -> Iterator[Size]:
    """Yield each size on each engine."""
    for engine in LABELS:
        for people in lengths:
            issues = min(MOST_ISSUES, max(1, LETTERS_FOR_A_FIGURE // people))
            with stage(engine) as ours, sink() as port:
                ours.fill(people)
                Row(engine, "full", 50).set_up(ours, port)
                yield measure(ours, people, issues=issues)


def main() -> None:
    """Print the table of the lengths that are named, or of the usual ones."""
    lengths = tuple(int(word) for word in sys.argv[1:]) or PEOPLE
    print(sizes(list(run_all(lengths))).as_text())


if __name__ == "__main__":
    main()
