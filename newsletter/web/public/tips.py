"""A tip's own page, and the picture that links to it are shown with."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter import archive
from newsletter.render import Card, draw_card
from newsletter.web import showing, talking
from newsletter.web.pages import A_DAY, page, site_of
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

RELATED = 3


@router.api_route("/tips/{slug}/", methods=["GET", "HEAD"])
def tip(site: ThisSite, slug: str) -> Response:
    """Show a tip, what was said about it, and what stands beside it."""
    with site.reading() as session:
        found = archive.find(session, slug)
        beside = archive.neighbours(session, found)
        related = archive.related(session, found, limit=RELATED)
        talk = talking.talk_of(site, session, found.id, found.slug)
    shown = showing.summary(site, found, comments=talk.total)
    address = site.url(shown.path)
    return page(
        site,
        "tip",
        title=found.title,
        description=found.summary or shown.excerpt,
        canonical=address,
        kind="article",
        card=site.url(f"/cards/{slug}.png"),
        tip=shown,
        text=showing.text(site, found),
        earlier=beside.earlier and showing.title(site, beside.earlier),
        later=beside.later and showing.title(site, beside.later),
        related=[showing.title(site, it) for it in related],
        mailto=_mail_to_anybody(found.title, address),
        talk=talk,
    )


def _mail_to_anybody(title: str, address: str) -> str:
    """Return the link that opens a new mail to nobody yet (RFC 6068)."""
    return f"mailto:?subject={quote(title, safe='')}&body={quote(address, safe='')}"


@router.api_route("/cards/{slug}.png", methods=["GET", "HEAD"])
def card(site: ThisSite, slug: str) -> Response:
    """Draw the picture of a tip."""
    with site.reading() as session:
        found = archive.find(session, slug)
    settings = site.settings
    drawn = Card(
        newsletter=settings.newsletter.name,
        title=found.title,
        small=showing.title(site, found).day,
        accent=settings.email.accent,
    )
    # A title may change, and a picture that is a day old does no harm.
    headers = {"Cache-Control": A_DAY}
    return Response(draw_card(drawn), media_type="image/png", headers=headers)
