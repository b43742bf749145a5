"""The archive itself: pages of tips, one tip, and what stands beside it."""

from math import ceil

from sqlalchemy import and_, func, literal, select, tuple_, union_all
from sqlmodel import Session, col

from newsletter.archive.rows import (
    IS_PUBLIC,
    NEWEST_FIRST,
    TITLE,
    ids,
    tips,
    titles,
)
from newsletter.archive.views import Neighbours, PublicTip, Shelf, TipPage, TipTitle
from newsletter.errors import UnknownTip
from newsletter.tables import LabelKind, Tip, TipLabel
from subscribers.columns import BigId, UtcDateTime

# Ten years of weeks.
RELATED_LOOKED_AT = 520


def page(
    session: Session, *, number: int, size: int, shelf: Shelf | None = None
) -> TipPage:
    """Return one page of the archive, newest first: three statements.

    Args:
        session: reads.
        number: counts from 1; a page that is not there has no tips.
        size: tips on a page.
        shelf: only the tips of a tag or category.
    """
    counted = select(func.count()).select_from(ids(shelf).subquery())
    total = session.scalar(counted) or 0
    pages = max(1, ceil(total / size))
    if not (1 <= number <= pages and total):
        return TipPage((), number, pages, total)
    # An OFFSET, since a page has a number; it walks along the index alone. At 5,000
    # tips that is less than a millisecond for the last page, on either engine.
    wanted = ids(shelf).order_by(*NEWEST_FIRST).limit(size).offset(size * (number - 1))
    return TipPage(tuple(tips(session, wanted)), number, pages, total)


def find(session: Session, slug: str) -> PublicTip:
    """Return the public tip called *slug*: two statements.

    Raises:
        UnknownTip: there is none, or it was not sent yet; nobody can tell which.
    """
    found = tips(session, ids(None, col(Tip.slug) == slug))
    if not found:
        raise UnknownTip(slug=slug)
    return found[0]


def latest(session: Session, *, limit: int = 1) -> list[PublicTip]:
    """Return the tips that were sent last, newest first: two statements."""
    return tips(session, ids().order_by(*NEWEST_FIRST).limit(limit))


def entries(
    session: Session, *, limit: int, shelf: Shelf | None = None
) -> list[PublicTip]:
    """Return what a feed holds, newest first: two statements."""
    return tips(session, ids(shelf).order_by(*NEWEST_FIRST).limit(limit))


def newest_titles(
    session: Session, *, limit: int, shelf: Shelf | None = None
) -> list[TipTitle]:
    """Return the titles of the newest tips: one statement."""
    return titles(session, ids(shelf).order_by(*NEWEST_FIRST).limit(limit))


def neighbours(session: Session, tip: PublicTip) -> Neighbours:
    """Return the tips sent right before and right after *tip*: one statement."""
    at, own = col(Tip.published_at), col(Tip.id)
    # Compared as a pair, which begins in the middle of the index of what is public;
    # an OR walks to it from the newest tip.
    pair = tuple_(at, own)
    here = tuple_(literal(tip.published_at, UtcDateTime), literal(tip.id, BigId))
    earlier, later = pair < here, pair > here
    before = ids(None, earlier).order_by(*NEWEST_FIRST).limit(1).subquery()
    after = ids(None, later).order_by(at, own).limit(1).subquery()
    both = union_all(select(before.c.id), select(after.c.id))
    found = titles(session, both)
    place = (tip.published_at, tip.id)
    return Neighbours(
        next((it for it in found if (it.published_at, it.id) < place), None),
        next((it for it in found if (it.published_at, it.id) > place), None),
    )


def related(session: Session, tip: PublicTip, *, limit: int) -> list[TipTitle]:
    """Return the tips that share most tags with *tip*, newest first: one statement.

    Only the newest are looked at, so that it costs the same in a hundred years.
    """
    if not tip.tags:
        return []
    newest = (
        select(col(Tip.id), col(Tip.published_at))
        .where(IS_PUBLIC, col(Tip.id) != tip.id)
        .order_by(*NEWEST_FIRST)
        .limit(RELATED_LOOKED_AT)
        .subquery()
    )
    slugs = [tag.slug for tag in tip.tags]
    tags = and_(
        col(TipLabel.tip_id) == newest.c.id,
        col(TipLabel.kind) == LabelKind.TAG,
        col(TipLabel.slug).in_(slugs),
    )
    best = (
        select(newest.c.id, func.count().label("shared"))
        .join(TipLabel, tags)
        .group_by(newest.c.id, newest.c.published_at)
        .order_by(func.count().desc(), newest.c.published_at.desc(), newest.c.id.desc())
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        select(*TITLE)
        .join(best, best.c.id == col(Tip.id))
        .order_by(best.c.shared.desc(), *NEWEST_FIRST)
    )
    return [TipTitle(*row) for row in rows]
