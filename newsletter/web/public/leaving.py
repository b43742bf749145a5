"""Leaving: the page behind the link in every letter, and the mail program's button.

The page has one button and changes nothing by itself. A POST without our form's own
field is RFC 8058's one-click: whatever its body, it is answered directly, with no
cookie, no redirect and no question.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from newsletter.db import Session
from newsletter.departing import depart
from newsletter.web.forms import Form
from newsletter.web.network import network_of
from newsletter.web.pages import site_of
from newsletter.web.personal import (
    NOBODY,
    PRIVATE,
    day_words,
    number_in,
    personal_page,
    see_other,
    trace_of,
    whom,
)
from newsletter.web.site import Site
from subscribers import leaving, pausing, preferences
from subscribers.addresses import shorten
from subscribers.preferences import Preferences
from subscribers.tables import DepartureWay
from subscribers.tokens import Purpose

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

PAUSES = (2, 4, 8, 12)
OUR_FIELD = b"from=page"
BACK = "Send me the tips again"
PAUSE = "Pause instead"
DONE = "You have left. No more letters come.\n"


async def _read_body(request: Request) -> bytes:
    # Only this must wait for the network; the addresses themselves run in threads.
    return await request.body()


Body = Annotated[bytes, Depends(_read_body)]


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
@router.api_route("/u/{token}/", methods=["GET", "HEAD"], include_in_schema=False)
def ask(site: ThisSite, token: str) -> Response:
    """Show the button that takes a person off the list."""
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    with site.reading() as session:
        person = preferences.look(session, subject.subject)
    is_here = person is not None and person.status not in leaving.GONE
    asks = is_here or subject.subject == NOBODY
    return _page(site, "leave" if asks else "left", token, person)


@router.post("/u/{token}")
@router.post("/u/{token}/", include_in_schema=False)
def leave(site: ThisSite, request: Request, token: str, body: Body) -> Response:
    """Take a person off the list at once; again changes nothing.

    Source: RFC 8058 §3.1 (no redirect, no cookie), §3.2 (what is sent); mailbox
    programs are known to send an empty body, too.
    """
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    by_hand = OUR_FIELD in body.split(b"&")
    way = DepartureWay.PAGE if by_hand else DepartureWay.ONE_CLICK

    def step(session: Session) -> None:
        depart(
            session,
            subject,
            way=way,
            network=network_of(request),
            settings=site.settings,
            hasher=site.hasher,
            now=site.clock(),
        )

    if subject.subject != NOBODY:
        site.write(step, is_private=True)
    if site.settings.welcome.goodbye:
        site.wake()
    if by_hand:
        return see_other(f"/u/{token}/done/")
    return PlainTextResponse(DONE, headers=PRIVATE)


@router.api_route("/u/{token}/done/", methods=["GET", "HEAD"])
def done(site: ThisSite, token: str, said: str = "") -> Response:
    """Say that they have left, and how they may come back, pause, or say why."""
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    with site.reading() as session:
        person = preferences.look(session, subject.subject)
    return _page(site, "left", token, person, said=said)


@router.post("/u/{token}/back/")
def come_back(site: ThisSite, request: Request, token: str) -> Response:
    """Put whoever left back on the list."""
    return _return(site, request, token, weeks=0)


@router.post("/u/{token}/pause/")
def pause(site: ThisSite, request: Request, token: str, data: Form) -> Response:
    """Let whoever left come back in some weeks, by themselves."""
    return _return(site, request, token, weeks=number_in(data, "weeks", PAUSES))


@router.post("/u/{token}/why/")
def say_why(site: ThisSite, token: str, data: Form) -> Response:
    """Keep why somebody left."""
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    why = data.get("why", "").strip()
    if why:
        site.write(
            lambda session: leaving.say_why(session, subject.subject, why),
            is_private=True,
        )
    return see_other(f"/u/{token}/done/?said=why")


def _return(site: Site, request: Request, token: str, *, weeks: int) -> Response:
    """Put somebody back on the list, if need be only after a pause."""
    person = whom(site, Purpose.UNSUBSCRIBE, token).subject
    now = site.clock()
    wording = PAUSE if weeks else BACK
    trace = trace_of(site, request, page="/u/", wording=wording)

    def step(session: Session) -> None:
        is_back = leaving.come_back(session, person, trace=trace, now=now)
        if is_back and weeks:
            pausing.pause(session, person, weeks=weeks, trace=trace, now=now)

    site.write(step, is_private=True)
    return see_other(f"/u/{token}/done/")


def _page(
    site: Site, name: str, token: str, person: Preferences | None, *, said: str = ""
) -> Response:
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    is_preview = subject.subject == NOBODY
    sign = site.signer.sign
    prefer = sign(Purpose.PREFERENCES, subject.subject, subject.about)
    return personal_page(
        site,
        name,
        title=_title(site, name, person, is_preview=is_preview),
        person=person,
        is_preview=is_preview,
        shortened=shorten(person.address) if person else "",
        path=f"/u/{token}/",
        preferences_path=f"/p/{prefer}/",
        said=said,
        pauses=PAUSES,
        longest_why=leaving.LONGEST_WHY,
        back_words=BACK,
        pause_words=PAUSE,
        paused_until=day_words(site, person.paused_until if person else None),
    )


def _title(
    site: Site, name: str, person: Preferences | None, *, is_preview: bool
) -> str:
    if name == "leave":
        return f"Leave {site.settings.newsletter.name}?"
    if is_preview:
        return "This was only a preview"
    if person is None:
        return "Nobody gets letters by this link"
    if not person.is_active:
        return "You have left"
    return "Your letters pause" if person.paused_until else "You are on the list"
