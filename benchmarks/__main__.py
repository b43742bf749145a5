"""Measure everything, and write down and show what was found.

    python -m benchmarks [LETTERS] [ROUNDS] [PEOPLE ...]

`make bench` runs it without words, which takes twenty minutes on two quiet cores; fewer
letters, rounds and people show only that it works. Each row is told as it is done.
"""

import sys

from benchmarks import fill, machine, report, scale, sending
from benchmarks.figures import Results


def told(row: str) -> None:
    """Say on stderr what is done, so that nobody waits in the dark."""
    print(row, file=sys.stderr, flush=True)


def measure(letters: int, rounds: int, people: tuple[int, ...]) -> Results:
    """Run all benchmarks, one after the other."""
    facts, copy, races, sizes = machine.facts(), fill.measure(), [], []
    told(fill.sentence(copy))
    for race in sending.run_all(letters, rounds, []):
        races.append(race)
        told(f"{race.name}, {race.connections}: {race.ratio:.2f} of {race.group}")
    for size in scale.run_all(people):
        sizes.append(size)
        told(f"{size.engine}, {size.people:,} people: {size.opening:.1f} s to open")
    return Results(facts, letters, rounds, copy, races, sizes)


def main() -> None:
    """Measure, keep, publish, print."""
    words = [int(word) for word in sys.argv[1:]]
    letters = words[0] if words else sending.LETTERS
    rounds = words[1] if len(words) > 1 else sending.ROUNDS
    results = measure(letters, rounds, tuple(words[2:]) or scale.PEOPLE)
    results.write(report.RESULTS)
    # Read back, so that what is shown is what was kept.
    report.main()


if __name__ == "__main__":
    main()
