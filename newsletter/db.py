"""The engine, sessions, and what differs between SQLite and PostgreSQL.

Everybody who needs the database comes through `connect`, so that every connection has
the same manners: foreign keys on, write-ahead log, and a writer that waits its turn
instead of failing half-way.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from newsletter.errors import DatabaseProblem

# How long a writer waits for another one before it gives up.
BUSY_TIMEOUT_MS = 30_000


def connect(url: str) -> Engine:
    """Return an engine for *url*; nothing is opened until it is used.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

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
            _give_sqlite_manners(engine)
            return engine
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True
            )
        case other:
            raise DatabaseProblem(
                f"database.url names {other!r}; only sqlite and postgresql are known."
            )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session, commit when the block ends well, roll back when it does not."""
    with Session(engine, expire_on_commit=False) as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        session.commit()


def _give_sqlite_manners(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy, not the driver, says when a transaction begins.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "foreign_keys = ON",
            "journal_mode = WAL",
            # A letter that was recorded must still be recorded after a power cut.
            "synchronous = FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin_as_a_writer(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for another
        # writer (SQLITE_BUSY_SNAPSHOT); one that is a writer from the start can.
        readonly = connection.get_execution_options().get("readonly", False)
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
