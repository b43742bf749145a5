"""How long a list takes to come in and to go out, and in how much memory.

    python -m benchmarks.lists [PEOPLE ...]

Runs the very commands, each in a process of its own: an import of people who are all
new, the same file once more as a dry run, in which all are known, and an export. Prints
the table of docs/benchmarks.md. A million people take some five minutes on both engines
and two gigabytes of disk. CPU time is that of the command alone, not of a server.
"""

import csv
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import watching
from benchmarks.stage import NOW, Stage, stage
from benchmarks.tables import Table
from newsletter import db

PEOPLE = (100_000, 1_000_000)
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# Any number that shares no divisor with the length of a list mixes its addresses: a
# list in alphabetical order is easier on an index than most are.
STRIDE = 7_919


@dataclass(frozen=True)
class Took:
    """One command on a list: how long it took, and the most memory it had in MB.

    `cpu` is the seconds of the processor's time in `seconds` that were its own.
    """

    engine: str
    people: int
    what: str
    seconds: float
    cpu: float
    memory: float

    def row(self) -> list[str]:
        """Return it as a row of the table."""
        each = self.cpu / self.people * 1e6
        spent = (f"{self.seconds:.1f}", f"{self.cpu:.1f}", f"{each:.0f}")
        figures = (*spent, f"{self.memory:.0f}")
        return [self.engine, self.what, f"{self.people:,}", *figures]


def write_list(path: Path, people: int) -> None:
    """Write a list as other programs do: names beyond ASCII, zones, dates."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("email", "first name", "last name", "time zone", "signed up"))
        for number in range(people):
            mixed = number * STRIDE % people
            address = f"reader.{mixed}@host{mixed % 5_000}.example.org"
            rest = ("Müller", "Europe/Berlin", "2026-03-04 05:06:07")
            rows.writerow((address, f"Ann {mixed}", *rest))


def measure(ours: Stage, people: int) -> Iterator[Took]:
    """Yield what each command took, in the order of an operator's day."""
    db.upgrade(ours.engine, now=NOW)
    ours.configure(25)
    file, out = ours.folder / "list.csv", ours.folder / "out.csv"
    write_list(file, people)
    program = [str(Path(sys.executable).with_name("newsletter"))]
    program += ["--config", str(ours.folder / "config.toml"), "subscribers"]
    taking = ["import", str(file), "--source", "bench"]
    engine = ENGINES[ours.engine.dialect.name]
    for what, words in (
        ("import, all new", taking),
        ("import --dry-run, all known", [*taking, "--dry-run"]),
        ("export", ["export", str(out)]),
    ):
        began, spent = time.monotonic(), _cpu_of_children()
        memory = watching.run([*program, *words])
        seconds, cpu = time.monotonic() - began, _cpu_of_children() - spent
        yield Took(engine, people, what, seconds, cpu, memory)
    with out.open("rb") as written:
        lines = sum(1 for _ in written)
    if lines != people + 1:
        raise SystemExit(f"{lines:,} lines were exported, of {people:,} people")


def _cpu_of_children() -> float:
    """Return the processor's time of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(found: list[Took]) -> Table:
    """Return the rows with their head."""
    head = ["list", "what", "people", "seconds", "CPU, s", "CPU, µs each", "MB"]
    return Table(head, [took.row() for took in found], names=2)


def main() -> None:
    """Print the table, with each row on stderr as it is done."""
    sizes = tuple(int(word) for word in sys.argv[1:]) or PEOPLE
    found = []
    for kind in ENGINES:
        for people in sizes:
            with stage(kind) as ours:
                for took in measure(ours, people):
                    found.append(took)
                    print(" ".join(took.row()), file=sys.stderr, flush=True)
    print(table(found).as_markdown())


if __name__ == "__main__":
    main()
