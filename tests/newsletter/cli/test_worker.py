"""`newsletter worker`, and what the other commands do when there is a queue."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter import db
from newsletter.config.example import example_toml
from newsletter.demo import MailServer
from newsletter.slots import WEEKDAYS
from newsletter.tables import DeliveryStatus, Installation
from tests.factories import make_subscriber, make_tip
from tests.newsletter.sender.week import standing

# There is no other queue.
pytestmark = pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)

PROGRAM = Path(sys.executable).with_name("newsletter")
READERS = 60
PATIENCE = 40
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    """A mail server that keeps what it receives."""
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        yield server


@pytest.fixture
def folder(empty_engine: Engine, tmp_path: Path, server: MailServer) -> Path:
    """Settings with a queue, and a week whose moment was an hour ago."""
    moment = datetime.now(UTC) - timedelta(hours=1)
    settings = {
        "newsletter.secret": "a secret of the tests, longer than it must be",
        "database.url": empty_engine.url.render_as_string(hide_password=False),
        "schedule.weekday": WEEKDAYS[moment.weekday()],
        "schedule.time": f"{moment:%H:%M}",
        "delivery.allow_reserved": True,
        "smtp.host": "127.0.0.1",
        "smtp.port": server.port,
        "smtp.security": "none",
        "smtp.max_per_second": 40,
        "queue.enabled": True,
    }
    (tmp_path / "config.toml").write_text(example_toml(settings), "utf-8")
    db.upgrade(empty_engine, now=moment - timedelta(days=1))
    with db.transaction(empty_engine) as session:
        session.get_one(Installation, 1).created_at = moment - timedelta(days=1)
        make_tip(session, "tip-1")
        for number in range(READERS):
            make_subscriber(session, f"r{number}@example.org")
    return tmp_path


@pytest.fixture
def program(folder: Path) -> Program:
    """Run a command to its end; it never shows a traceback."""

    def call(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [PROGRAM, *words],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert "Traceback" not in ended.stderr
        assert ended.returncode == code, ended.stderr
        return ended

    return call


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command that goes on until it is asked to end."""
    return subprocess.Popen(
        [PROGRAM, *words],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("NEWSLETTER_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> str:
    """Ask a process to end; see that it does so in good order."""
    process.send_signal(signal.SIGTERM)
    try:
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return said


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_run_opens_the_week_and_workers_send_it(
    folder: Path, program: Program, server: MailServer, empty_engine: Engine
) -> None:
    """Asked to end in mid-issue, a worker finishes what it has; the next sends all."""
    program("upgrade")
    coordinator = start(folder, "run")
    first = start(folder, "worker", "--concurrency", "2")
    until(lambda: len(server.recipients) >= 4)
    said = end(first)
    stopped = standing(empty_engine)
    received = len(server.recipients)
    second = start(folder, "worker")
    until(lambda: standing(empty_engine) == {DeliveryStatus.SENT: READERS})
    end(second)
    opened = end(coordinator)

    assert received < READERS
    assert stopped == {
        DeliveryStatus.SENT: received,
        DeliveryStatus.PENDING: READERS - received,
    }
    assert "the letters in hand were finished" in said
    assert "issue opened" in opened
    assert sorted(server.recipients) == sorted(
        f"r{number}@example.org" for number in range(READERS)
    )


@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_queue_that_was_not_made_ends_it_at_once(
    program: Program, command: str
) -> None:
    """69, with the command that makes it."""
    assert "newsletter upgrade" in program(command, code=69).stderr


def test_doctor_looks_at_the_queue(program: Program) -> None:
    """An error before `upgrade`, well after it."""
    before = program("doctor", code=1).stdout
    program("upgrade")
    after = program("doctor", code=1).stdout

    queue = [
        next(line for line in shown.splitlines() if line.startswith("Queue"))
        for shown in (before, after)
    ]
    assert "error" in queue[0]
    assert "ok" in queue[1]


def test_a_worker_without_a_queue_says_what_to_set(
    folder: Path, program: Program
) -> None:
    """78: no worker waits for ever for what nobody hands out."""
    config = (folder / "config.toml").read_text("utf-8")
    (folder / "config.toml").write_text(
        config.replace("enabled = true", "enabled = false"), "utf-8"
    )

    assert "queue.enabled" in program("worker", code=78).stderr


def test_a_part_that_is_not_installed_is_named(folder: Path) -> None:
    """78 and the line that installs it."""
    hidden = "import sys; sys.modules['procrastinate'] = None; "
    main = "from newsletter.cli import main; sys.argv = ['newsletter', 'run']; main()"

    ended = subprocess.run(
        [sys.executable, "-c", hidden + main],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 78, ended.stderr
    assert "pip install 'newsletter[distributed]'" in ended.stderr
