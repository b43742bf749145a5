"""The operator's verbs on comments: list, find, show, hide, delete.

Each takes a session, flushes and never commits.
"""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import Session, col

from newsletter.comments.rows import views
from newsletter.comments.views import CommentView
from newsletter.errors import UnknownComment
from newsletter.tables import CommentStatus, Tip, TipComment


def list_comments(
    session: Session,
    *,
    status: CommentStatus | None = None,
    tip: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[CommentView]:
    """Return comments in the order in which they came.

    Args:
        status: only those that have it.
        tip: only those on the tip of this slug.
        after: only those with a higher number.
        limit: how many at most.
    """
    query = views().where(col(TipComment.id) > after)
    if status is not None:
        query = query.where(col(TipComment.status) == status)
    if tip is not None:
        query = query.where(col(Tip.slug) == tip)
    rows = session.execute(query.order_by(col(TipComment.id)).limit(limit))
    return [CommentView(*row) for row in rows]


def find(session: Session, comment_id: int) -> CommentView:
    """Return the comment with this number.

    Raises:
        UnknownComment: there is none.
    """
    query = views().where(col(TipComment.id) == comment_id)
    row = session.execute(query).first()
    if row is None:
        raise UnknownComment(number=comment_id)
    return CommentView(*row)


def count_held(session: Session) -> int:
    """Return how many comments wait for the operator."""
    found: int = session.execute(
        select(func.count()).where(col(TipComment.status) == CommentStatus.HELD)
    ).scalar_one()
    return found


def show(session: Session, comment_ids: Sequence[int]) -> list[CommentView]:
    """Let readers see comments; from now on their authors' show at once.

    Raises:
        UnknownComment: there is no comment with one of the numbers; none has changed.
    """
    return _give(session, comment_ids, CommentStatus.SHOWN)


def hide(session: Session, comment_ids: Sequence[int]) -> list[CommentView]:
    """Keep comments from readers, and hold what else their authors write.

    Raises:
        UnknownComment: there is no comment with one of the numbers; none has changed.
    """
    return _give(session, comment_ids, CommentStatus.HIDDEN)


def delete(session: Session, comment_ids: Sequence[int]) -> list[CommentView]:
    """Delete comments for good, and return what they were.

    Answers to them stay, each as a comment of its own. One that was imported comes back
    when it is imported again.

    Raises:
        UnknownComment: there is no comment with one of the numbers; none was deleted.
    """
    found = [find(session, number) for number in comment_ids]
    for number in set(comment_ids):
        session.delete(session.get_one(TipComment, number))
    session.flush()
    return found


def _give(
    session: Session, comment_ids: Sequence[int], status: CommentStatus
) -> list[CommentView]:
    for number in comment_ids:
        row = session.get(TipComment, number)
        if row is None:
            raise UnknownComment(number=number)
        row.status = status
    session.flush()
    return [find(session, number) for number in comment_ids]
