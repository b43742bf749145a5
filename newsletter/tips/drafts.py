"""What every reader of tips yields: a draft, a refusal, or a thing rightly left out.

Pure values. Knows no file format and no database; `importing` compares drafts with the
library, `fields` makes them from what an operator wrote.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from newsletter.tables import TipStatus


@dataclass(frozen=True)
class CommentDraft:
    """A reader's comment where it was found: plain text, no address.

    `origin` names it among the comments of its tip, `reply_to` the one it answers.
    """

    origin: str
    body: str
    written_at: datetime
    author: str = ""
    reply_to: str | None = None


@dataclass(frozen=True)
class TipDraft:
    """A tip as its source tells it.

    None means that the source does not say; the library then keeps what it has. Tags
    and categories are names. `where` is its place in the source, for errors; `notes`
    say what was changed while it was read.
    """

    slug: str
    title: str
    body: str
    where: str
    summary: str | None = None
    author: str | None = None
    tags: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    pin: date | None = None
    written_on: date | None = None
    archived_on: date | None = None
    status: TipStatus | None = None
    origin: str | None = None
    comments: tuple[CommentDraft, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> "TipDraft":
        """The draft without its place and notes, to compare it with another."""
        return replace(self, where="", notes=())


@dataclass(frozen=True)
class Refused:
    """Something that should have become a tip but cannot: what, why, what to do."""

    where: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        shown = f" {self.value[:80]!r}" if self.value else ""
        return f"{self.where}:{shown} {self.reason}. {self.remedy}"


@dataclass(frozen=True)
class LeftOut:
    """Something that is rightly not a tip: a page, a menu item, an unseen draft."""

    where: str
    kind: str
    reason: str


Found = TipDraft | Refused | LeftOut


def oldest_first(drafts: Iterable[tuple[datetime | None, TipDraft]]) -> list[TipDraft]:
    """Return *drafts* by their instants, those without one last, ties as they came."""
    pairs = list(drafts)
    undated = [draft for instant, draft in pairs if instant is None]
    dated = [(instant, draft) for instant, draft in pairs if instant is not None]
    dated.sort(key=lambda pair: pair[0])
    return [draft for _, draft in dated] + undated


# The widths of the columns that a draft ends up in.
LONGEST_TITLE = 300
LONGEST_SLUG = 200
LONGEST_NAME = 200
LONGEST_ORIGIN = 500
# Several times what a mail program shows before it cuts an email off.
LONGEST_TEXT = 200_000


def check(draft: TipDraft) -> Refused | None:
    """Return why *draft* does not fit into the library, or None when it does."""
    for what, value, longest in _limits(draft):
        if len(value) > longest:
            reason = f"the {what} has {len(value)} characters"
            return Refused(draft.where, value, reason, f"Use at most {longest}.")
        if any(ord(char) < 32 or char in "\x7f\u2028\u2029" for char in value):
            reason = f"the {what} holds a line break or control character"
            return Refused(draft.where, value, reason, "Write it on one line.")
    too_long = check_length(draft.body, draft.where)
    if too_long:
        return too_long
    for what, value in (("title", draft.title), ("text", draft.body)):
        if not value.strip():
            reason = f"it has no {what}"
            return Refused(draft.where, "", reason, f"Give the tip a {what}.")
    names = [comment.origin for comment in draft.comments or ()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        reason = "names two comments of the tip"
        return Refused(draft.where, twice, reason, "Give each its own origin.")
    return None


def check_length(text: str, where: str) -> Refused | None:
    """Return why *text* is too long for a tip, or None; asked before it is cleaned."""
    if len(text) <= LONGEST_TEXT:
        return None
    reason = f"its text has {len(text)} characters"
    return Refused(where, "", reason, f"Divide it; a tip has at most {LONGEST_TEXT}.")


def _limits(draft: TipDraft) -> Iterator[tuple[str, str, int]]:
    """Yield every one-line text of *draft* with what it is and how long it may be."""
    yield "slug", draft.slug, LONGEST_SLUG
    yield "title", draft.title, LONGEST_TITLE
    yield "author", draft.author or "", LONGEST_NAME
    yield "origin", draft.origin or "", LONGEST_ORIGIN
    for name in (*(draft.tags or ()), *(draft.categories or ())):
        yield "tag or category", name, LONGEST_NAME
    for comment in draft.comments or ():
        yield "author of a comment", comment.author, LONGEST_NAME
        yield "origin of a comment", comment.origin, LONGEST_NAME
        yield "origin of a comment", comment.reply_to or "", LONGEST_NAME
