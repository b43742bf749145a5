"""Killed at any moment, restarted at once: nobody forgotten, nobody mailed twice.

A real `newsletter send` is ended by SIGKILL again and again while it speaks with a
server that records what it accepts; what counts is what arrived. RFC 1047: a letter
whose answer was lost may have arrived, so under ``resend`` it may come twice, with the
ledger saying so, and under ``hold`` it may be missing, with the ledger saying so.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from newsletter import db
from newsletter.config.example import example_toml
from newsletter.demo import MailServer
from newsletter.sender import utc_now
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.tables import Subscriber
from tests.factories import make_subscriber, make_tip

READERS = 240
CONNECTIONS = 3
KILLS = 6
LEASE_SECONDS = 2
# Bounds the test: so many starts are more than enough to finish the issue.
MOST_STARTS = KILLS + 12
SLOT = Slot(2099, 10)
PROGRAM = Path(sys.executable).with_name("newsletter")


@pytest.fixture(params=[(1, "resend"), (2, "hold")], ids=["resend", "hold"])
def policy(request: pytest.FixtureRequest) -> tuple[int, str]:
    """A seed for the instants of the kills, and what is done with letters in doubt."""
    chosen: tuple[int, str] = request.param
    return chosen


@contextmanager
def installation(
    engine: Engine, folder: Path, uncertain: str
) -> Iterator[tuple[Path, MailServer]]:
    """A config file, a list and a library, and the server that they mail to."""
    with db.transaction(engine) as session:
        make_tip(session, "tip")
        for number in range(READERS):
            make_subscriber(session, f"r{number}@example.org")
    with MailServer(folder / "received", folder / "rendered") as server:
        values = {
            "newsletter.secret": "x" * 40,
            "database.url": engine.url.render_as_string(hide_password=False),
            "delivery.allow_reserved": True,
            "delivery.lease_seconds": LEASE_SECONDS,
            "delivery.uncertain": uncertain,
            "smtp.host": "127.0.0.1",
            "smtp.port": server.port,
            "smtp.security": "none",
            "smtp.timeout_seconds": 0.4,
            "smtp.connections": CONNECTIONS,
        }
        path = folder / "config.toml"
        path.write_text(example_toml(values), "utf-8")
        yield path, server


def start(config: Path) -> subprocess.Popen[bytes]:
    """Start sending, or going on with, the issue."""
    words = ["--config", str(config), "send", "--slot", str(SLOT), "--yes"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [PROGRAM, *words], stdout=quiet, stderr=quiet, env={**os.environ}
    )


def kill_in_the_middle(
    sending: subprocess.Popen[bytes], server: MailServer, chance: random.Random
) -> bool:
    """End the process by SIGKILL shortly after some more letters arrived."""
    enough = len(server.recipients) + chance.randrange(1, 30)
    while len(server.recipients) < enough and sending.poll() is None:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    was_killed = sending.poll() is None
    if was_killed:
        sending.send_signal(signal.SIGKILL)
    sending.wait()
    return was_killed


def is_finished(engine: Engine) -> bool:
    """Tell whether the issue ended."""
    with Session(engine) as session:
        return session.scalars(select(Issue)).one().status is IssueStatus.SENT


def in_doubt(engine: Engine, *where: object) -> set[str]:
    """Return the addresses of letters whose outcome was unknown at some time."""
    with Session(engine) as session:
        found = (
            select(col(Subscriber.address))
            .join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id))
            .where(col(Delivery.doubts) > 0, *where)  # type: ignore[arg-type]
        )
        return set(session.scalars(found))


def test_killed_again_and_again_nobody_is_forgotten_or_mailed_twice(
    empty_engine: Engine, tmp_path: Path, policy: tuple[int, str]
) -> None:
    """Every letter arrives once, but for those that the ledger knows were in doubt."""
    seed, uncertain = policy
    chance = random.Random(seed)  # noqa: S311 - instants, not secrets
    db.upgrade(empty_engine, now=utc_now())
    kills = 0

    with installation(empty_engine, tmp_path, uncertain) as (config, server):
        for _ in range(MOST_STARTS):
            sending = start(config)
            if kills < KILLS:
                kills += kill_in_the_middle(sending, server, chance)
            else:
                sending.wait()
                if is_finished(empty_engine):
                    break
            time.sleep(LEASE_SECONDS)

    arrived = Counter(server.recipients)
    everybody = {f"r{number}@example.org" for number in range(READERS)}
    doubtful = in_doubt(empty_engine)
    twice = {address for address, copies in arrived.items() if copies > 1}
    assert kills == KILLS
    assert is_finished(empty_engine)
    assert twice <= doubtful
    assert max(arrived.values()) <= 2
    assert len(doubtful) <= kills * CONNECTIONS
    if uncertain == "resend":
        assert set(arrived) == everybody
    else:
        held = in_doubt(empty_engine, col(Delivery.status) == DeliveryStatus.UNCERTAIN)
        assert twice == set()
        assert everybody - set(arrived) <= held == doubtful
