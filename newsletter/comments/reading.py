"""What readers see: the threads below a tip, and how many comments there are."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlmodel import Session, col

from newsletter.comments.views import Comment, DiscussedTip, Thread
from newsletter.errors import UnknownTip
from newsletter.tables import CommentStatus, Tip, TipComment

_IS_SHOWN = col(TipComment.status) == CommentStatus.SHOWN


def tip_to_discuss(session: Session, slug: str) -> DiscussedTip:
    """Return the public tip called *slug*: one statement.

    Raises:
        UnknownTip: there is none, or it was not sent yet; nobody can tell which.
    """
    row = session.execute(
        select(col(Tip.id), col(Tip.slug), col(Tip.title)).where(
            col(Tip.slug) == slug, col(Tip.published_at).is_not(None)
        )
    ).first()
    if row is None:
        raise UnknownTip(slug=slug)
    return DiscussedTip(row.id, row.slug, row.title)


def shown(session: Session, tip_id: int) -> tuple[Thread, ...]:
    """Return the comments on a tip as threads, oldest first: one statement.

    An answer to an answer is in the same thread. One whose comment is not shown, or
    that was imported in a circle, begins a thread of its own.
    """
    rows = session.execute(
        select(
            col(TipComment.id),
            col(TipComment.origin),
            col(TipComment.reply_to),
            col(TipComment.author),
            col(TipComment.body),
            col(TipComment.written_at),
        )
        .where(col(TipComment.tip_id) == tip_id, _IS_SHOWN)
        .order_by(col(TipComment.written_at), col(TipComment.id))
    ).all()
    authors = {row.origin: row.author for row in rows}
    parents = {row.origin: row.reply_to for row in rows if row.reply_to in authors}
    firsts = {row.origin: _first(row.origin, parents) for row in rows}
    threads: dict[str, Comment] = {}
    replies: dict[str, list[Comment]] = {}
    for row in rows:
        first, parent = firsts[row.origin], parents.get(row.origin)
        answering = authors[parent] if parent and parent != first else ""
        said = Comment(row.id, row.author, row.body, row.written_at, answering)
        if first == row.origin:
            threads[first] = Comment(row.id, row.author, row.body, row.written_at)
        else:
            replies.setdefault(first, []).append(said)
    return tuple(
        Thread(comment, tuple(replies.get(origin, ())))
        for origin, comment in threads.items()
    )


def find_shown(session: Session, tip_id: int, comment_id: int) -> Comment | None:
    """Return a comment on the tip that readers see, if there is one: one statement."""
    row = session.scalar(
        select(TipComment).where(
            col(TipComment.id) == comment_id,
            col(TipComment.tip_id) == tip_id,
            _IS_SHOWN,
        )
    )
    if row is None:
        return None
    return Comment(comment_id, row.author, row.body, row.written_at)


def counts(session: Session, tip_ids: Iterable[int]) -> dict[int, int]:
    """Return how many comments readers see, by tip: one statement.

    Tips without any are not in it.
    """
    ids = list(tip_ids)
    if not ids:
        return {}
    rows = session.execute(
        select(col(TipComment.tip_id), func.count().label("number"))
        .where(col(TipComment.tip_id).in_(ids), _IS_SHOWN)
        .group_by(col(TipComment.tip_id))
    )
    return {row.tip_id: row.number for row in rows}


def _first(origin: str, parents: dict[str, str | None]) -> str:
    """Return the comment that begins the thread of *origin*; itself in a circle."""
    seen = {origin}
    at = origin
    while parent := parents.get(at):
        if parent in seen:
            return origin
        seen.add(parent)
        at = parent
    return at
