"""Letters a second with 1, 2 and 4 workers on one PostgreSQL, each its own process.

    python -m benchmarks.distributed [LETTERS CONNECTIONS PER_SECOND]

The relay takes 50 ms for every reply, on each connection, so a connection can carry
one letter in a round trip, 50 ms: that is the bound. LETTERS are for each worker,
so every row takes about as long. The last row has 4 workers of which one is killed by
SIGKILL every few seconds and replaced; what it forgot or repeated is counted at the
relay. PER_SECOND limits all workers together, to see whether they keep to it; 0 does
not. Without words it measures both, and in any case keeps, beside the other results,
what it found in the place of the same from before, and shows it.
"""

import logging
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

from sqlalchemy import text

from benchmarks import machine, report
from benchmarks.figures import Crew, Results, Workers
from benchmarks.relays import PacedRelay, paced_relay
from benchmarks.stage import stage
from benchmarks.tables import crews
from newsletter import config as settings_room
from newsletter import db, queue, scheduler
from newsletter.cli.office import Office
from newsletter.db import Engine
from newsletter.sender import Nothing, open_slot, utc_now
from newsletter.slots import Slot

REPLY_SECONDS = 0.05
ROUND_TRIPS = 1
LEASE_SECONDS = 10
KILL_EVERY = (2.0, 5.0)
SLOT = Slot(2099, 10)
# Letters for each worker, connections of each, letters a second of all.
FREE, LIMITED = (3_000, 20, 0.0), (400, 20, 100.0)


@dataclass(frozen=True)
class Task:
    """What one row measures."""

    workers: int
    letters: int
    connections: int
    per_second: float
    with_kills: bool = False

    @property
    def bound(self) -> float:
        """Letters a second that the relay's replies allow."""
        free = self.workers * self.connections / (ROUND_TRIPS * REPLY_SECONDS)
        return min(free, self.per_second or free)


def worker(path: Path) -> subprocess.Popen[bytes]:
    """Start a worker."""
    program = [sys.executable, "-c", "from newsletter.cli import main; main()"]
    with path.with_name("log").open("ab") as log:
        return subprocess.Popen(
            [*program, "--config", str(path), "worker"], stdout=log, stderr=log
        )


def until_there(engine: Engine, workers: int) -> None:
    """Wait until so many workers said that they are there."""
    while True:
        with engine.connect() as connection:
            asked = text("SELECT count(*) FROM procrastinate_workers")
            if connection.scalar(asked) == workers:
                return
        time.sleep(0.1)


def watch(
    relay: PacedRelay, letters: int, path: Path, crew: list[subprocess.Popen[bytes]]
) -> tuple[float, int]:
    """Return the letters a second of the middle four fifths, and the kills till then.

    Workers are killed only when *path* names the settings of their successors.
    """
    chance = random.Random(1)  # noqa: S311 - instants, not secrets
    kill_at = time.monotonic() + chance.uniform(*KILL_EVERY) if path.name else None
    marks: list[float] = []
    kills = 0
    while len(marks) < 2:
        time.sleep(0.01)
        taken = relay.file.read_bytes().count(b"\n")
        if taken >= letters * (0.1, 0.9)[len(marks)]:
            marks.append(time.monotonic())
        if kill_at and time.monotonic() > kill_at:
            kill_at = time.monotonic() + chance.uniform(*KILL_EVERY)
            victim = crew.pop(chance.randrange(len(crew)))
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            kills += 1
            crew.append(worker(path))
    return 0.8 * letters / (marks[1] - marks[0]), kills


def measure(task: Task) -> Crew:
    """Send an issue and return what was found."""
    with (
        stage("postgresql") as ours,
        tempfile.TemporaryDirectory() as folder,
        paced_relay(Path(folder) / "taken", seconds=REPLY_SECONDS) as relay,
    ):
        engine, path = ours.engine, ours.folder / "config.toml"
        ours.configure(
            relay.port,
            delivery__lease_seconds=LEASE_SECONDS,
            smtp__timeout_seconds=2,
            smtp__connections=task.connections,
            smtp__max_per_second=task.per_second,
            queue__enabled=True,
        )
        # Founded now, so that no week before is due beside the one that is measured.
        db.upgrade(engine, now=utc_now())
        ours.fill(task.letters)
        queue.install(engine)
        office = Office(settings_room.load(path, {}), engine)
        desk = office.desk()
        crew = [worker(path) for _ in range(task.workers)]
        until_there(engine, task.workers)
        options = {"ring_seconds": 1.0, "forward": office.forward}
        clock = Thread(target=scheduler.run, args=(desk,), kwargs=options)
        clock.start()
        try:
            opened = open_slot(desk, SLOT)
            if isinstance(opened, Nothing):
                raise SystemExit(opened.reason)
            killing = path if task.with_kills else Path()
            rate, kills = watch(relay, task.letters, killing, crew)
            doubtful, held = finish(engine)
        finally:
            desk.stop.set()
            for process in crew:
                process.terminate()
            for process in crew:
                process.wait()
            clock.join()
        copies = Counter(relay.recipients)
        return Crew(
            workers=task.workers,
            connections=task.connections,
            letters=task.letters // task.workers,
            per_second=task.per_second,
            rate=rate,
            bound=task.bound,
            kills=kills,
            doubtful=doubtful,
            held=len(held),
            twice=sum(count > 1 for count in copies.values()),
            forgotten=task.letters - len(copies.keys() | held),
        )


def finish(engine: Engine) -> tuple[int, set[str]]:
    """Wait for the end of the issue.

    Returns:
        How many letters were ever in doubt; and who was in doubt twice, which the
        ledger keeps for the operator to decide (RFC 1047).
    """
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        while connection.scalar(text("SELECT status FROM issue")) != "sent":
            time.sleep(0.1)
        asked = text("SELECT count(*) FROM delivery WHERE doubts > 0")
        doubtful = int(connection.scalar(asked) or 0)
        held = connection.execute(
            text(
                "SELECT address FROM subscriber WHERE id IN "
                "(SELECT subscriber_id FROM delivery WHERE status = 'uncertain')"
            )
        )
        return doubtful, set(held.scalars())


def run_all(letters: int, connections: int, per_second: float) -> list[Crew]:
    """Measure crews of each size, and one whose workers are killed."""
    tasks = [
        Task(workers, letters * workers, connections, per_second)
        for workers in (1, 2, 4)
    ]
    found = []
    for task in [*tasks, replace(tasks[-1], with_kills=True)]:
        found.append(measure(task))
        print(f"{task.workers} workers: {found[-1].rate:.1f}/s", file=sys.stderr)
    return found


def main() -> None:
    """Measure, keep, publish, print."""
    logging.basicConfig(level=logging.ERROR)
    words = [float(word) for word in sys.argv[1:]]
    facts = machine.facts()
    found = (
        run_all(int(words[0]), int(words[1]), words[2])
        if words
        else [*run_all(*FREE), *run_all(*LIMITED)]
    )
    kinds = {bool(crew.per_second) for crew in found}
    before = Results.read(report.RESULTS).workers
    kept = (
        [c for c in before.crews if bool(c.per_second) not in kinds] if before else []
    )
    crews_now = sorted([*kept, *found], key=lambda crew: crew.per_second)
    Workers(facts, crews_now).keep(report.RESULTS)
    # Read back, so that what is shown is what was kept.
    report.publish(Results.read(report.RESULTS))
    print(crews(found).as_text())


if __name__ == "__main__":
    main()
