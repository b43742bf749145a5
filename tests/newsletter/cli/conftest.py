"""The program in a folder of its own: settings, a SQLite file, a clock that stands.

It is Tuesday, an hour after the moment of 2026-W48; letters become files.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory, TickingDateTimeFactory
from sqlmodel import Session
from typer.testing import CliRunner, Result

from newsletter import db
from newsletter.cli.program import COMMANDS, app
from newsletter.config.example import example_toml
from newsletter.db import Engine
from tests.factories import make_subscriber, make_tip

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
FOUNDED = datetime(2026, 11, 20, 12, tzinfo=UTC)
# The durations of tests are real, and so are the types that typer looks for.
REAL = ["_pytest.timing", "_pytest.runner", "typer"]
SECRET = "a secret of the tests, longer than it must be"
SETTINGS: Mapping[str, object] = {
    "newsletter.secret": SECRET,
    "delivery.transport": "file",
    "links.home": "https://www.example.com/",
}
# Their annotations must name the real `datetime`, as in a program that is not frozen.
for _module, _ in COMMANDS.values():
    import_module(f"newsletter.cli.{_module}")


@dataclass
class Program:
    """`newsletter`, as an operator calls it in one folder."""

    folder: Path
    clock: FrozenDateTimeFactory | TickingDateTimeFactory

    def __call__(self, *words: str, code: int = 0, typed: str = "") -> Result:
        """Run a command; see that it ends with *code* and never with a traceback."""
        unset = {name: None for name in os.environ if name.startswith("NEWSLETTER_")}
        config = ("--config", str(self.folder / "config.toml"))
        runner = CliRunner(env=unset)
        result = runner.invoke(app, [*config, *words], input=typed)
        assert isinstance(result.exception, SystemExit | None), result.exc_info
        assert "Traceback" not in result.output
        assert result.exit_code == code, result.output
        return result

    def settings(self, **values: object) -> None:
        """Write the settings anew; ``section__key`` says which."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        text = example_toml({**SETTINGS, **named})
        (self.folder / "config.toml").write_text(text, "utf-8")

    def engine(self) -> Engine:
        """Return an engine on the program's database; the test disposes of it."""
        return db.connect(f"sqlite:///{self.folder / 'newsletter.db'}")

    def add_unmailable(self, address: str = "a,b@example.org") -> None:
        """Put somebody on the list whose address no message can be written to."""
        engine = self.engine()
        with db.transaction(engine) as session:
            make_subscriber(session, address)
        engine.dispose()

    @property
    def outbox(self) -> list[str]:
        """The names of the letters that were written."""
        return sorted(path.name for path in (self.folder / "outbox").glob("*.eml"))


@pytest.fixture(scope="session")
def _database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("founded") / "newsletter.db"
    engine = db.connect(f"sqlite:///{path}")
    db.upgrade(engine, now=FOUNDED)
    engine.dispose()
    return path


@pytest.fixture
def empty(
    _database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    """A program that was just founded: no tips, no readers."""
    # Whatever a command writes without being told where lands here.
    monkeypatch.chdir(tmp_path)
    shutil.copy(_database, tmp_path / "newsletter.db")
    with freeze_time(NOW, tick=True, real_asyncio=True, ignore=REAL) as clock:
        program = Program(tmp_path, clock)  # type: ignore[arg-type]
        program.settings()
        yield program


@pytest.fixture
def program(empty: Program) -> Program:
    """A program with ten tips, the third a draft, and three readers, one gone."""
    engine = empty.engine()
    with Session(engine) as session:
        for number in range(1, 11):
            facts: dict[str, Any] = {"status": "draft"} if number == 3 else {}
            make_tip(session, f"tip-{number}", position=number, **facts)
        make_subscriber(session, "zoe@example.org", name="Zoë Krüger")
        make_subscriber(session, "bob@example.net", name="Bob")
        gone: Any = "unsubscribed"
        make_subscriber(session, "gone@example.org", name="Ann", status=gone)
        session.commit()
    engine.dispose()
    return empty
