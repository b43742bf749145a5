"""An installation to kill: its settings, its readers, its sending processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, insert, select
from sqlmodel import Session, col
from typer.testing import CliRunner

from newsletter import db
from newsletter.cli.program import app
from newsletter.config.example import example_toml
from newsletter.sender import utc_now
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.tables import Subscriber, SubscriberStatus
from tests.crash.nursery import Born, Nursery
from tests.crash.runner import Plan
from tests.factories import OPENED_AT, make_tip

FIRST_SLOT = Slot(2099, 10)
PROGRAM = Path(sys.executable).with_name("newsletter")
ROOT = Path(__file__).parents[2]
PARAGRAPH = "Say what happens next, and who does it, and by when. "
# Nothing here takes so long; a test that hangs must end.
PATIENCE_SECONDS = 120.0


@dataclass
class Sending:
    """A process that sends, and what it was told."""

    name: str
    process: "subprocess.Popen[bytes] | Born"
    said: Path
    began: float

    @property
    def has_ended(self) -> bool:
        """Tell whether it ended, by itself or not."""
        return self.process.poll() is not None

    @property
    def code(self) -> int:
        """How it ended: an exit code, or minus the signal."""
        return self.process.wait(PATIENCE_SECONDS)

    @property
    def was_killed(self) -> bool:
        """Wait for its end, and tell whether SIGKILL was it."""
        return self.code == -signal.SIGKILL

    @property
    def words(self) -> str:
        """What it said, both to the operator and as its last words."""
        return self.said.read_text("utf-8", "replace")

    def ask_to_end(self) -> float:
        """Send SIGTERM and wait; return how many seconds it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_SECONDS)
        return time.monotonic() - asked

    def kill(self) -> bool:
        """End it by SIGKILL; tell whether it had not ended before."""
        with_us = not self.has_ended
        if with_us:
            self.process.send_signal(signal.SIGKILL)
        return self.was_killed and with_us


@dataclass
class House:
    """One installation: a database, a list of readers, a folder with the settings.

    With a nursery, its processes need not read the program from the disk.
    """

    engine: Engine
    folder: Path
    readers: int
    settings: Mapping[str, object]
    processes: list[Sending] = field(default_factory=list)
    nursery: Nursery | None = None

    @property
    def everybody(self) -> set[str]:
        """The readers' addresses."""
        return {f"r{number}@example.org" for number in range(self.readers)}

    @property
    def config(self) -> Path:
        """The file of the settings."""
        return self.folder / "config.toml"

    def found(self) -> None:
        """Write the settings, make the tables and enter the readers."""
        url = self.engine.url.render_as_string(hide_password=False)
        ours = {
            "newsletter.secret": "x" * 40,
            "database.url": url,
            "delivery.allow_reserved": True,
            "smtp.host": "127.0.0.1",
            "smtp.security": "none",
            "library.warn_weeks": 0,
        }
        self.config.write_text(example_toml({**ours, **self.settings}), "utf-8")
        # Yesterday, so that a week that is due now is one of this installation's.
        db.upgrade(self.engine, now=utc_now() - timedelta(days=1))
        rows = [
            {
                "address": address,
                "address_key": address,
                "status": SubscriberStatus.ACTIVE,
                "created_at": OPENED_AT,
                "status_at": OPENED_AT,
            }
            for address in sorted(self.everybody)
        ]
        with db.transaction(self.engine) as session:
            session.execute(insert(Subscriber), rows)

    def add_tip(self, slug: str, *, paragraphs: int = 1) -> None:
        """Put a tip into the library, as long as it is to be."""
        with db.transaction(self.engine) as session:
            make_tip(session, slug, body=f"{PARAGRAPH}\n\n" * paragraphs)

    def start(
        self, *words: str, plan: Plan | None = None, on_its_own: bool = False
    ) -> Sending:
        """Start the program with these words; with a plan, through the runner.

        One that is on its own is as on another machine: it shares nothing with the
        others but the database.
        """
        name = f"p{len(self.processes)}"
        config = self._own_config(name) if on_its_own else self.config
        said = self.folder / f"{name}.txt"
        environment = {
            "NEWSLETTER_SMTP_HELLO_NAME": f"{name}.example",
            "PYTHONPATH": str(ROOT),
        }
        words = ("--config", str(config), *words)
        began = time.monotonic()
        process = (
            self.nursery.start(
                words,
                plan=plan or Plan(),
                environment=environment,
                folder=self.folder,
                said=said,
            )
            if self.nursery
            else self._program(words, plan, environment, said)
        )
        sending = Sending(name, process, said, began)
        self.processes.append(sending)
        return sending

    def _own_config(self, name: str) -> Path:
        """Return the settings in a folder that nobody else has."""
        folder = self.folder / name
        folder.mkdir()
        return Path(shutil.copy(self.config, folder))

    def _program(
        self,
        words: Sequence[str],
        plan: Plan | None,
        environment: Mapping[str, str],
        said: Path,
    ) -> "subprocess.Popen[bytes]":
        """Start the very program, or the runner."""
        runner = [sys.executable, "-m", "tests.crash.runner"]
        head = [str(PROGRAM)] if plan is None else [*runner, plan.as_json()]
        with said.open("wb") as out:
            return subprocess.Popen(
                [*head, *words],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                cwd=self.folder,
            )

    def send(self, slot: Slot, *, plan: Plan | None = None) -> Sending:
        """Start sending, or going on with, the issue of *slot*."""
        return self.start("send", "--slot", str(slot), "--yes", plan=plan)

    def finish(self, slot: Slot, *, plan: Plan | None = None) -> None:
        """Send until the issue is finished, with nobody killed any more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_finished(slot):
            assert time.monotonic() < deadline, self.processes[-1].words
            # What the dead had in hand is free at once, but for a commit of theirs
            # that a server still has to hear of, and what is with another machine.
            sending = self.send(slot, plan=plan)
            assert sending.code == 0, sending.words

    def wait_until_finished(self, slot: Slot, *, also: Sending) -> None:
        """Wait until the issue is over, while *also* works."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_finished(slot):
            assert time.monotonic() < deadline, also.words
            assert not also.has_ended, also.words
            time.sleep(0.1)

    def wait_for_leases(self) -> None:
        """Wait until nothing is in the hands of the dead any more."""
        with self._reading() as session:
            last = session.scalar(select(func.max(col(Delivery.lease_until))))
        if last:
            time.sleep(max(0.0, (last - utc_now()).total_seconds()))

    def letters(self, slot: Slot) -> Counter[DeliveryStatus]:
        """Count the letters of *slot* by where they stand."""
        with self._reading() as session:
            found = (
                select(col(Delivery.status))
                .join(Issue, col(Issue.id) == col(Delivery.issue_id))
                .where(col(Issue.slot) == str(slot))
            )
            return Counter(session.scalars(found))

    def end_all(self) -> None:
        """End whatever still runs."""
        for sending in self.processes:
            sending.kill()

    def is_finished(self, slot: Slot) -> bool:
        """Tell whether the issue of *slot* is over, all its letters done."""
        with self._reading() as session:
            found = select(col(Issue.status)).where(col(Issue.slot) == str(slot))
            return session.scalar(found) is IssueStatus.SENT

    def addresses(self, slot: Slot, *where: object) -> set[str]:
        """Return the readers whose letters of *slot* are such."""
        with self._reading() as session:
            found = (
                select(col(Subscriber.address))
                .join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id))
                .join(Issue, col(Issue.id) == col(Delivery.issue_id))
                .where(col(Issue.slot) == str(slot), *where)  # type: ignore[arg-type]
            )
            return set(session.scalars(found))

    def doubts(self, slot: Slot) -> dict[str, int]:
        """Return whose letter the ledger says to have been in doubt, and how often."""
        with self._reading() as session:
            found = (
                select(col(Subscriber.address), col(Delivery.doubts))
                .join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id))
                .join(Issue, col(Issue.id) == col(Delivery.issue_id))
                .where(col(Issue.slot) == str(slot), col(Delivery.doubts) > 0)
            )
            return {row.address: row.doubts for row in session.execute(found)}

    def held(self, slot: Slot) -> set[str]:
        """Return the readers whose letter is in doubt, and stays so."""
        return self.addresses(slot, col(Delivery.status) == DeliveryStatus.UNCERTAIN)

    def named_by_the_program(self, slot: Slot) -> set[str]:
        """Return the readers whom `newsletter issues show` names as uncertain."""
        words = ["--config", str(self.config), "issues", "show", str(slot), "--json"]
        shown = CliRunner().invoke(app, words)
        assert shown.exit_code == 0, shown.output
        troubles: Sequence[Mapping[str, str]] = json.loads(shown.output)["troubles"]
        uncertain = DeliveryStatus.UNCERTAIN.value
        return {each["address"] for each in troubles if each["status"] == uncertain}

    def _reading(self) -> Session:
        # On SQLite a reader must not keep the processes from writing.
        return Session(self.engine.execution_options(readonly=True))
