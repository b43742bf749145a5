"""Leaving: the page behind the link in every letter, and the button of mailbox programs.

The page has one button and changes nothing by itself. A POST without our form's own
field is RFC 8058's one-click: whatever its body, it is answered directly, with no
cookie, no redirect and no question.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from newsletter import ledger, notices
from newsletter.db import Session
from newsletter.tables import NoticeKind
from newsletter.web.network import network_of
from newsletter.web.pages import site_of
from newsletter.web.personal import (
    NOBODY,
    PRIVATE,
    personal_page,
    see_other,
    whom,
)
from newsletter.web.site import Site
from subscribers import leaving, pausing, preferences
from subscribers.leaving import BurstPolicy, Left
from subscribers.preferences import Preferences
from subscribers.tables import DepartureWay
from subscribers.tokens import Purpose, TokenSubject

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

PAUSES = (2, 4, 8, 12)
OUR_FIELD = b"from=page"
BACK = "Send me the tips again"
PAUSE = "Pause instead"
DONE = "You have left. No more letters come.\n"
HELD = (
    "{count} people left within a minute, each right after their letter or all from "
    "one network, as a machine does that follows every link. They get no more mail, "
    "like everybody who leaves, and so do those who follow. See who: `newsletter "
    "subscribers held`. Then keep or undo it: `newsletter subscribers held --keep` or "
    "`--undo`."
)


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
    if person and not person.may_come_back:
        return _page(site, "leave", token, person)
    return _page(site, "left", token, person)


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
    if subject.subject != NOBODY:
        network = network_of(request)
        site.write(lambda session: _leave(session, site, subject, way, network))
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
def pause(site: ThisSite, request: Request, token: str, body: Body) -> Response:
    """Let whoever left come back in some weeks, by themselves."""
    return _return(site, request, token, weeks=_weeks(body))


@router.post("/u/{token}/why/")
def say_why(site: ThisSite, token: str, data: Form) -> Response:
    """Keep why somebody left."""
    subject = whom(site, Purpose.UNSUBSCRIBE, token)
    why = data.get("why", "").strip()
    if why:
        site.write(lambda session: leaving.say_why(session, subject.subject, why))
    return see_other(f"/u/{token}/done/?said=why")


def _leave(
    session: Session, site: Site, subject: TokenSubject, way: DepartureWay, network: str
) -> Left:
    """Take somebody off the list, and tell the operator of a burst."""
    now = site.clock()
    policy = _policy(site)
    went_at = ledger.went_at(session, subject.subject, subject.about)
    left = leaving.leave(
        session,
        subject.subject,
        way=way,
        issue_id=subject.about,
        seconds_after_letter=(now - went_at).total_seconds() if went_at else None,
        network=network,
        policy=policy,
        now=now,
    )
    if left.lot:
        message = HELD.format(count=policy.burst)
        kind = NoticeKind.LEAVING_HELD
        notices.post(session, kind, f"departure {left.lot}", message, now=now)
    return left
