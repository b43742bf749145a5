"""Joining: the form, the letter that it causes, and the link in that letter.

The answer to the form is the same whoever the address belongs to, so that nobody can
learn from it who is on the list. A link is only followed by its page: the button on it
confirms, since programs that look for dangerous links follow them all.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from newsletter import outbox
from newsletter.db import Session
from newsletter.render import issue_day
from newsletter.tables import LetterKind
from newsletter.web import guard
from newsletter.web.failures import failure_page
from newsletter.web.forms import Form
from newsletter.web.guard import Verdict
from newsletter.web.network import network_of
from newsletter.web.pages import NO_STORE, Joining, page, script, site_of
from newsletter.web.site import Site
from subscribers import confirming, signing_up
from subscribers.addresses import parse_address
from subscribers.confirming import Request as Asked
from subscribers.confirming import Standing
from subscribers.consent import Trace
from subscribers.errors import BadAddress, BadDetail, BadToken
from subscribers.signing_up import Acquaintance, Reply, Wish
from subscribers.tokens import Purpose, TokenSubject

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

NOTHING_TYPED = Joining()
CONFIRM_WORDING = "Yes, send me the tips"
DAY = timedelta(days=1)
# How often somebody is asked who complained, was erased, or cannot be reached.
PEACE = timedelta(days=30)
BY_TOKEN = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
# What the page says when the form must be sent once more.
ONCE_MORE = "Nearly there: please look whether it is right, and press the button."
PUZZLE = (
    "Very many people sign up at the moment, so your browser has a small puzzle to "
    "solve first, which takes it a few seconds: please press the button once more. It "
    "needs JavaScript for that. Without it, please come back in some hours: until the "
    "rush is over no mail is sent."
)
SNIPPET = """\
<form method="post" action="{action}">
  <label>Your email address
    <input type="email" name="address" autocomplete="email" required>
  </label>
  <button>Send me the tips</button>
</form>"""
TITLES = {
    Standing.WAITING: "Please confirm your address",
    Standing.EXPIRED: "This link has expired",
    Standing.CONFIRMED: "All is well: you are on the list",
    Standing.LEFT: "You have left since",
    Standing.FORGOTTEN: "This link has expired",
    "broken": "This link does not work",
}


@router.api_route("/join/", methods=["GET", "HEAD"])
def join_page(site: ThisSite) -> Response:
    """Show the form on a page of its own."""
    return _form(site)


@router.post("/join/")
def join(site: ThisSite, request: Request, data: Form) -> Response:
    """Write a wish down and have its letter sent; the answer never says which."""
    verdict = guard.check(site, request, guard.JOIN, data)
    if verdict is Verdict.ROBOT:
        return _sent()
    if verdict is Verdict.TOO_MANY:
        return failure_page(site, 429)
    typed = Joining(
        data.get("address", ""), data.get("name", ""), data.get("timezone", "")
    )
    try:
        wish = signing_up.read_wish(
            typed.address, name=typed.name, timezone=typed.timezone
        )
    except (BadAddress, BadDetail) as error:
        return _form(site, _with_error(typed, error), status=422)
    if verdict is not Verdict.OK:
        note = PUZZLE if verdict is Verdict.NEEDS_PUZZLE else ONCE_MORE
        return _form(site, typed, note=note)
    trace = _trace(site, request, wording=site.settings.signup.wording)
    site.write(lambda session: _sign_up(session, site, wish, trace))
    site.wake()
    return _sent()


@router.api_route("/join/sent/", methods=["GET", "HEAD"])
def sent_page(site: ThisSite) -> Response:
    """Say that a letter is on its way, to whomever it may be."""
    return page(site, "join_sent", title="Look into your mailbox", robots="noindex")


@router.api_route("/embed/", methods=["GET", "HEAD"])
def embed_page(site: ThisSite) -> Response:
    """Show the form as a snippet for another site."""
    return page(
        site,
        "embed",
        title="The form on your own site",
        canonical=site.url("/embed/"),
        snippet=SNIPPET.format(action=site.url("/join/")),
    )


@router.api_route("/c/{token}", methods=["GET", "HEAD"])
@router.api_route("/c/{token}/", methods=["GET", "HEAD"], include_in_schema=False)
def confirm_page(site: ThisSite, token: str) -> Response:
    """Say what the link is good for; nothing is confirmed by following it."""
    try:
        subject = site.signer.verify(Purpose.CONFIRM, token)
    except BadToken:
        return _confirm(site, token, None, status=404)
    with site.reading() as session:
        asked = _look_up(session, site, subject)
    return _confirm(site, token, asked)


@router.post("/c/{token}")
@router.post("/c/{token}/", include_in_schema=False)
def confirm(site: ThisSite, request: Request, token: str) -> Response:
    """Confirm, or have a new link sent when this one has expired.

    Pressing the button again changes nothing.
    """
    try:
        subject = site.signer.verify(Purpose.CONFIRM, token)
    except BadToken:
        return _confirm(site, token, None, status=404)
    trace = _trace(site, request, wording=CONFIRM_WORDING, page="/c/")
    standing = site.write(lambda session: _press(session, site, subject, trace))
    site.wake()
    if standing is Standing.EXPIRED:
        return _sent()
    return RedirectResponse(f"/c/{token}", status_code=303, headers=BY_TOKEN)


@router.api_route("/join.{version}.js", methods=["GET", "HEAD"])
def join_script(site: ThisSite, version: str) -> Response:  # noqa: ARG001 - as css
    """Return the script that guesses the time zone and solves puzzles."""
    return script(site, "join")


def _sign_up(session: Session, site: Site, wish: Wish, trace: Trace) -> None:
    """Write the wish down, unless its address was written to often enough."""
    now = site.clock()
    to_hash = site.hasher.hash(wish.address.key)
    known = signing_up.look_up(session, wish.address.key, to_hash)
    if not _may_write(session, site, known, to_hash):
        return
    host = site.settings.newsletter.host
    done = signing_up.sign_up(
        session, wish, source=f"the form at {host}", trace=trace, now=now
    )
    kind = LetterKind.KNOWN if done.reply is Reply.KNOWN else LetterKind.CONFIRM
    outbox.post(
        session,
        kind,
        done.address,
        facts={"asked_at": now.isoformat(), "network": trace.network},
        subscriber_id=done.subscriber_id,
        to_hash=to_hash,
        now=now,
    )


def _may_write(session: Session, site: Site, known: Acquaintance, to_hash: str) -> bool:
    """Tell whether the address may get one more letter that anybody can ask for."""
    most, within = site.settings.signup.letters_per_address, DAY
    if known.wants_peace:
        most, within = 1, PEACE
    since = site.clock() - within
    return outbox.asked_lately(session, to_hash, since=since) < most


def _press(
    session: Session, site: Site, subject: TokenSubject, trace: Trace
) -> Standing:
    """Do what the button says, in one transaction with the letter that follows."""
    now = site.clock()
    asked = _look_up(session, site, subject)
    if asked.standing is Standing.EXPIRED:
        _ask_again(session, site, asked, trace)
        return asked.standing
    is_new = confirming.confirm(
        session, asked, hasher=site.hasher, trace=trace, now=now
    )
    if is_new and site.settings.welcome.enabled:
        _post(session, site, LetterKind.WELCOME, asked)
    return asked.standing


def _ask_again(session: Session, site: Site, asked: Asked, trace: Trace) -> None:
    key = parse_address(asked.address).key
    known = signing_up.look_up(session, key, site.hasher.hash(key))
    if _may_write(session, site, known, site.hasher.hash(key)):
        facts = {"asked_at": site.clock().isoformat(), "network": trace.network}
        _post(session, site, LetterKind.CONFIRM, asked, facts)


def _post(
    session: Session,
    site: Site,
    kind: LetterKind,
    asked: Asked,
    facts: dict[str, str] | None = None,
) -> None:
    outbox.post(
        session,
        kind,
        asked.address,
        facts=facts or {},
        subscriber_id=asked.subscriber_id,
        to_hash=site.hasher.hash(parse_address(asked.address).key),
        now=site.clock(),
    )


def _look_up(session: Session, site: Site, subject: TokenSubject) -> Asked:
    return confirming.look_up(
        session,
        subject.subject,
        subject.issued,
        confirm_within=site.settings.signup.confirms_within,
        now=site.clock(),
    )


def _trace(site: Site, request: Request, *, wording: str, page: str = "") -> Trace:
    """Return where this was done; the address of a token's page stays out of it."""
    return Trace(
        page=site.url(page or request.url.path),
        network=network_of(request),
        wording=wording,
        form_version=site.settings.signup.form_version,
    )


def _with_error(typed: Joining, error: BadAddress | BadDetail) -> Joining:
    """Return the form with the error in the words of somebody who sees the field."""
    reason = error.reason[:1].upper() + error.reason[1:]
    words = reason if reason.endswith((".", "?")) else f"{reason}."
    if isinstance(error, BadAddress):
        wrong = f"This is not a usable email address. {words}"
        return replace(typed, wrong_address=wrong)
    if error.detail == "name":
        return replace(typed, wrong_name=f"This name cannot be used. {words}")
    return replace(typed, wrong_timezone=f"This cannot be used. {words}")


def _form(
    site: Site, joining: Joining = NOTHING_TYPED, *, note: str = "", status: int = 200
) -> Response:
    return page(
        site,
        "joining",
        status=status,
        headers=NO_STORE,
        title="Get one tip a week",
        canonical=site.url("/join/"),
        joining=joining,
        note=note,
    )


def _sent() -> Response:
    return RedirectResponse("/join/sent/", status_code=303)


def _confirm(
    site: Site, token: str, asked: Asked | None, *, status: int = 200
) -> Response:
    timetable = site.settings.schedule.timetable
    coming = next(timetable.coming(timetable.latest(site.clock()).shift(1)))
    day = timetable.moment(coming).astimezone(site.zone).date()
    standing = asked.standing if asked else "broken"
    return page(
        site,
        "confirm",
        status=status,
        headers=BY_TOKEN,
        title=TITLES[standing],
        robots="noindex",
        standing=standing,
        address=asked.address if asked else "",
        path=f"/c/{token}",
        wording=CONFIRM_WORDING,
        next_day=issue_day(day, site.settings.newsletter.language),
    )
