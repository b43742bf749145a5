"""The tables that Procrastinate keeps its queue in: made, brought up to date, checked.

Which of its changes were made is noted in the comment of its main table, since it
keeps no such note itself.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager

from newsletter import db
from newsletter.db import Engine, Session
from newsletter.errors import DatabaseProblem
from newsletter.queue.borrowed import Borrowed

# Any number will do, as long as it stays the same, and is not that of `db`.
INSTALL_LOCK = 20_261_125
NOTE = "newsletter: up to "

_STANDING = """
SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS there,
       obj_description(to_regclass('procrastinate_jobs'), 'pg_class') AS note
"""


def install(engine: Engine) -> None:
    """Make the queue, or bring it to the Procrastinate that is installed.

    Running it again changes nothing; two processes that run it at once take turns.

    Raises:
        DatabaseProblem: the queue there is somebody else's.
    """
    # One transaction each: PostgreSQL lets nobody use a new value of an enumeration in
    # the transaction that adds it.
    while _take_a_step(engine):
        pass


def _take_a_step(engine: Engine) -> bool:
    """Make the queue, or the oldest change that it lacks; tell whether there is one."""
    with db.transaction(engine) as session:
        connector = Borrowed(session)
        connector.execute_query(f"SELECT pg_advisory_xact_lock({INSTALL_LOCK})")
        found = _found(engine, session)
        missing = [change for change in _changes() if change.name > (found or "")]
        if not missing:
            return False
        if found is None:
            SchemaManager(connector).apply_schema()
            made = missing[-1]
        else:
            made = missing[0]
            connector.execute_query(made.read_text("utf-8").replace("%", "%%"))
        note = f"{NOTE}{made.name}"
        connector.execute_query(f"COMMENT ON TABLE procrastinate_jobs IS '{note}'")
    return True


def check(engine: Engine) -> None:
    """See that the queue is there, as this Procrastinate needs it.

    Raises:
        DatabaseProblem: it is not; `newsletter upgrade` makes it.
    """
    with db.transaction(engine) as session:
        found = _found(engine, session)
    if found is None or found < _changes()[-1].name:
        raise DatabaseProblem(
            f"The database {db.shown(engine)} has no queue for this release yet. Run "
            "`newsletter upgrade`, or set queue.enabled to false."
        )


def _found(engine: Engine, session: Session) -> str | None:
    """Return the newest change that the queue has; None when there is no queue."""
    standing = Borrowed(session).execute_query_one(_STANDING)
    note = str(standing["note"] or "")
    if not standing["there"]:
        return None
    if not note.startswith(NOTE):
        raise DatabaseProblem(
            f"The database {db.shown(engine)} has a Procrastinate queue that this "
            "program did not make. Give the newsletter a database of its own."
        )
    return note.removeprefix(NOTE)


def _changes() -> list[Path]:
    """Return the changes that Procrastinate's own releases made, oldest first."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
