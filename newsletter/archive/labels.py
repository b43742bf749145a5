"""Tags and categories of what the public may read."""

from sqlalchemy import func, select
from sqlmodel import Session, col

from newsletter.archive.rows import IS_PUBLIC, NEWEST_FIRST, ids
from newsletter.archive.views import Label, LabelCount, Shelf
from newsletter.tables import LabelKind, Tip, TipLabel


def labels(session: Session, kind: LabelKind) -> list[LabelCount]:
    """Return the tags or the categories that public tips have, by name."""
    # Whoever writes a tag in two ways means one: the slug is the tag.
    name = func.min(col(TipLabel.name))
    rows = session.execute(
        select(name, col(TipLabel.slug), func.count())
        .join(Tip, col(Tip.id) == col(TipLabel.tip_id))
        .where(IS_PUBLIC, col(TipLabel.kind) == kind)
        .group_by(col(TipLabel.slug))
    )
    found = [LabelCount(Label(name, slug), tips) for name, slug, tips in rows]
    return sorted(found, key=lambda it: (it.label.name.casefold(), it.label.slug))


def find_label(session: Session, shelf: Shelf) -> Label | None:
    """Return the label of *shelf* as its newest tip writes it; None without one."""
    newest = ids(shelf).order_by(*NEWEST_FIRST).limit(1).scalar_subquery()
    name = session.scalar(
        select(col(TipLabel.name)).where(
            col(TipLabel.tip_id) == newest,
            col(TipLabel.kind) == shelf.kind,
            col(TipLabel.slug) == shelf.slug,
        )
    )
    return None if name is None else Label(name, shelf.slug)
