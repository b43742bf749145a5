"""One-click unsubscribing while an issue is being sent: is anybody lost or refused?

    python -m benchmarks.unsubscribes [RATE] [SECONDS] [ENGINE ...]

`newsletter run` sends an issue to `smtp-sink` as fast as it can and serves the site in
the same process, with `database.durability = "full"`. Another process posts so many
one-clicks a second, each for another reader. Afterwards the database is asked for each
of them; what was found is kept beside the other results and shown. Needs Debian's
postfix, for smtp-sink.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from benchmarks import machine, report
from benchmarks.clicks import Clicks
from benchmarks.relays import free_port, sink, wait_for
from benchmarks.stage import FIRST_SLOT, NOW, Stage, stage
from benchmarks.visits import ENGINES, ClickRow, Visits
from newsletter import db, ledger
from newsletter.config import load
from newsletter.sender import Desk, Nothing, open_slot
from newsletter.tables import Delivery, DeliveryStatus
from subscribers.tables import Departure, Subscriber, SubscriberStatus
from subscribers.tokens import Purpose, TokenSigner

RATE, SECONDS = 500.0, 10.0
# Enough letters that the issue outlasts the clicks, with room to spare.
LETTERS_A_SECOND = 12_000
STARTS_WITHIN = 60.0


def measure(engine: str, rate: float, seconds: float) -> ClickRow:
    """Send an issue and let people leave meanwhile."""
    number = round(rate * seconds)
    with stage(engine) as ours, sink() as relay:
        ours.fill(number + round(LETTERS_A_SECOND * (seconds + 5)))
        port = free_port()
        ours.configure(
            relay,
            smtp__connections=50,
            web__port=port,
            database__durability="full",
            schedule__catch_up_hours=0,
        )
        issue_id = _open(ours)
        paths = _paths(ours, number, issue_id)
        with _running(ours, port):
            _wait_for_letters(ours, issue_id)
            before, began = _sent(ours, issue_id), time.monotonic()
            clicks = _click(ours.folder, port, rate, paths)
            sent = _sent(ours, issue_id) - before
            elapsed = time.monotonic() - began
            waiting = _waiting(ours, issue_id)
        if not waiting:
            raise SystemExit(f"{engine}: the issue ended before the clicks did.")
        told = clicks.answers.get("200", 0)
        gone = _gone(ours)
    unanswered = clicks.answers.get("none", 0)
    return ClickRow(
        engine,
        clicks=number,
        rate=rate,
        lost=max(0, told - gone) + unanswered,
        refused=number - told - unanswered,
        p50_ms=clicks.percentile(50),
        p99_ms=clicks.percentile(99),
        worst_ms=clicks.percentile(100),
        letters=sent / elapsed,
    )


def _open(ours: Stage) -> int:
    """Open an issue that nobody sends yet."""
    config = load(ours.folder / "config.toml", {})
    desk = Desk.of(ours.engine, config, clock=lambda: NOW)
    issue = open_slot(desk, FIRST_SLOT)
    if isinstance(issue, Nothing):
        raise SystemExit(issue.reason)
    return issue.id


def _paths(ours: Stage, number: int, issue_id: int) -> list[str]:
    """Return the links of so many readers, taken at random."""
    config = load(ours.folder / "config.toml", {})
    signer = TokenSigner(config.secrets)
    with db.transaction(ours.engine) as session:
        ids = [number or 0 for number in session.scalars(select(col(Subscriber.id)))]
    chosen = random.Random(1).sample(ids, number)  # noqa: S311 - any will do
    return [
        f"/u/{signer.sign(Purpose.UNSUBSCRIBE, person, issue_id)}" for person in chosen
    ]


@contextmanager
def _running(ours: Stage, port: int) -> Iterator[None]:
    """Run `newsletter run`, which sends what is open and serves the site."""
    program = [str(Path(sys.executable).with_name("newsletter"))]
    words = ["--config", str(ours.folder / "config.toml"), "run"]
    log = (ours.folder / "run.log").open("w")
    process = subprocess.Popen([*program, *words], stdout=log, stderr=log)
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()
        log.close()


def _click(folder: Path, port: int, rate: float, paths: list[str]) -> Clicks:
    file = folder / "paths.txt"
    file.write_text("\n".join(paths))
    words = ["-m", "benchmarks.clicks", str(port), str(rate), str(file)]
    said = subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, text=True
    )
    return Clicks(**json.loads(said.stdout))


def _wait_for_letters(ours: Stage, issue_id: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not _sent(ours, issue_id):
        if time.monotonic() > until:
            raise SystemExit((ours.folder / "run.log").read_text())
        time.sleep(0.1)


def _sent(ours: Stage, issue_id: int) -> int:
    with db.snapshot(ours.engine) as session:
        return ledger.tally(session, issue_id).sent


def _waiting(ours: Stage, issue_id: int) -> int:
    """Count some of the letters that still wait."""
    waits = select(func.count()).where(
        col(Delivery.issue_id) == issue_id,
        col(Delivery.status) == DeliveryStatus.PENDING,
    )
    with db.snapshot(ours.engine) as session:
        return session.scalar(waits) or 0


def _gone(ours: Stage) -> int:
    """Count those who are off the list, with a departure of their own."""
    gone = select(func.count()).where(
        col(Subscriber.status) == SubscriberStatus.UNSUBSCRIBED
    )
    people = func.count(col(Departure.subscriber_id).distinct())
    with db.snapshot(ours.engine) as session:
        return min(session.scalar(gone) or 0, session.scalar(select(people)) or 0)


def main() -> None:
    """Measure, keep, publish, print."""
    words = sys.argv[1:]
    rate = float(words[0]) if words else RATE
    seconds = float(words[1]) if len(words) > 1 else SECONDS
    facts = machine.facts()
    found = [measure(engine, rate, seconds) for engine in words[2:] or ENGINES]
    sizes = {"clicks in all": sum(row.clicks for row in found)}
    report.keep(Visits("unsubscribes", facts, sizes, found))
    if any(row.lost or row.refused for row in found):
        raise SystemExit("Not everybody who left was heard.")


if __name__ == "__main__":
    main()
