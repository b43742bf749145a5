"""A reader's new address: asked for on their page, confirmed from the new mailbox."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from newsletter import outbox
from newsletter.db import Session
from newsletter.tables import LetterKind
from newsletter.web.pages import site_of
from newsletter.web.personal import personal_page, see_other, trace_of, whom
from newsletter.web.site import Site
from subscribers import moving, signing_up
from subscribers.addresses import Address, parse_address, shorten
from subscribers.consent import Trace
from subscribers.moving import Move, MoveStanding
from subscribers.tokens import Purpose, TokenSubject

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

A_DAY = timedelta(days=1)
WORDING = "Yes, write to me here"
TITLES = {
    MoveStanding.WAITING: "Shall your letters come here?",
    MoveStanding.DONE: "Your new address is saved",
    MoveStanding.EXPIRED: "This link has expired",
    MoveStanding.TAKEN: "This address cannot be taken",
    MoveStanding.GONE: "This link does not work any more",
}


@router.api_route("/a/{token}", methods=["GET", "HEAD"])
@router.api_route("/a/{token}/", methods=["GET", "HEAD"], include_in_schema=False)
def show(site: ThisSite, token: str, said: str = "") -> Response:
    """Show the button that confirms a new address; following the link does nothing."""
    subject = whom(site, Purpose.NEW_ADDRESS, token)
    with site.reading() as session:
        move = _look_up(session, site, subject)
    standing = move.standing
    if said == "taken" and standing is MoveStanding.WAITING:
        standing = MoveStanding.TAKEN
    return personal_page(
        site,
        "moving",
        title=TITLES[standing],
        standing=standing,
        address=move.new_address,
        path=f"/a/{token}/",
        wording=WORDING,
    )


@router.post("/a/{token}")
@router.post("/a/{token}/", include_in_schema=False)
def confirm(site: ThisSite, request: Request, token: str) -> Response:
    """Write to the new address from now on, and tell the old one."""
    subject = whom(site, Purpose.NEW_ADDRESS, token)
    trace = trace_of(site, request, page="/a/", wording=WORDING)
    standing = site.write(
        lambda session: _confirm(session, site, subject, trace), is_private=True
    )
    site.wake()
    said = "?said=taken" if standing is MoveStanding.TAKEN else ""
    return see_other(f"/a/{token}/{said}")


def ask_to_move(
    session: Session, site: Site, person: int, address: Address, network: str
) -> None:
    """Write a wish down and have its letter sent, unless there were many today.

    Whether somebody has the address makes no difference here: nobody but who reads its
    mail may learn that.
    """
    now = site.clock()
    since, most = now - A_DAY, site.settings.signup.letters_per_address
    to_hash = site.hasher.hash(address.key)
    known = signing_up.look_up(session, address.key, to_hash)
    if (
        known.wants_peace
        or moving.count_asked(session, person, since=since) >= most
        or outbox.asked_lately(session, to_hash, since=since) >= most
    ):
        return
    wish = moving.ask(session, person, address, now=now)
    if wish is None:
        return
    outbox.post(
        session,
        LetterKind.NEW_ADDRESS,
        address.address,
        facts={"asked_at": now.isoformat(), "network": network, "change_id": wish},
        subscriber_id=person,
        to_hash=to_hash,
        now=now,
    )


def _confirm(
    session: Session, site: Site, subject: TokenSubject, trace: Trace
) -> MoveStanding:
    move = _look_up(session, site, subject)
    if move.standing is not MoveStanding.WAITING:
        return move.standing
    now, address = site.clock(), parse_address(move.new_address)
    person, wish = subject.subject, subject.about
    done = moving.confirm(session, person, wish, address, trace=trace, now=now)
    if done is MoveStanding.DONE:
        outbox.post(
            session,
            LetterKind.OLD_ADDRESS,
            move.old_address,
            facts={
                "changed_at": now.isoformat(),
                "new_address": shorten(address.address),
            },
            subscriber_id=person,
            to_hash=site.hasher.hash(parse_address(move.old_address).key),
            now=now,
        )
    return done


def _look_up(session: Session, site: Site, subject: TokenSubject) -> Move:
    return moving.look_up(
        session,
        subject.subject,
        subject.about,
        within=site.settings.signup.confirms_within,
        now=site.clock(),
    )
