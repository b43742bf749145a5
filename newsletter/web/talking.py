"""What stands below a tip: its comments as they are shown, and the form to write one.

A page takes `talk_of` as its value `talk` and includes ``web/useful.html`` and
``web/comments.html``; both need nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup as Safe

from newsletter import comments
from newsletter.comments import Comment, Thread
from newsletter.db import Session
from newsletter.render import issue_day, remark_html
from newsletter.tips.cleaning import printable
from newsletter.web import guard
from newsletter.web.guard import GuardFields
from newsletter.web.paging import Pages, page_path, pages
from newsletter.web.site import Site
from subscribers.addresses import parse_address
from subscribers.details import clean_typed_name
from subscribers.errors import BadAddress, BadDetail

# A number that every database can look for.
LONGEST_NUMBER = 18
# The part of a tip's page that holds its comments, and the folder of their other pages.
PART = "comments"


@dataclass(frozen=True)
class Remark:
    """A comment as a page shows it; `day` is as people say it, `stamp` ISO 8601."""

    id: int
    author: str
    text: Safe
    day: str
    stamp: str
    answering: str


@dataclass(frozen=True)
class Exchange:
    """A comment and the answers to it; `first` is None for the rest of a thread."""

    first: Remark | None
    replies: tuple[Remark, ...]


@dataclass(frozen=True)
class Writing:
    """A form that somebody filled in: what was typed, and what was wrong with it."""

    name: str = ""
    address: str = ""
    text: str = ""
    wrong_name: str = ""
    wrong_address: str = ""
    wrong_text: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether anything must be mended."""
        return bool(self.wrong_name or self.wrong_address or self.wrong_text)


NOTHING_TYPED = Writing()
ONE_PAGE = pages("", 1, 1)


@dataclass(frozen=True)
class Talk:
    """All that stands below a tip.

    Attributes:
        path: the tip's page.
        threads: those of one page.
        total: comments of all pages, answers included.
        is_open: whether there is a form.
        answered: what the form answers; None when it is the tip.
    """

    path: str
    threads: tuple[Exchange, ...]
    total: int
    is_open: bool
    longest: int
    guard: GuardFields
    pages: Pages = ONE_PAGE
    writing: Writing = NOTHING_TYPED
    answered: Remark | None = None


def talk_of(
    site: Site, session: Session, tip_id: int, slug: str, *, number: int = 1
) -> Talk:
    """Return what stands below a public tip: one statement.

    Args:
        number: the page of the comments, from 1, the oldest ones; one that is not
            there has none.
    """
    threads = comments.shown(session, tip_id)
    cut = comments.cut(threads)
    page = cut[number - 1] if 1 <= number <= len(cut) else ()
    return replace(
        form_only(site, slug),
        threads=tuple(_exchange(site, thread) for thread in page),
        total=sum(1 + len(thread.replies) for thread in threads),
        pages=pages(path_of(slug), number, len(cut), part=PART),
    )


def path_of_comment(session: Session, tip_id: int, slug: str, comment_id: int) -> str:
    """Return where a comment that readers see stands: one statement."""
    cut = comments.cut(comments.shown(session, tip_id))
    number = comments.page_of(cut, comment_id) or 1
    tip = path_of(slug)
    page = tip if number == 1 else page_path(tip, number, part=PART)
    return f"{page}#comment-{comment_id}"


def path_of(slug: str) -> str:
    """Return the page of a tip."""
    return f"/tips/{slug}/"


def form_only(
    site: Site,
    slug: str,
    *,
    writing: Writing = NOTHING_TYPED,
    answered: Remark | None = None,
) -> Talk:
    """Return the form to comment on a tip, without what others said."""
    return Talk(
        path=path_of(slug),
        threads=(),
        total=0,
        is_open=site.settings.comments.enabled,
        longest=site.settings.comments.longest,
        guard=guard.fields(site, guard.COMMENT, now=site.clock()),
        writing=writing,
        answered=answered,
    )


def remark(site: Site, comment: Comment) -> Remark:
    """Return a comment as a page shows it, its day in the newsletter's zone."""
    day = comment.written_at.astimezone(site.zone).date()
    return Remark(
        id=comment.id,
        author=comment.author,
        text=remark_html(comment.body),
        day=issue_day(day, site.settings.newsletter.language),
        stamp=comment.written_at.isoformat(),
        answering=comment.answering,
    )


def read_writing(data: Mapping[str, str], *, longest: int) -> Writing:
    """Return what a form brought, cleaned, with everything that is wrong with it.

    Args:
        longest: characters of the text at most.
    """
    typed = Writing(
        name=printable(data.get("name", "")).strip(),
        address=printable(data.get("address", "")).strip(),
        text=printable(data.get("text", "")).strip(),
    )
    return replace(
        typed,
        wrong_name=_wrong_name(typed.name),
        wrong_address=_wrong_address(typed.address),
        wrong_text=_wrong_text(typed.text, longest),
    )


def number_in(text: str) -> int:
    """Return the number of a comment as an address or a form names it; 0 for none."""
    is_one = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    return int(text) if is_one else 0


def _exchange(site: Site, thread: Thread) -> Exchange:
    replies = tuple(remark(site, reply) for reply in thread.replies)
    return Exchange(remark(site, thread.first) if thread.first else None, replies)


def _wrong_name(name: str) -> str:
    if not name:
        return "Please write a name: your own, or any that you like."
    try:
        clean_typed_name(name)
    except BadDetail as error:
        return str(error)
    return ""


def _wrong_address(address: str) -> str:
    if not address:
        return "Please write your email address."
    try:
        parse_address(address)
    except BadAddress as error:
        return str(error)
    return ""


def _wrong_text(text: str, longest: int) -> str:
    if not text:
        return "Please write something."
    if len(text) > longest:
        return (
            f"This has {len(text):,} characters; at most {longest:,} can be taken. "
            "Please shorten it."
        )
    return ""
