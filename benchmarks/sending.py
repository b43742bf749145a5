"""Letters a second through the whole command, beside something to measure them by.

    python -m benchmarks.sending [LETTERS] [ROUNDS] [ROW ...]

`newsletter send` composes, signs and keeps the ledger; `smtp-source -d` sends one
message of 6 KB again and again, with no ledger. Both mail to `smtp-sink` (Debian's
package postfix has the two; nothing else of it runs) over the loopback interface, over
as many connections, taking turns in one run. Two rows mail to a relay that is slow.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks.figures import Race, Spread, ratio
from benchmarks.relays import LOOPBACK, WARM_AFTER, counted, sink, slow_relay
from benchmarks.stage import Sent, Stage, stage
from benchmarks.tables import BESIDE, costs, races
from newsletter.sender.processes import LETTERS_WORTH_A_PROCESS

BYTES = 6_000
LETTERS, ROUNDS = 20_000, 5
# The slow relay: what it takes for every reply, and how long one connection is silent.
REPLY_SECONDS, SILENT_SECONDS = 0.05, 10.0
SLOW_CONNECTIONS, SLOW_LETTERS = 20, 4_000
LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# What a commit must be worth in a row called "full", and what is accepted as such.
FULL = {"synchronous": "2", "fsync": "on", "synchronous_commit": "on"}


@dataclass(frozen=True)
class Row:
    """One way of sending."""

    engine: str
    durability: str
    connections: int
    aim: float | None = None
    processes: int = 1

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{LABELS[self.engine]} {self.durability}"

    def set_up(self, ours: Stage, port: int) -> None:
        """Write the settings that this row is about.

        Raises:
            SystemExit: it is called full, and the database would not keep a commit
                through a power cut.
        """
        ours.configure(
            port,
            smtp__connections=self.connections,
            smtp__processes=self.processes,
            database__durability=self.durability,
        )
        wrong = not_full(ours.durability())
        if self.durability == "full" and wrong:
            raise SystemExit(f"{self.name} would not be full: {wrong}")


ROWS = [
    Row("sqlite", "normal", 10, aim=0.80),
    Row("sqlite", "normal", 50, aim=0.80),
    Row("sqlite", "full", 10, aim=0.50),
    Row("sqlite", "full", 50, aim=0.70),
    Row("postgresql", "normal", 10),
    Row("postgresql", "normal", 50),
    Row("postgresql", "full", 10, aim=0.30),
    Row("postgresql", "full", 50, aim=0.50),
]
PROCESSES = [Row("sqlite", "normal", 50), Row("postgresql", "full", 50)]


def not_full(safety: dict[str, str]) -> dict[str, str]:
    """Return what of a database's words keeps a commit from surviving a power cut."""
    return {name: it for name, it in safety.items() if FULL.get(name, it) != it}


def generator(letters: int, connections: int, port: int) -> float:
    """Return how many messages a second `smtp-source` hands over."""
    program = ["smtp-source", "-d", "-s", str(connections), "-m", str(letters)]
    began = time.perf_counter()
    subprocess.run([*program, "-l", str(BYTES), f"{LOOPBACK}:{port}"], check=True)
    return letters / (time.perf_counter() - began)


def run_race(
    row: Row, ours: Stage, other: Callable[[], float], *, group: str, rounds: int
) -> Race:
    """Let *ours*, which is set up for *row*, and *other* take turns.

    The parts of the CPU time come from one more run, which is not one of the rounds.
    """
    sent: list[Sent] = []
    pairs = []
    for _ in range(rounds):
        sent.append(ours.send())
        pairs.append((sent[-1].rate, other()))
    watched = ours.send_watched(by_parts=True)
    return Race(
        group=group,
        name=row.name,
        connections=row.connections,
        ours=Spread.of([mine for mine, _ in pairs]),
        other=Spread.of([theirs for _, theirs in pairs]),
        ratio=ratio(pairs),
        aim=row.aim,
        cpu=watched.cpu_by_part,
        memory=max(each.memory for each in sent),
        safety=ours.durability(),
    )


def against_source(row: Row, letters: int, rounds: int) -> Race:
    """Race against Postfix's generator."""
    with stage(row.engine) as ours, sink() as port:
        ours.fill(letters)
        row.set_up(ours, port)

        def source() -> float:
            return generator(letters, row.connections, port)

        return run_race(row, ours, source, group="source", rounds=rounds)


def against_bound(letters: int, rounds: int) -> Race:
    """Hold a relay's slow replies against two round trips a letter.

    Ours may do better: behind a message it says the next letter's envelope, and both
    are answered after one wait.
    """
    row = Row("sqlite", "full", SLOW_CONNECTIONS, aim=0.95)
    bound = SLOW_CONNECTIONS / (2 * REPLY_SECONDS)
    with stage(row.engine) as ours, slow_relay(REPLY_SECONDS) as port:
        ours.fill(min(letters, SLOW_LETTERS))
        row.set_up(ours, port)
        race = run_race(row, ours, lambda: bound, group="bound", rounds=rounds)
    return replace(race, name="50 ms a reply")


def beside_silence(rounds: int, *, window: float = SILENT_SECONDS) -> Race:
    """See what 19 connections carry while one is silent; and all 20, when none is.

    The relay counts, within *window* seconds of the silence and as long without one.
    What is compared is the rate of one connection.
    """
    row = Row("sqlite", "full", SLOW_CONNECTIONS, aim=0.95)
    most = SLOW_CONNECTIONS / REPLY_SECONDS * window
    with stage(row.engine) as ours:
        # A few more than can be sent before the window closes.
        ours.fill(round(WARM_AFTER + most * 1.2))
        pairs, memory = [], 0.0
        for _ in range(rounds):
            rates = []
            for stalls in (True, False):
                with slow_relay(REPLY_SECONDS, window=window, stalls=stalls) as port:
                    row.set_up(ours, port)
                    memory = max(memory, ours.send().memory)
                    rates.append(counted(port) / window / (row.connections - stalls))
            pairs.append((rates[0], rates[1]))
        safety = ours.durability()
    return Race(
        group="silence",
        name="one of 20 silent",
        connections=row.connections,
        ours=Spread.of([silent for silent, _ in pairs]),
        other=Spread.of([undisturbed for _, undisturbed in pairs]),
        ratio=ratio(pairs),
        aim=row.aim,
        memory=memory,
        safety=safety,
    )


def two_processes(row: Row, letters: int, rounds: int) -> Race:
    """Race two processes against one of the same settings.

    A list that is too short for a second process is made long enough.
    """
    both = replace(row, processes=2)
    with stage(row.engine) as ours, sink() as port:
        ours.fill(max(letters, LETTERS_WORTH_A_PROCESS))
        pairs, memory = [], 0.0
        for _ in range(rounds):
            both.set_up(ours, port)
            mine = ours.send()
            row.set_up(ours, port)
            pairs.append((mine.rate, ours.send().rate))
            memory = max(memory, mine.memory)
        safety = ours.durability()
    return Race(
        group="processes",
        name=row.name,
        connections=row.connections,
        ours=Spread.of([two for two, _ in pairs]),
        other=Spread.of([one for _, one in pairs]),
        ratio=ratio(pairs),
        memory=memory,
        safety=safety,
    )


def run_all(letters: int, rounds: int, wanted: list[str]) -> Iterator[Race]:
    """Yield every race whose group or name is *wanted*; all, when none is named."""

    def is_wanted(*names: str) -> bool:
        return not wanted or any(name in wanted for name in names)

    for row in ROWS:
        name = f"{row.engine}-{row.durability}-{row.connections}"
        if is_wanted("source", name):
            yield against_source(row, letters, rounds)
    if is_wanted("bound"):
        yield against_bound(letters, rounds)
    if is_wanted("silence"):
        yield beside_silence(rounds)
    for row in PROCESSES:
        if is_wanted("processes"):
            yield two_processes(row, letters, rounds)


def main() -> None:
    """Print the table of the rows that are named, or of all."""
    letters = int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    found = list(run_all(letters, rounds, sys.argv[3:]))
    print(f"{races(found).as_text()}\n{BESIDE}")
    print(costs(found).as_text())


if __name__ == "__main__":
    main()
