"""A reader's own page, behind the link in every letter: what they get, and how often.

Whoever has the link is the reader; no login. Forms are answered with the page again,
which then says what was done.
"""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from newsletter import ledger, outbox
from newsletter.db import Session
from newsletter.tables import LetterKind
from newsletter.web.forms import Fields, Form
from newsletter.web.pages import site_of
from newsletter.web.personal import (
    NOBODY,
    day_words,
    number_in,
    personal_page,
    see_other,
    trace_of,
    whom,
)
from newsletter.web.public.moving import A_DAY, ask_to_move
from newsletter.web.site import Site
from subscribers import pausing
from subscribers import preferences as choices
from subscribers.addresses import parse_address
from subscribers.audience import week_ordinal
from subscribers.errors import BadAddress, BadDetail
from subscribers.preferences import Preferences
from subscribers.tokens import Purpose

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

PAUSES = (1, 2, 4, 8, 12, 26)
TIPS_ON_A_PAGE = 20
LARGEST_NUMBER = 2**53
# What the page says after a form, by the word in its address.
SAID = {
    "details": "Your details are saved.",
    "rhythm": "How often you get a tip is saved.",
    "pause": "Your pause is saved.",
    "on": "Welcome back: the next tip comes as usual.",
    "address": "We have written to the new address. Please follow the link in that "
    "letter: until then, everything comes to the old one. If nothing comes, look among "
    "the unwanted mail; and we write to an address only a few times a day.",
    "again": "The letter is on its way.",
    "enough": "These were many letters for one day. Please try again tomorrow.",
}


@dataclass(frozen=True)
class Typed:
    """What was typed into the forms, and what was wrong with it."""

    name: str = ""
    timezone: str = ""
    language: str = ""
    address: str = ""
    wrong: str = ""
    reason: str = ""


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
@router.api_route("/p/{token}/", methods=["GET", "HEAD"], include_in_schema=False)
def show(site: ThisSite, token: str, said: str = "") -> Response:
    """Show what a reader may change."""
    return _show(site, token, said=said)


@router.post("/p/{token}/details/")
def change_details(site: ThisSite, token: str, data: Form) -> Response:
    """Keep name, time zone and language."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    fields = ("name", "timezone", "language")
    details = {name: data.get(name, "") for name in fields}
    try:
        site.write(
            lambda session: choices.change(session, person, **details),
            is_private=True,
        )
    except BadDetail as error:
        wrong = error.detail.replace(" ", "")
        typed = Typed(**details, wrong=wrong, reason=str(error))
        return _show(site, token, typed=typed)
    return _saved(token, "details")


@router.post("/p/{token}/rhythm/")
def set_rhythm(site: ThisSite, token: str, data: Form) -> Response:
    """Send a tip every week, or every second one."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    every = number_in(data, "every", pausing.RHYTHMS)

    def step(session: Session) -> None:
        since = _a_week_of_theirs(session, site, person)
        pausing.set_rhythm(session, person, every_weeks=every, since_week=since)

    site.write(step, is_private=True)
    return _saved(token, "rhythm")


@router.post("/p/{token}/pause/")
def pause(site: ThisSite, request: Request, token: str, data: Form) -> Response:
    """Send nothing for some weeks."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    weeks, now = number_in(data, "weeks", PAUSES), site.clock()
    trace = trace_of(site, request, page="/p/", wording="Pause")
    site.write(
        lambda session: pausing.pause(
            session, person, weeks=weeks, trace=trace, now=now
        ),
        is_private=True,
    )
    return _saved(token, "pause")


@router.post("/p/{token}/on/")
def go_on(site: ThisSite, token: str) -> Response:
    """End a pause before its time."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    site.write(lambda session: pausing.go_on(session, person), is_private=True)
    return _saved(token, "on")


@router.post("/p/{token}/address/")
def change_address(
    site: ThisSite, request: Request, token: str, data: Form
) -> Response:
    """Have a letter sent to a new address; the answer never says whose it is."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    typed = data.get("address", "")
    try:
        address = parse_address(typed)
    except BadAddress as error:
        wrong = Typed(address=typed, wrong="address", reason=str(error))
        return _show(site, token, typed=wrong)
    trace = trace_of(site, request, page="/p/", wording="")
    site.write(
        lambda session: ask_to_move(session, site, person, address, trace.network),
        is_private=True,
    )
    site.wake()
    return _saved(token, "address")


@router.api_route("/p/{token}/tips/", methods=["GET", "HEAD"])
def tips(site: ThisSite, token: str, before: str = "", said: str = "") -> Response:
    """List the tips that a reader has had, newest first."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    last = int(before) if before.isascii() and before.isdecimal() else LARGEST_NUMBER
    with site.reading() as session:
        found = ledger.had(
            session,
            person,
            before=min(last, LARGEST_NUMBER),
            limit=TIPS_ON_A_PAGE + 1,
        )
    shown = found[:TIPS_ON_A_PAGE]
    return personal_page(
        site,
        "had",
        title="The tips that you have had",
        tips=[(tip, day_words(site, tip.at)) for tip in shown],
        older=shown[-1].letter if len(found) > TIPS_ON_A_PAGE else 0,
        path=f"/p/{token}/",
        is_first=not before,
        said=SAID.get(said, ""),
    )


@router.post("/p/{token}/again/")
def send_again(site: ThisSite, token: str, data: Form) -> Response:
    """Send one of the tips once more, as it was."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    was_posted = site.write(
        lambda session: _post_again(session, site, person, data), is_private=True
    )
    site.wake()
    said = "again" if was_posted else "enough"
    return see_other(f"/p/{token}/tips/?said={said}")


def _post_again(session: Session, site: Site, person: int, data: Fields) -> bool:
    """Post the letter, if they had it and have not asked for too many today."""
    issue = data.get("issue", "")
    if not (issue.isascii() and issue.isdecimal() and len(issue) <= len(str(2**53))):
        return False
    reader = choices.look(session, person)
    had_it = ledger.went_at(session, person, int(issue)) is not None
    if reader is None or not reader.is_active or not had_it:
        return False
    now, to_hash = site.clock(), site.hasher.hash(parse_address(reader.address).key)
    most = site.settings.signup.letters_per_address
    if outbox.asked_lately(session, to_hash, since=now - A_DAY) >= most:
        return False
    return outbox.post(
        session,
        LetterKind.AGAIN,
        reader.address,
        facts={"issue_id": int(issue)},
        subscriber_id=person,
        to_hash=to_hash,
        now=now,
    )


def _a_week_of_theirs(session: Session, site: Site, person: int) -> int:
    """Return the week of the last tip that they had, else the next one's."""
    last = ledger.had(session, person, limit=1)
    timetable = site.settings.schedule.timetable
    coming = timetable.latest(site.clock()).shift(1)
    slot = last[0].slot if last else next(timetable.coming(coming))
    return week_ordinal(slot.monday)


def _saved(token: str, said: str) -> Response:
    return see_other(f"/p/{token}/?said={said}")


def _show(
    site: Site, token: str, *, said: str = "", typed: Typed | None = None
) -> Response:
    subject = whom(site, Purpose.PREFERENCES, token)
    with site.reading() as session:
        person = choices.look(session, subject.subject)
    leave = site.signer.sign(Purpose.UNSUBSCRIBE, subject.subject, subject.about)
    return personal_page(
        site,
        "preferences",
        status=422 if typed else 200,
        title="Your letters" if person else "Nobody gets letters by this link",
        person=person,
        is_preview=subject.subject == NOBODY,
        typed=_filled(typed, person),
        path=f"/p/{token}/",
        leave_path=f"/u/{leave}/",
        said=SAID.get(said, ""),
        pauses=PAUSES,
        paused_until=day_words(site, person.paused_until if person else None),
    )


def _filled(typed: Typed | None, person: Preferences | None) -> Typed:
    """Return what stands in the fields: what was typed, else what is kept."""
    kept = Typed()
    if person:
        kept = Typed(person.name, person.timezone, person.language)
    if typed is None:
        return kept
    if typed.wrong == "address":
        return replace(
            kept, address=typed.address, wrong="address", reason=typed.reason
        )
    return typed
