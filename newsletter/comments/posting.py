"""Take a comment, and decide whether it shows at once.

A person's first comment waits for the operator, as one does that looks like
advertising, or that comes from somebody of whom one was hidden.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlmodel import Session, col

from newsletter.tables import CommentStatus, TipComment

# Who has something to say links to one page or two.
MOST_LINKS = 2
_LINK = re.compile(r"https?:|www\.", re.IGNORECASE)
# Only programs write links so, for any of the kinds of pages that there are.
_MARKUP = re.compile(r"<\s*a\s|\[\s*(?:url|link)\b|\]\(\s*https?:", re.IGNORECASE)


@dataclass(frozen=True)
class NewComment:
    """A comment that somebody wrote.

    Attributes:
        author: one clean line.
        body: plain text.
        author_key: the author's address as `AddressHasher` gives it.
        reply_to: the id of the comment that it answers.
    """

    author: str
    body: str
    author_key: str
    reply_to: int | None = None


@dataclass(frozen=True)
class Posted:
    """What became of a comment; `is_new` is False when the very same was there."""

    id: int
    status: CommentStatus
    is_new: bool


def post(
    session: Session,
    tip_id: int,
    comment: NewComment,
    *,
    hold_first: bool,
    now: datetime,
) -> Posted:
    """Write a comment down below a tip.

    The same words of the same person, as from a button that was pressed twice, are one
    comment. One that answers what is not shown below this tip answers the tip.

    Args:
        hold_first: whether somebody of whom no comment is shown yet is held.
    """
    before = _the_same(session, tip_id, comment)
    if before is not None:
        return before
    status = CommentStatus.SHOWN
    if _must_wait(session, comment, hold_first=hold_first):
        status = CommentStatus.HELD
    row = TipComment(
        tip_id=tip_id,
        origin=uuid4().hex,
        reply_to=_origin_of(session, tip_id, comment.reply_to),
        author=comment.author,
        body=comment.body,
        written_at=now,
        status=status,
        author_key=comment.author_key,
    )
    session.add(row)
    session.flush()
    return Posted(row.id or 0, status, is_new=True)


def looks_like_advertising(text: str) -> bool:
    """Tell whether a comment has many links, or any in a way that people do not."""
    return len(_LINK.findall(text)) > MOST_LINKS or bool(_MARKUP.search(text))


def _must_wait(session: Session, comment: NewComment, *, hold_first: bool) -> bool:
    if looks_like_advertising(f"{comment.author}\n{comment.body}"):
        return True
    statuses = set(
        session.scalars(
            select(col(TipComment.status))
            .where(col(TipComment.author_key) == comment.author_key)
            .distinct()
        )
    )
    if CommentStatus.HIDDEN in statuses:
        return True
    return hold_first and CommentStatus.SHOWN not in statuses


def _the_same(session: Session, tip_id: int, comment: NewComment) -> Posted | None:
    row = session.scalar(
        select(TipComment)
        .where(
            col(TipComment.author_key) == comment.author_key,
            col(TipComment.tip_id) == tip_id,
            col(TipComment.body) == comment.body,
        )
        .limit(1)
    )
    return Posted(row.id or 0, row.status, is_new=False) if row else None


def _origin_of(session: Session, tip_id: int, comment_id: int | None) -> str | None:
    if comment_id is None:
        return None
    return session.scalar(
        select(col(TipComment.origin)).where(
            col(TipComment.id) == comment_id,
            col(TipComment.tip_id) == tip_id,
            col(TipComment.status) == CommentStatus.SHOWN,
        )
    )
