"""The words that readers search for: how they are compared, and the index of them.

The index is the database's own, FTS5 or a ``tsvector``, and the database keeps it right
by itself: triggers and a generated column, so that no writer can forget it, and a
restored backup has it as well. Both engines find the same: whole words by how they
begin, whatever their case and accents.
"""

import re
import unicodedata

from sqlalchemy import DDL, event

from newsletter.tables import Tip

# More than anybody types, and little enough for any engine.
MOST_WORDS = 8
LONGEST_WORD = 40
# A tsvector holds less than a megabyte.
MOST_CHARACTERS = 200_000

_WORD = re.compile(r"[^\W_]+")


def _folded(char: str) -> str:
    # FTS5 takes accents from Latin letters alone; so й is another letter than и.
    is_latin = char < "\u0250"
    bare = unicodedata.normalize("NFKD", char)[0] if is_latin else char
    lower = bare.lower()
    return lower if len(lower) == 1 else char


# Latin letters that have an accent, and Greek and Cyrillic ones that have a case.
_LETTERS = {
    char: _folded(char)
    for char in map(chr, range(0xC0, 0x530))
    if char.isalpha() and _folded(char) != char
}
_FOLD = str.maketrans(_LETTERS)


def fold(text: str) -> str:
    """Return *text* as words are compared; every character keeps its place."""
    folded = text.translate(_FOLD)
    lower = folded.lower()
    return lower if len(lower) == len(folded) else folded


def words_of(question: str) -> tuple[str, ...]:
    """Return the words that somebody asked for, folded, the first few of them."""
    found = (word[:LONGEST_WORD] for word in _WORD.findall(fold(question)))
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


def _weighted(column: str, weight: str) -> str:
    plain = f"translate(left({column}, {MOST_CHARACTERS}), '{_FROM}', '{_TO}')"
    return f"setweight(to_tsvector('simple', {plain}), '{weight}')"


_FROM, _TO = "".join(_LETTERS), "".join(_LETTERS.values())

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
