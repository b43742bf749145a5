"""Search: which public tips have all of these words, the best first."""

from math import ceil

from sqlalchemy import (
    ColumnElement,
    Float,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlmodel import Session, col

from newsletter.archive.rows import IS_PUBLIC, NEWEST_FIRST, Ids, tips
from newsletter.archive.views import TipPage
from newsletter.tables import Tip

# A word of the title weighs as much as four of the text.
TITLE_WEIGHT = 4.0
# What has no match is asked no further; what has too many is no answer.
MOST_FOUND = 1_000

_FTS5 = table("tip_search", column("rowid"))


def search(
    session: Session, words: tuple[str, ...], *, number: int, size: int
) -> TipPage:
    """Return one page of the tips that have words beginning like all of *words*.

    Args:
        session: reads; three statements.
        words: as `newsletter.search.words_of` returns them; with none, nothing is
            found.
        number: of the page, from 1.
        size: tips on a page.
    """
    if not words:
        return TipPage((), number, 1, 0)
    found = _found(session, words)
    total = session.scalar(
        select(func.count()).select_from(found.limit(MOST_FOUND).subquery())
    )
    pages = max(1, ceil((total or 0) / size))
    if not (1 <= number <= pages and total):
        return TipPage((), number, pages, total or 0)
    rank = _rank(session, words)
    wanted = found.order_by(rank, *NEWEST_FIRST).limit(size).offset(size * (number - 1))
    best: list[int] = list(session.scalars(wanted))
    by_id = {tip.id: tip for tip in tips(session, _of(best))}
    return TipPage(tuple(by_id[tip] for tip in best), number, pages, total)


def _of(tip_ids: list[int]) -> Ids:
    return select(col(Tip.id)).where(col(Tip.id).in_(tip_ids))


def _found(session: Session, words: tuple[str, ...]) -> Ids:
    found = select(col(Tip.id)).where(IS_PUBLIC, _matches(session, words))
    if _is_sqlite(session):
        return found.join(_FTS5, _FTS5.c.rowid == col(Tip.id))
    return found


def _matches(session: Session, words: tuple[str, ...]) -> ColumnElement[bool]:
    """Return that all of *words* begin a word; they hold nothing but letters."""
    if _is_sqlite(session):
        asked = " ".join(f'"{word}"*' for word in words)
        return literal_column("tip_search").op("MATCH")(asked)
    return _vector().op("@@")(_asked(words))


def _rank(session: Session, words: tuple[str, ...]) -> ColumnElement[float]:
    """Return what is smaller the better a tip fits."""
    if _is_sqlite(session):
        return func.bm25(literal_column("tip_search"), TITLE_WEIGHT, 1.0, type_=Float)
    weights: ColumnElement[object] = literal_column(
        f"'{{0, 0, {1 / TITLE_WEIGHT}, 1}}'::float4[]"
    )
    return -func.ts_rank(weights, _vector(), _asked(words), type_=Float)


def _vector() -> ColumnElement[object]:
    return literal_column("tip.tip_search")


def _asked(words: tuple[str, ...]) -> ColumnElement[object]:
    return func.to_tsquery("simple", " & ".join(f"'{word}':*" for word in words))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
