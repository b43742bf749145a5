"""What this room speaks: frozen values, no rows. Times are UTC."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.tables import CommentStatus


@dataclass(frozen=True)
class DiscussedTip:
    """As much of a public tip as a comment on it needs."""

    id: int
    slug: str
    title: str


@dataclass(frozen=True)
class Comment:
    """A comment that readers see.

    Attributes:
        author: as they gave it; may be empty.
        body: plain text.
        answering: who wrote what it answers, when that is itself an answer; else empty.
    """

    id: int
    author: str
    body: str
    written_at: datetime
    answering: str = ""


@dataclass(frozen=True)
class Thread:
    """A comment on a tip, and all that was answered to it, oldest first.

    Attributes:
        first: None when this is the rest of a thread that began on an earlier page.
    """

    first: Comment | None
    replies: tuple[Comment, ...]


@dataclass(frozen=True)
class CommentView:
    """A comment as the operator sees it.

    Attributes:
        is_reply: whether it answers another comment.
        is_known: whether a comment of the same person is shown.
    """

    id: int
    tip_slug: str
    tip_title: str
    author: str
    body: str
    written_at: datetime
    status: CommentStatus
    is_reply: bool
    is_known: bool
