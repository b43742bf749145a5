"""The engine, sessions, and what differs between SQLite and PostgreSQL.

Everybody who needs the database comes through `connect`, so that every connection has
the same manners: foreign keys on, write-ahead log, and a writer that waits its turn
instead of failing half-way.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, column, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlmodel import Session, SQLModel

from newsletter import migrations
from newsletter.config import Durability
from newsletter.errors import DatabaseProblem
from newsletter.tables import Installation

__all__ = [
    "Engine",
    "Session",
    "check",
    "connect",
    "failures_said",
    "insert_once",
    "installation",
    "shown",
    "transaction",
    "upgrade",
]

# How long a writer waits for another one before it gives up.
BUSY_TIMEOUT_MS = 30_000
# Any number will do, as long as it stays the same.
UPGRADE_LOCK = 20_261_124


def connect(url: str, *, durability: Durability = Durability.FULL) -> Engine:
    """Return an engine for *url*; nothing is opened until it is used.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        durability: whether a commit waits until it would survive a power cut.

    Raises:
        DatabaseProblem: the URL names another kind of database, or is no URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseProblem(
            "database.url is not a database URL. Write sqlite:///newsletter.db or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            engine = create_engine(parsed)
            _give_sqlite_manners(engine, durability)
            return engine
        case "postgresql":
            waits = "on" if durability is Durability.FULL else "off"
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={"options": f"-c synchronous_commit={waits}"},
            )
        case other:
            raise DatabaseProblem(
                f"database.url names {other!r}; only sqlite and postgresql are known."
            )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session, commit when the block ends well, roll back when it does not.

    Raises:
        DatabaseProblem: it went away, its disk is full, or the like.
    """
    with failures_said(engine), Session(engine, expire_on_commit=False) as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        session.commit()


@contextmanager
def failures_said(engine: Engine) -> Iterator[None]:
    """Say in words what keeps the database from working.

    Raises:
        DatabaseProblem: it went away, its disk is full, or the like.
    """
    try:
        yield
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise DatabaseProblem(
            f"The database {shown(engine)} failed: {reason}. What was recorded before "
            "is safe. Mend that, then start again; it goes on where it stopped."
        ) from error


def upgrade(engine: Engine, *, now: datetime) -> None:
    """Bring the tables to what this release needs, and found the installation.

    A new database gets them all. Running it again changes nothing; two processes that
    run it at once take turns.

    Raises:
        DatabaseProblem: it cannot be opened.
    """
    with _opened(engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        alembic = AlembicConfig()
        alembic.set_main_option("script_location", "newsletter:migrations")
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
    with transaction(engine) as session:
        found = {"id": 1, "uid": str(uuid4()), "created_at": now}
        insert_once(session, Installation, found)


def check(engine: Engine) -> None:
    """See that the database can be used by this release.

    Raises:
        DatabaseProblem: it cannot be reached, or is of another release.
    """
    with _opened(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    if found == scripts.get_current_head():
        return
    if found is None:
        why = "has no tables yet. Make them with `newsletter upgrade`."
    elif found in {script.revision for script in scripts.walk_revisions()}:
        why = "is of an older release. Run `newsletter upgrade`; it loses nothing."
    else:
        why = f"is of a newer release ({found}). Install that release."
    raise DatabaseProblem(f"The database {shown(engine)} {why}")


@contextmanager
def _opened(engine: Engine) -> Iterator[Connection]:
    """Connect, and see that what answers is a database."""
    try:
        connection = engine.connect()
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
    except DatabaseError as error:
        raise DatabaseProblem(
            f"The database {shown(engine)} cannot be opened: {error.orig}. "
            "Check database.url."
        ) from error
    with connection:
        yield connection


def shown(engine: Engine) -> str:
    """Return the database's URL without its password."""
    return engine.url.render_as_string(hide_password=True)


def installation(session: Session) -> Installation:
    """Return the installation that this database belongs to.

    Raises:
        DatabaseProblem: it was never founded; `newsletter upgrade` does.
    """
    found = session.get(Installation, 1)
    if found is None:
        raise DatabaseProblem(
            "The database belongs to no installation yet. Run `newsletter upgrade`."
        )
    return found


def insert_once(
    session: Session, table: type[SQLModel], values: Mapping[str, object]
) -> int | None:
    """Insert a row unless a unique index already knows it.

    Returns:
        The new row's id; None when it was there before, whoever put it there.
    """
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else pg_insert
    statement = insert(table).values(**values).on_conflict_do_nothing()
    made = session.execute(statement.returning(column("id"))).scalar()
    return None if made is None else int(made)


def _give_sqlite_manners(engine: Engine, durability: Durability) -> None:
    file = engine.url.database

    @event.listens_for(engine, "do_connect")
    def _keep_to_ourselves(*_how: object) -> None:
        # A new file holds addresses soon, so only its owner may read it.
        if file and file != ":memory:":
            with contextlib.suppress(OSError):
                # What is wrong with the path is said by the driver, next.
                Path(file).touch(mode=0o600, exist_ok=True)

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy, not the driver, says when a transaction begins.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "foreign_keys = ON",
            "journal_mode = WAL",
            f"synchronous = {durability.upper()}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin_as_a_writer(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for another
        # writer (SQLITE_BUSY_SNAPSHOT); one that is a writer from the start can.
        readonly = connection.get_execution_options().get("readonly", False)
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
