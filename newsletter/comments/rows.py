"""The question for comments as the operator sees them, for others to narrow."""

from datetime import datetime

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from newsletter.tables import CommentStatus, Tip, TipComment


def views() -> Select[
    int | None, str, str, str, str, datetime, CommentStatus, bool, bool
]:
    """Return the question for comments, its columns in the order of `CommentView`."""
    other = aliased(TipComment)
    is_known = exists().where(
        and_(
            col(other.author_key) == col(TipComment.author_key),
            col(other.status) == CommentStatus.SHOWN,
            col(TipComment.author_key) != "",
        )
    )
    return select(
        col(TipComment.id),
        col(Tip.slug),
        col(Tip.title),
        col(TipComment.author),
        col(TipComment.body),
        col(TipComment.written_at),
        col(TipComment.status),
        col(TipComment.reply_to).is_not(None),
        is_known,
    ).join(Tip, col(Tip.id) == col(TipComment.tip_id))
