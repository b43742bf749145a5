"""Is the database itself sound: its pages, its references, its indexes?

What the rows say is asked in the rooms that own them. Here the promises are those of
the database, which all others rest on.
"""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, Table, func, select, text
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel

# Findings shown of one kind; more would say nothing new.
MOST = 5


def damaged(session: Session) -> list[str]:
    """Return what is wrong with the pages of the file, or with an index."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})").scalars()
        return [line for line in found if line != "ok"]
    return list(connection.execute(_INVALID).scalars())


def unlike_the_release(session: Session) -> list[str]:
    """Return the tables, columns, indexes and references that should be there.

    Whatever else lives in the database is none of our business.
    """
    context = MigrationContext.configure(session.connection())
    found = compare_metadata(context, SQLModel.metadata)
    lost = {step[1].name for step in found if step[0] == "add_table"}
    return [
        _words(step)
        for step in found
        if str(step[0]).startswith("add_")
        # Of a table that is not there, the indexes need not be named as well.
        and not (step[0] == "add_index" and step[1].table.name in lost)
    ][:MOST]


def dangling(session: Session) -> list[str]:
    """Return where rows point to rows that are not there."""
    return [
        f"{count} of {table.name} point to no {key.referred_table.name}"
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_key_constraints
        if (count := _pointing_nowhere(session.connection(), table, key))
    ]


def _pointing_nowhere(
    connection: Connection, table: Table, key: ForeignKeyConstraint
) -> int:
    """Count rows whose reference leads nowhere. All of ours are of one column."""
    (element,) = key.elements
    target = element.column.table.alias("target")
    wanted = target.c[element.column.name] == element.parent
    lost = select(func.count()).select_from(table)
    lost = lost.where(element.parent.is_not(None), ~select(1).where(wanted).exists())
    return connection.execute(lost).scalar() or 0


def _words(step: tuple[object, ...]) -> str:
    kind = str(step[0]).removeprefix("add_")
    name = getattr(step[-1], "name", None) or step[-1]
    return f"{kind} {name} is missing"


_INVALID = text(
    "SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index "
    "WHERE NOT indisvalid ORDER BY 1"
)
