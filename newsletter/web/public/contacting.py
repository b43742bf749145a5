"""A letter to the operator, from a form; nobody's mail program is needed for it.

It waits in the outbox like every letter of ours, so none is lost when the relay is
away, and is deleted here once it was sent. It comes from our own address, as mail that
claims to be from anybody else's is refused; answers go to whoever wrote.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from newsletter import outbox
from newsletter.db import Session
from newsletter.tables import LetterKind
from newsletter.web import guard, talking
from newsletter.web.forms import Form
from newsletter.web.guard import Verdict
from newsletter.web.pages import NO_STORE, page, site_of
from newsletter.web.site import Site
from newsletter.web.talking import NOTHING_TYPED, Writing
from subscribers.addresses import parse_address
from subscribers.details import clean_typed_name

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

LONGEST = 10_000
ONCE_MORE = "Nearly there: please look whether it is right, and press the button."
TOO_MANY = (
    "Many messages came from your network within the hour, so this one was not taken. "
    "It still stands here: please send it later."
)


@router.api_route("/contact/", methods=["GET", "HEAD"])
def contact_page(site: ThisSite) -> Response:
    """Show the form."""
    return _form(site)


@router.post("/contact/")
def contact(site: ThisSite, request: Request, data: Form) -> Response:
    """Take a message, to be mailed to the operator at once."""
    verdict = guard.check(site, request, guard.CONTACT, data)
    if verdict is Verdict.ROBOT:
        return _thanks()
    writing = talking.read_writing(data, longest=LONGEST)
    if verdict is Verdict.TOO_MANY:
        return _form(site, writing, note=TOO_MANY, status=429)
    if writing.is_wrong:
        return _form(site, writing, status=422)
    if verdict is not Verdict.OK:
        return _form(site, writing, note=ONCE_MORE, status=422)
    site.write(lambda session: _post(session, site, writing))
    site.wake()
    return _thanks()


@router.api_route("/contact/sent/", methods=["GET", "HEAD"])
def thanks_page(site: ThisSite) -> Response:
    """Say that the message is on its way."""
    return page(site, "contact_sent", title="Thank you", robots="noindex")


def _post(session: Session, site: Site, writing: Writing) -> None:
    now = site.clock()
    outbox.post(
        session,
        LetterKind.CONTACT,
        site.settings.identity.mailbox,
        facts={
            "sender_name": clean_typed_name(writing.name),
            "sender": parse_address(writing.address).address,
            "message": writing.text,
            "written_at": now.isoformat(),
        },
        subscriber_id=None,
        # It limits the mail that strangers can ask for to one address; whoever runs
        # the newsletter wants this mail.
        to_hash="",
        now=now,
    )


def _form(
    site: Site, writing: Writing = NOTHING_TYPED, *, note: str = "", status: int = 200
) -> Response:
    return page(
        site,
        "contact",
        status=status,
        headers=NO_STORE,
        title="Write to us",
        canonical=site.url("/contact/"),
        writing=writing,
        contact_guard=guard.fields(site, guard.CONTACT, now=site.clock()),
        longest=LONGEST,
        note=note,
    )


def _thanks() -> Response:
    return RedirectResponse("/contact/sent/", status_code=303)
