"""The home page, and what every page needs beside its text."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter import archive, comments
from newsletter.web import showing
from newsletter.web.pages import icon, page, site_of, stylesheet
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# This week's tip, and what people have had lately.
TIPS = 6
# A tip that was sent longer ago is the newest, but not this week's.
DAYS_OF_A_WEEK = 8


@router.api_route("/", methods=["GET", "HEAD"])
def home(site: ThisSite) -> Response:
    """Say what this is, how to get it, and what people have had lately."""
    with site.reading() as session:
        tips = archive.latest(session, limit=TIPS)
        talk = comments.counts(session, [tip.id for tip in tips])
    shown = [showing.summary(site, tip, comments=talk.get(tip.id, 0)) for tip in tips]
    newest = tips[0] if tips else None
    is_fresh = newest and (site.clock() - newest.published_at).days < DAYS_OF_A_WEEK
    return page(
        site,
        "home",
        title=site.settings.newsletter.name,
        canonical=site.url("/"),
        card=site.url(f"/cards/{newest.slug}.png") if newest else "",
        newest=shown[0] if shown else None,
        text=showing.text(site, newest, under=3) if newest else None,
        newest_words="This week’s tip" if is_fresh else "The newest tip",
        earlier=shown[1:],
    )


@router.api_route("/site.{version}.css", methods=["GET", "HEAD"])
def css(site: ThisSite, version: str) -> Response:  # noqa: ARG001 - only breaks caches
    """Return the style sheet."""
    return stylesheet(site)


@router.api_route("/icon.svg", methods=["GET", "HEAD"])
def small_picture(site: ThisSite) -> Response:
    """Return the picture that browsers show beside a page's title."""
    return icon(site)
