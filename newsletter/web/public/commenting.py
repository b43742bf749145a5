"""Comments: the form on a page of its own, answers to others, and what is sent.

The form below a tip sends to the same address. What is wrong is shown on the page of
the form, with all that was typed; what went well leads back to the tip, to a part of
its page that says so, which works without script and without a cookie.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from newsletter import comments, notices
from newsletter.comments import DiscussedTip, NewComment, Posted
from newsletter.db import Session
from newsletter.errors import UnknownComment, UnknownTip
from newsletter.render.plain import shorten
from newsletter.tables import CommentStatus, NoticeKind
from newsletter.web import guard, talking
from newsletter.web.forms import Fields, Form
from newsletter.web.guard import Verdict
from newsletter.web.pages import NO_STORE, page, site_of
from newsletter.web.paging import page_number, page_path
from newsletter.web.public.archive import no_such_page
from newsletter.web.site import Site
from newsletter.web.talking import NOTHING_TYPED, Remark, Writing, number_in
from subscribers.addresses import parse_address
from subscribers.details import clean_typed_name

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# What the page says when the form must be sent once more, or cannot be sent now.
ONCE_MORE = "Nearly there: please look whether it is right, and press the button."
TOO_MANY = (
    "Many comments came from your network within the hour, so this one was not taken. "
    "It still stands here: please send it later."
)
HELD = "held"
# As much of a comment as a notice shows.
SHOWN_LENGTH = 300


@router.api_route("/tips/{slug}/comments/", methods=["GET", "HEAD"])
def comment_page(site: ThisSite, slug: str) -> Response:
    """Show the form to comment on a tip."""
    tip, answered = _look_up(site, slug, 0)
    return _form(site, tip, answered)


@router.api_route("/tips/{slug}/comments/page/{written}/", methods=["GET", "HEAD"])
def more(site: ThisSite, slug: str, written: str) -> Response:
    """Show a further page of the comments on a tip."""
    number = page_number(written)
    with site.reading() as session:
        tip = comments.tip_to_discuss(session, slug)
        talk = talking.talk_of(site, session, tip.id, tip.slug, number=number)
    path = page_path(talk.path, number, part=talking.PART)
    if number == 1:
        return RedirectResponse(path, status_code=301)
    if not talk.threads:
        return no_such_page(site, talk.pages.count)
    return page(
        site,
        "talk",
        title=f"Comments on {tip.title}, page {number}",
        description=f"What readers say about {tip.title}.",
        canonical=site.url(path),
        tip=tip,
        talk=talk,
    )


@router.api_route("/tips/{slug}/comments/{number}/", methods=["GET", "HEAD"])
def reply_page(site: ThisSite, slug: str, number: str) -> Response:
    """Show a comment, and the form to answer it."""
    tip, answered = _look_up(site, slug, number_in(number))
    if answered is None:
        raise UnknownComment(number=number_in(number))
    return _form(site, tip, answered)


@router.post("/tips/{slug}/comments/")
def comment(site: ThisSite, request: Request, slug: str, data: Form) -> Response:
    """Take a comment, and lead back to where it stands, or to why it waits."""
    tip, answered = _look_up(site, slug, number_in(data.get("reply_to", "")))
    verdict = guard.check(site, request, guard.COMMENT, data)
    if verdict is Verdict.ROBOT:
        return _back(tip, HELD)
    writing = talking.read_writing(data, longest=site.settings.comments.longest)
    if verdict is Verdict.TOO_MANY:
        return _form(site, tip, answered, writing, note=TOO_MANY, status=429)
    if writing.is_wrong:
        return _form(site, tip, answered, writing, status=422)
    if verdict is not Verdict.OK:
        return _form(site, tip, answered, writing, note=ONCE_MORE, status=422)
    new = _as_comment(site, writing, data)
    posted = site.write(lambda session: _post(session, site, tip, new))
    if posted.status is not CommentStatus.SHOWN:
        return _back(tip, HELD)
    with site.reading() as session:
        path = talking.path_of_comment(session, tip.id, tip.slug, posted.id)
    return RedirectResponse(path, status_code=303)


def _look_up(site: Site, slug: str, number: int) -> tuple[DiscussedTip, Remark | None]:
    """Return the tip, and the comment that is answered, if readers see it.

    Raises:
        UnknownTip: it is not public, or there are no comments here.
    """
    if not site.settings.comments.enabled:
        raise UnknownTip(slug=slug)
    with site.reading() as session:
        tip = comments.tip_to_discuss(session, slug)
        found = comments.find_shown(session, tip.id, number) if number else None
    return tip, talking.remark(site, found) if found else None


def _as_comment(site: Site, writing: Writing, data: Fields) -> NewComment:
    """Return the comment; of the address only its keyed hash goes on from here."""
    return NewComment(
        author=clean_typed_name(writing.name),
        body=writing.text,
        author_key=site.hasher.hash(parse_address(writing.address).key),
        reply_to=number_in(data.get("reply_to", "")) or None,
    )


def _post(session: Session, site: Site, tip: DiscussedTip, new: NewComment) -> Posted:
    """Write the comment down, and tell the operator, once a day, when one waits."""
    now = site.clock()
    posted = comments.post(
        session,
        tip.id,
        new,
        hold_first=site.settings.comments.hold_first,
        now=now,
    )
    if posted.is_new and posted.status is CommentStatus.HELD:
        words = shorten(" ".join(new.body.split()), limit=SHOWN_LENGTH)
        message = (
            f'{new.author} wrote about "{tip.title}": "{words}" Readers do not see it '
            f"yet. Show it: newsletter comments approve {posted.id}. What else waits: "
            "newsletter comments list. (You are told of the first one of a day only.)"
        )
        day = now.astimezone(site.zone).date()
        notices.post(session, NoticeKind.COMMENT_HELD, f"{day}", message, now=now)
    return posted


def _form(
    site: Site,
    tip: DiscussedTip,
    answered: Remark | None,
    writing: Writing = NOTHING_TYPED,
    *,
    note: str = "",
    status: int = 200,
) -> Response:
    return page(
        site,
        "comment",
        status=status,
        headers=NO_STORE,
        title=f"A comment on {tip.title}",
        robots="noindex",
        tip=tip,
        talk=talking.form_only(site, tip.slug, writing=writing, answered=answered),
        note=note,
    )


def _back(tip: DiscussedTip, place: str) -> Response:
    return RedirectResponse(f"{talking.path_of(tip.slug)}#{place}", status_code=303)
