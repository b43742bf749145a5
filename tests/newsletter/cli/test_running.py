"""`newsletter run` as a process: asked to end in mid-issue, it ends in good order."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import db, fence
from newsletter.config.example import example_toml
from newsletter.demo import MailServer
from newsletter.slots import WEEKDAYS
from newsletter.tables import DeliveryStatus, Installation
from subscribers import audience
from subscribers.tokens import Purpose, TokenSigner
from tests.factories import make_subscriber, make_tip
from tests.newsletter.sender.week import standing

PROGRAM = Path(sys.executable).with_name("newsletter")
READERS = 24
PATIENCE = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    """A mail server that keeps what it receives."""
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        yield server


@pytest.fixture
def folder(_database: Path, tmp_path: Path, server: MailServer) -> Path:
    """Settings for that server, and a week whose moment was an hour ago."""
    moment = datetime.now(UTC) - timedelta(hours=1)
    settings = {
        "newsletter.secret": "a secret of the tests, longer than it must be",
        "schedule.weekday": WEEKDAYS[moment.weekday()],
        "schedule.time": f"{moment:%H:%M}",
        "delivery.allow_reserved": True,
        "smtp.host": "127.0.0.1",
        "smtp.port": server.port,
        "smtp.security": "none",
        "smtp.max_per_second": 20,
    }
    (tmp_path / "config.toml").write_text(example_toml(settings), "utf-8")
    shutil.copy(_database, tmp_path / "newsletter.db")
    with db.transaction(engine_of(tmp_path)) as session:
        session.get_one(Installation, 1).created_at = moment - timedelta(days=1)
        make_tip(session, "tip-1")
        for number in range(READERS):
            make_subscriber(session, f"r{number}@example.org")
    return tmp_path


def engine_of(folder: Path) -> db.Engine:
    """Return an engine on the database in *folder*."""
    return db.connect(f"sqlite:///{folder / 'newsletter.db'}")


def start(folder: Path) -> subprocess.Popen[str]:
    """Start the main job."""
    return subprocess.Popen(
        [PROGRAM, "run"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("NEWSLETTER_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def end(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Ask a process to end; see that it does so in good order."""
    process.send_signal(number)
    try:
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_in_mid_issue_it_finishes_the_letters_in_hand(
    folder: Path, server: MailServer, number: signal.Signals
) -> None:
    """Exit code 0, nothing in doubt; the next start sends the rest exactly once."""
    first = start(folder)
    until(lambda: len(server.recipients) >= 4)
    said = end(first, number)

    stopped = standing(engine_of(folder))
    received = len(server.recipients)
    assert received < READERS
    assert stopped == {
        DeliveryStatus.SENT: received,
        DeliveryStatus.PENDING: READERS - received,
    }
    assert "Running on sqlite:////" in said
    assert "the letters in hand were finished" in said

    second = start(folder)
    until(lambda: standing(engine_of(folder)) == {DeliveryStatus.SENT: READERS})
    end(second, number)

    assert Counter(server.recipients) == dict.fromkeys(
        (f"r{n}@example.org" for n in range(READERS)), 1
    )


def test_a_wrong_setting_ends_it_at_once(folder: Path) -> None:
    """Not on Tuesday morning: without a secret it does not even start."""
    config = (folder / "config.toml").read_text("utf-8")
    secret = 'secret = "a secret of the tests, longer than it must be"'
    (folder / "config.toml").write_text(config.replace(secret, 'secret = ""'), "utf-8")

    ended = subprocess.run(
        [PROGRAM, "run"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 78
    assert "newsletter init" in ended.stderr


def test_a_relay_that_is_away_is_waited_for(folder: Path) -> None:
    """Nobody pays for it: every letter is pending, and the log says why."""
    config = (folder / "config.toml").read_text("utf-8")
    port = next(line for line in config.split("\n") if line.startswith("port = "))
    (folder / "config.toml").write_text(config.replace(port, "port = 1"), "utf-8")
    process = start(folder)
    assert process.stderr is not None
    heard = next(line for line in process.stderr if "relay away" in line)
    end(process, signal.SIGTERM)

    assert "WARNING" in heard
    assert "127.0.0.1:1 cannot be reached" in heard
    assert standing(engine_of(folder)) == {DeliveryStatus.PENDING: READERS}


def test_a_copy_does_not_even_begin(folder: Path, server: MailServer) -> None:
    """It ends with 1 and says what to do; nobody is mailed."""
    with db.transaction(engine_of(folder)) as session:
        fence.withhold(session)

    ended = subprocess.run(
        [PROGRAM, "--config", folder / "config.toml", "run"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert ended.returncode == 1
    assert "it was restored from a backup" in ended.stderr
    assert "newsletter takeover" in ended.stderr
    assert len(server.recipients) == 0


def test_it_reads_the_mailbox_meanwhile(folder: Path, server: MailServer) -> None:
    """Who asks by mail in mid-issue is off the list, and gets no letter any more."""
    maildir = folder / "Maildir"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    config = (folder / "config.toml").read_text("utf-8")
    for name, value in (("kind", "maildir"), ("path", "Maildir"), ("every", "1s")):
        config = re.sub(rf"(?m)^# {name} = .*", f'{name} = "{value}"', config)
    (folder / "config.toml").write_text(config, "utf-8")
    secret = "a secret of the tests, longer than it must be"
    token = TokenSigner([secret.encode()]).sign(Purpose.UNSUBSCRIBE, READERS)
    process = start(folder)
    until(lambda: len(server.recipients) >= 2)
    mail = maildir / "new" / "1.host"
    mail.write_text(f"Subject: unsubscribe {token}\n\n")

    until(lambda: not mail.exists())
    end(process, signal.SIGTERM)

    assert (maildir / "cur" / "1.host:2,S").exists()
    with db.transaction(engine_of(folder)) as session:
        assert audience.count_mailable(session) == READERS - 1
