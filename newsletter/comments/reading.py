"""The comments that readers see, and how many there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from newsletter.tables import CommentStatus, TipComment


@dataclass(frozen=True)
class Remark:
    """One comment: plain text; the time is UTC."""

    author: str
    body: str
    written_at: datetime


@dataclass(frozen=True)
class Thread:
    """A comment, and what was answered to it."""

    first: Remark
    replies: tuple[Remark, ...]


def counts(session: Session, tip_ids: Iterable[int]) -> dict[int, int]:
    """Return how many comments readers see of each tip; none is not named."""
    wanted = list(tip_ids)
    if not wanted:
        return {}
    rows = session.execute(
        select(col(TipComment.tip_id), func.count())
        .where(
            col(TipComment.tip_id).in_(wanted),
            col(TipComment.status) == CommentStatus.SHOWN,
        )
        .group_by(col(TipComment.tip_id))
    )
    return {tip_id: number for tip_id, number in rows.all()}  # noqa: C416


def shown(session: Session, tip_id: int) -> tuple[Thread, ...]:
    """Return the comments of a tip that readers see, oldest first."""
    rows = session.scalars(
        select(TipComment)
        .where(
            col(TipComment.tip_id) == tip_id,
            col(TipComment.status) == CommentStatus.SHOWN,
        )
        .order_by(col(TipComment.written_at), col(TipComment.id))
    ).all()
    by_origin = {row.origin: row for row in rows}
    threads: dict[str, list[Remark]] = {}
    for row in rows:
        threads.setdefault(_first(row, by_origin), []).append(_remark(row))
    return tuple(Thread(first, tuple(rest)) for first, *rest in threads.values())


def _first(row: TipComment, by_origin: dict[str, TipComment]) -> str:
    """Return the origin of the comment that began it: threads are one level deep."""
    seen = {row.origin}
    while row.reply_to in by_origin and row.reply_to not in seen:
        row = by_origin[row.reply_to]
        seen.add(row.origin)
    return row.origin


def _remark(row: TipComment) -> Remark:
    return Remark(row.author, row.body, row.written_at)
