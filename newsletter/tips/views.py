"""What the library holds, as frozen values: the only questions asked of its tables.

Any number of tips costs the same few statements: one for the tips, one for their
labels, one for the issues they went out in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from newsletter.errors import UnknownTip
from newsletter.tables import (
    CommentStatus,
    Issue,
    IssueStatus,
    LabelKind,
    Tip,
    TipComment,
    TipLabel,
    TipStatus,
)
from newsletter.tips.drafts import CommentDraft
from newsletter.tips.labels import Label


@dataclass(frozen=True)
class TipView:
    """A tip as it stands in the library.

    `position` is its place in the queue, from 1. `sent_in` are the slots of its issues
    that were not cancelled, oldest first.
    """

    id: int
    slug: str
    title: str
    body: str
    summary: str
    author: str
    tags: tuple[Label, ...]
    categories: tuple[Label, ...]
    position: int
    pin: date | None
    status: TipStatus
    written_on: date | None
    archived_on: date | None
    origin: str | None
    updated_at: datetime
    sent_in: tuple[str, ...]


def find(session: Session, slug: str) -> TipView:
    """Return the tip called *slug*.

    Raises:
        UnknownTip: there is none; the error names the nearest.
    """
    found = matching(session, col(Tip.slug) == slug)
    if not found:
        slugs = session.execute(select(col(Tip.slug))).scalars().all()
        near = get_close_matches(slug, slugs, n=1, cutoff=0.5)
        raise UnknownTip(slug=slug, nearest=near[0] if near else None)
    return found[0]


def get(session: Session, tip_id: int) -> TipView:
    """Return the tip with this id.

    Raises:
        UnknownTip: there is none.
    """
    found = matching(session, col(Tip.id) == tip_id)
    if not found:
        raise UnknownTip(slug=f"#{tip_id}")
    return found[0]


def list_tips(
    session: Session, *, status: TipStatus | None = None, tag: str | None = None
) -> list[TipView]:
    """Return the tips in the order of the queue.

    Args:
        status: only those that have it.
        tag: only those with the tag of this slug.
    """
    wanted = [] if status is None else [col(Tip.status) == status]
    if tag is not None:
        tagged = select(col(TipLabel.tip_id)).where(
            col(TipLabel.kind) == LabelKind.TAG, col(TipLabel.slug) == tag
        )
        wanted.append(col(Tip.id).in_(tagged))
    return matching(session, *wanted)


def matching(session: Session, *wanted: ColumnElement[bool]) -> list[TipView]:
    """Return the tips for which every condition holds, in the order of the queue."""
    tips = session.execute(
        select(Tip).where(*wanted).order_by(col(Tip.position), col(Tip.id))
    ).scalars()
    tags, categories = _labels(session, wanted)
    slots = _slots(session, wanted)
    return [
        TipView(
            id=tip.id,
            slug=tip.slug,
            title=tip.title,
            body=tip.body,
            summary=tip.summary,
            author=tip.author,
            tags=tuple(tags.get(tip.id, ())),
            categories=tuple(categories.get(tip.id, ())),
            position=tip.position,
            pin=tip.pin,
            status=tip.status,
            written_on=tip.written_on,
            archived_on=tip.archived_on,
            origin=tip.origin,
            updated_at=tip.updated_at,
            sent_in=tuple(slots.get(tip.id, ())),
        )
        for tip in tips
        if tip.id is not None
    ]


def comments(session: Session, tip_id: int) -> tuple[CommentDraft, ...]:
    """Return the comments on a tip, oldest first."""
    return comments_of(session, [tip_id]).get(tip_id, ())


def comments_of(
    session: Session, tip_ids: Iterable[int], *, only_shown: bool = False
) -> dict[int, tuple[CommentDraft, ...]]:
    """Return the comments on many tips by the id of the tip, oldest first.

    Args:
        only_shown: without those that wait for the operator, or were hidden.
    """
    wanted: list[ColumnElement[bool]] = [col(TipComment.tip_id).in_(list(tip_ids))]
    if only_shown:
        wanted.append(col(TipComment.status) == CommentStatus.SHOWN)
    found: dict[int, tuple[CommentDraft, ...]] = {}
    rows = session.execute(
        select(TipComment)
        .where(*wanted)
        .order_by(col(TipComment.written_at), col(TipComment.id))
    ).scalars()
    for row in rows:
        comment = CommentDraft(
            origin=row.origin,
            body=row.body,
            written_at=row.written_at,
            author=row.author,
            reply_to=row.reply_to,
        )
        found[row.tip_id] = (*found.get(row.tip_id, ()), comment)
    return found


_ByTip = dict[int, list[Label]]


def _labels(
    session: Session, wanted: Sequence[ColumnElement[bool]]
) -> tuple[_ByTip, _ByTip]:
    """Return the tags and the categories of the tips, by tip."""
    rows = session.execute(
        select(
            col(TipLabel.tip_id),
            col(TipLabel.kind),
            col(TipLabel.name),
            col(TipLabel.slug),
        )
        .join(Tip, col(Tip.id) == col(TipLabel.tip_id))
        .where(*wanted)
        .order_by(col(TipLabel.tip_id), col(TipLabel.position))
    )
    found: dict[LabelKind, _ByTip] = {kind: {} for kind in LabelKind}
    for tip_id, kind, name, slug in rows:
        found[kind].setdefault(tip_id, []).append(Label(name, slug))
    return found[LabelKind.TAG], found[LabelKind.CATEGORY]


def _slots(
    session: Session, wanted: Sequence[ColumnElement[bool]]
) -> dict[int, list[str]]:
    rows = session.execute(
        select(col(Issue.tip_id), col(Issue.slot))
        .join(Tip, col(Tip.id) == col(Issue.tip_id))
        .where(col(Issue.status) != IssueStatus.CANCELLED, *wanted)
        .order_by(col(Issue.slot))
    )
    found: dict[int, list[str]] = {}
    for tip_id, slot in rows:
        found.setdefault(tip_id, []).append(slot)
    return found
