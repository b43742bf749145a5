"""The engine, sessions, and what differs between SQLite and PostgreSQL.

Everybody who needs the database comes through `connect`, so that every connection has
the same manners: foreign keys on, write-ahead log, and a writer that waits its turn
instead of failing half-way.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, column, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlmodel import Session, SQLModel

from newsletter import (
    migrations,
    search,  # noqa: F401 - the metadata must know the index of words, too
)
from newsletter.config import Durability
from newsletter.errors import DatabaseProblem
from newsletter.tables import Installation

__all__ = [
    "Durability",
    "Engine",
    "KeptSession",
    "Session",
    "check",
    "connect",
    "conninfo",
    "failures_said",
    "head",
    "insert_once",
    "installation",
    "kept_session",
    "shown",
    "snapshot",
    "transaction",
    "upgrade",
]

# How long a writer waits for another one before it gives up.
BUSY_TIMEOUT_MS = 30_000
# How often a writer looks whom somebody waits for.
LOOK_AGAIN_SECONDS = 0.0005
# Of one process at most: a dozen threads of the site, and those that send. All are kept
# once they were needed: to open one for each click and close it again was measured to
# take longer than the click.
CONNECTIONS = 15
# Any number will do, as long as it stays the same.
UPGRADE_LOCK = 20_261_124

# A machine that is cut off from the database hears nothing, not even that the line is
# dead; the defaults of Linux would let it wait for 15 minutes to 2 hours. So either
# side asks after 15 s of silence and gives up 15 s later, and 30 s after something it
# said was not heard. That is far below a lease, and longer than a switch needs to
# restart. What database.url says of them wins.
LINK = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# The same for the server's side: a transaction of a client that is gone holds its rows
# locked until the server notices, and whoever takes up lapsed leases waits for them.
# The last one ends the transaction of a client that still answers but was stopped.
SERVER_LINK = {
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "idle_in_transaction_session_timeout": "600000",
}


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
    # The fence asks for it, to know whether a commit is on the disk.
    manners = {"durability": durability}
    match parsed.get_backend_name():
        case "sqlite":
            engine = create_engine(parsed, **_pool(parsed), execution_options=manners)
            _give_sqlite_manners(engine, durability)
            return engine
        case "postgresql":
            waits = "on" if durability is Durability.FULL else "off"
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_size=CONNECTIONS,
                max_overflow=0,
                pool_pre_ping=True,
                execution_options=manners,
                connect_args={
                    **_link(parsed),
                    "options": _options(synchronous_commit=waits, **SERVER_LINK),
                },
            )
        case other:
            raise DatabaseProblem(
                f"database.url names {other!r}; only sqlite and postgresql are known."
            )


def _pool(url: URL) -> dict[str, int]:
    """Return the pool's size for SQLite; what is in memory has one of its own kind."""
    if url.database in (None, "", ":memory:"):
        return {}
    return {"pool_size": CONNECTIONS, "max_overflow": 0}


def conninfo(engine: Engine) -> str:
    """Return how another client of libpq reaches the same PostgreSQL database.

    Its connections have the same patience as ours. It holds the password.

    Source: PostgreSQL, "Keyword/Value Connection Strings".
    """
    url = engine.url
    found = url.translate_connect_args(username="user", database="dbname")
    values = {**LINK, **found, **url.query, "options": _options(**SERVER_LINK)}
    return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _link(url: URL) -> dict[str, str]:
    """Return the patience of a connection, but for what *url* says of it itself."""
    return {name: value for name, value in LINK.items() if name not in url.query}


def _options(**settings: str) -> str:
    """Return settings of the server as a connection asks for them."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


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


class KeptSession(Session):
    """A session whose commits go straight to the driver.

    SQLAlchemy sees one long transaction. The driver ends it at each commit, and begins
    another by itself in front of the next statement that writes.
    """

    def commit(self) -> None:
        """Commit what was written since the last commit."""
        self.flush()
        connection = self.connection()
        connection.dialect.do_commit(connection.connection)
        self.expire_all()


@contextmanager
def kept_session(engine: Engine) -> Iterator[KeptSession]:
    """Open a session that keeps its connection from one commit to the next.

    For whoever commits hundreds of times a second: taking a connection out of the pool
    each time was measured to double the cost of a small transaction on SQLite, and a
    transaction of SQLAlchemy's for each commit adds 20 µs.
    """
    with failures_said(engine), engine.connect() as connection:
        connection.execution_options(driver_begins=True)
        driver: Any = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            driver.isolation_level = "IMMEDIATE"
        with KeptSession(connection) as session:
            try:
                yield session
            except BaseException:
                # Whatever the driver had open ends with it.
                connection.invalidate()
                raise
        if engine.dialect.name == "sqlite":
            driver.isolation_level = None


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Open a session that reads the database as of one instant.

    Nobody waits for it, not even a writer, and it waits for nobody.
    """
    options: dict[str, Any] = {"readonly": True}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with Session(engine.execution_options(**options)) as session:
        yield session


@contextmanager
def failures_said(engine: Engine) -> Iterator[None]:
    """Say in words what keeps the database from working.

    Raises:
        DatabaseProblem: it went away, its disk is full, or the like.
    """
    try:
        yield
    except (OperationalError, engine.dialect.loaded_dbapi.OperationalError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
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
        nobodys = {"seat": "", "high_water": 0, "place": ""}
        found = {"id": 1, "uid": str(uuid4()), "created_at": now, **nobodys}
        insert_once(session, Installation, found)


def check(engine: Engine) -> None:
    """See that the database can be used by this release.

    Raises:
        DatabaseProblem: it cannot be reached, or is of another release.
    """
    # A reader waits for nobody, so this can be asked in the middle of a long write.
    with _opened(engine.execution_options(readonly=True)) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    scripts = _scripts()
    if found == head():
        return
    if found is None:
        why = "has no tables yet. Make them with `newsletter upgrade`."
    elif found in {script.revision for script in scripts.walk_revisions()}:
        why = "is of an older release. Run `newsletter upgrade`; it loses nothing."
    else:
        why = f"is of a newer release ({found}). Install that release."
    raise DatabaseProblem(f"The database {shown(engine)} {why}")


def head() -> str:
    """Return the revision of the tables that this release needs."""
    return str(_scripts().get_current_head())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(migrations.__file__).parent))


@contextmanager
def _opened(engine: Engine) -> Iterator[Connection]:
    """Connect, and see that what answers is a database."""
    try:
        connection = engine.connect()
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
    except DatabaseError as error:
        # What follows on further lines of PostgreSQL's are guesses, put as questions.
        reason = str(error.orig).partition("\n")[0].rstrip(".")
        raise DatabaseProblem(
            f"The database {shown(engine)} cannot be opened: {reason}. "
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
        options = connection.get_execution_options()
        if options.get("impatient", False):
            _begin_soon(connection)
        elif not options.get("driver_begins", False):
            readonly = options.get("readonly", False)
            connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


def _begin_soon(connection: Connection) -> None:
    """Begin as a writer as soon as another one leaves a gap.

    SQLite itself waits up to 0.1 s between two looks, while the sender of an issue is
    gone for a millisecond or two at a time.
    """
    own: Any = connection.connection.dbapi_connection
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    own.execute("PRAGMA busy_timeout = 0")
    while not own.in_transaction and time.monotonic() < until:
        try:
            own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            time.sleep(LOOK_AGAIN_SECONDS)
    own.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if not own.in_transaction:
        # Waits once more, and fails as everything does that SQLAlchemy runs.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
