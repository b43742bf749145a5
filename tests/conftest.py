"""Fixtures that every test may use: a clean database on each engine, and a clock.

`engine` and `session` run a test twice: on a SQLite file and on a real PostgreSQL that
comes as a wheel and is started once for each test process.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event, make_url, text
from sqlmodel import Session, SQLModel

from newsletter import db, tables
from newsletter.ledger.rows import Prepared
from tests.imap import ImapServer, imap_server
from tests.servers import postgresql_server

# A machine that is busy with other things must not fail a property.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

assert tables  # the metadata must know every table before it creates them

SHARED = Path(__file__).parents[2] / "shared"
# How statements begin that ask nothing.
SETTINGS = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "SET LOCAL")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL server of our own."""
    with postgresql_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def _postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    engine = db.connect(postgresql_url)
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = db.connect(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on an empty database with every table, on each of the two engines."""
    if request.param == "sqlite":
        path = tmp_path / "newsletter.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        engine = db.connect(f"sqlite:///{path}")
        yield engine
        engine.dispose()
        return
    engine = request.getfixturevalue("_postgresql_engine")
    names = ", ".join(f'"{table}"' for table in SQLModel.metadata.tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield engine


@pytest.fixture
def released(engine: Engine) -> Iterator[Engine]:
    """The same engine on a database that says which release it is of."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        stamp = text("INSERT INTO alembic_version VALUES (:head)")
        connection.execute(stamp, {"head": db.head()})
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database without a single table, on each of the two engines."""
    if request.param == "sqlite":
        engine = db.connect(f"sqlite:///{tmp_path / 'blank.db'}")
        yield engine
        engine.dispose()
        return
    url = request.getfixturevalue("postgresql_url")
    admin = db.connect(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS blank WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE blank"))
    engine = db.connect(str(make_url(url).set(database="blank")))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE blank WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the empty database; the test commits when it wants to."""
    with Session(engine) as session:
        yield session


@pytest.fixture
def count_queries(engine: Engine) -> Callable[[], AbstractContextManager[list[str]]]:
    """Collect the statements that a ``with`` block sends, but no BEGIN and the like."""

    @contextmanager
    def collecting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(*args: object) -> None:
            statement = str(args[2])
            if not statement.startswith(SETTINGS):
                statements.append(statement)

        def run(prepared: Prepared, *words: Any, **values: object) -> Any:
            statements.append(prepared.text)
            return go_straight(prepared, *words, **values)

        # What is prepared goes to the driver, past SQLAlchemy's ears.
        go_straight = Prepared.run
        event.listen(engine, "before_cursor_execute", note)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Prepared, "run", run)
            yield statements
        event.remove(engine, "before_cursor_execute", note)

    return collecting


@pytest.fixture(scope="session")
def _imap_server() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


@pytest.fixture
def imap(_imap_server: ImapServer) -> ImapServer:
    """A real IMAP server with one account, whose INBOX is empty."""
    _imap_server.empty()
    return _imap_server


@pytest.fixture
def now() -> datetime:
    """A Sunday morning in UTC, two days before a Tuesday."""
    return NOW


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real-world inputs beside the checkout.

    CI has it and fails without it; elsewhere the test says what it would have read.
    """
    if not SHARED.is_dir():
        missing = f"this test reads real-world inputs from {SHARED}, which is missing"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return SHARED
