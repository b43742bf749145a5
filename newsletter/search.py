"""The index of the words of tips, which the database keeps right by itself.

FTS5 on SQLite, a ``tsvector`` on PostgreSQL; triggers and a generated column, so that
no writer can forget it, and a restored backup has it as well. Both engines find the
same: words by how they begin, compared as `newsletter.words` says.
"""

from sqlalchemy import DDL, event

from newsletter.tables import Tip
from newsletter.words import LETTERS

# A tsvector holds less than a megabyte.
MOST_CHARACTERS = 200_000


def _weighted(column: str, weight: str) -> str:
    plain = f"translate(left({column}, {MOST_CHARACTERS}), '{_FROM}', '{_TO}')"
    return f"setweight(to_tsvector('simple', {plain}), '{weight}')"


_FROM, _TO = "".join(LETTERS), "".join(LETTERS.values())

_TABLE = (
    "CREATE VIRTUAL TABLE tip_search USING fts5(title, body, content='tip', "
    "content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
)
# The words as they were must be said to be forgotten: the index does not hold them.
_FORGET = (
    "INSERT INTO tip_search (tip_search, rowid, title, body) "
    "VALUES ('delete', old.id, old.title, old.body);"
)
_LEARN = (
    "INSERT INTO tip_search (rowid, title, body) VALUES (new.id, new.title, new.body);"
)
_COLUMN = (
    "ALTER TABLE tip ADD COLUMN tip_search tsvector GENERATED ALWAYS AS "
    f"({_weighted('title', 'A')} || {_weighted('body', 'B')}) STORED"
)


def _trigger(name: str, when: str, does: str) -> str:
    return f"CREATE TRIGGER tip_search_{name} AFTER {when} ON tip BEGIN {does} END"


SQLITE = (
    _TABLE,
    _trigger("added", "INSERT", _LEARN),
    _trigger("removed", "DELETE", _FORGET),
    _trigger("changed", "UPDATE OF title, body", f"{_FORGET} {_LEARN}"),
)
POSTGRESQL = (
    _COLUMN,
    "CREATE INDEX tip_search_words ON tip USING gin (tip_search)",
)


def statements(engine: str) -> tuple[str, ...]:
    """Return what makes the index on *engine*, when the table of tips is there."""
    return SQLITE if engine == "sqlite" else POSTGRESQL


def is_ours(name: str | None) -> bool:
    """Tell whether a table, column or index of that *name* belongs to the index."""
    return (name or "").startswith("tip_search")


# Whoever makes the tables from the metadata, as tests do, gets the index, too.
for _engine in ("sqlite", "postgresql"):
    for _statement in statements(_engine):
        # Percent signs mean something to DDL; there are none.
        event.listen(
            Tip.__table__,  # type: ignore[attr-defined]  # SQLModel does not say so
            "after_create",
            DDL(_statement).execute_if(dialect=_engine),  # type: ignore[no-untyped-call]
        )
