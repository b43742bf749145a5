"""Letters a second through the whole sender, beside Postfix's own generator.

    python -m benchmarks.sending [LETTERS] [CONNECTIONS] [ROUNDS]

Needs `smtp-sink` and `smtp-source` of Debian's package postfix; nothing else of it
runs. Everything stays on the loopback interface. Ours composes, signs and keeps the
ledger, on SQLite; DURABILITY=normal in the environment does not wait for the disk.
`smtp-source -d` sends one message again and again, with no ledger. The two take turns
in one run; medians are printed.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from newsletter import db
from newsletter.config import Config, Durability, Security, Settings
from newsletter.db import Engine
from newsletter.sender import Desk, Nothing, deliver, open_slot
from newsletter.slots import Slot
from newsletter.tables import Tip, TipStatus
from newsletter.transport import Relay, SmtpTransport
from subscribers.tables import Subscriber, SubscriberStatus

PORT = 12_587
DURABILITY = Durability(os.environ.get("DURABILITY", "full"))
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BODY = "\n\n".join(["Say what happens next, and keep your word. " * 4] * 8)


@contextmanager
def sink() -> Iterator[None]:
    """Run `smtp-sink` on loopback."""
    program = ["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{PORT}", "1000"]
    server = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield
    finally:
        server.terminate()
        server.wait()


def list_of(engine: Engine, people: int) -> None:
    """Write so many readers and one tip."""
    db.upgrade(engine, now=NOW)
    rows = [
        {
            "address": f"reader{n}@example.org",
            "address_key": f"reader{n}@example.org",
            "name": f"Reader {n}",
            "status": SubscriberStatus.ACTIVE,
            "timezone": "",
            "language": "",
            "source": "",
            "created_at": NOW,
            "status_at": NOW,
        }
        for n in range(people)
    ]
    with engine.begin() as connection:
        connection.execute(insert(Subscriber), rows)
    with db.transaction(engine) as session:
        session.add(
            Tip(
                slug="tip",
                title="Say what happens next",
                body=BODY,
                position=1,
                status=TipStatus.READY,
                created_at=NOW,
                updated_at=NOW,
            )
        )


def ours(letters: int, connections: int) -> float:
    """Return how many letters a second the sender hands over."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-bench-"))
    engine = db.connect(f"sqlite:///{folder / 'bench.db'}", durability=DURABILITY)
    list_of(engine, letters)
    tables = {"newsletter": {"secret": "x" * 40}, "delivery": {"allow_reserved": True}}
    config = Config(Settings.model_validate(tables), folder, "benchmark")
    relay = Relay(
        "127.0.0.1",
        PORT,
        Security.NONE,
        hello_name="bench.test",
        connections=connections,
    )
    desk = Desk.of(engine, config, clock=lambda: NOW)
    desk = replace(desk, transport=SmtpTransport(relay))
    issue = open_slot(desk, Slot(2026, 48))
    if isinstance(issue, Nothing):
        raise SystemExit(issue.reason)
    began = time.perf_counter()
    tally = deliver(desk, issue)
    took = time.perf_counter() - began
    desk.transport.close()
    engine.dispose()
    shutil.rmtree(folder)
    if tally.sent != letters:
        raise SystemExit(f"only {tally} of {letters}")
    return letters / took


def limit(letters: int, connections: int) -> float:
    """Return how many messages a second `smtp-source` hands over."""
    program = ["smtp-source", "-d", "-s", str(connections), "-m", str(letters)]
    began = time.perf_counter()
    subprocess.run([*program, "-l", "6000", f"127.0.0.1:{PORT}"], check=True)
    return letters / (time.perf_counter() - began)


def main() -> None:
    """Print the medians and their ratio."""
    letters, connections, rounds = (
        int(sys.argv[at]) if len(sys.argv) > at else default
        for at, default in ((1, 20_000), (2, 10), (3, 5))
    )
    if not shutil.which("smtp-sink"):
        raise SystemExit("There is no smtp-sink. On Debian: apt install postfix")
    with sink():
        pairs = [
            (ours(letters, connections), limit(letters, connections))
            for _ in range(rounds)
        ]
    mine, source = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"{letters:,} letters, {connections} connections: ours {mine:,.0f}/s, "
        f"smtp-source -d {source:,.0f}/s, ratio {ratio:.2f} (medians of {rounds})"
    )


if __name__ == "__main__":
    main()
