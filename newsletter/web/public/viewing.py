"""The email in a browser: the very issue that was sent, and nobody's letter."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse, Response

from newsletter import archive
from newsletter.archive import FrozenIssue
from newsletter.render import for_browser
from newsletter.web.headers import POLICY
from newsletter.web.pages import site_of
from newsletter.web.site import Site
from subscribers.tokens import Purpose

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# A page with a token in its address: nobody keeps it, finds it or passes it on.
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@router.api_route("/issues/{slot}/", methods=["GET", "HEAD"])
def issue(site: ThisSite, slot: str) -> Response:
    """Show the issue of a week."""
    with site.reading() as session:
        found = archive.issue_of(session, slot)
    if found is None:
        raise HTTPException(404)
    return _shown(site, found, {})


@router.api_route("/v/{token}", methods=["GET", "HEAD"])
@router.api_route("/v/{token}/", methods=["GET", "HEAD"])
def view(site: ThisSite, token: str) -> Response:
    """Show the issue that a letter was of."""
    about = site.signer.verify(Purpose.VIEW, token).about
    with site.reading() as session:
        found = archive.issue_sent_as(session, about)
    if found is None:
        # A preview was no issue yet.
        raise HTTPException(404)
    return _shown(site, found, PRIVATE)


def _shown(site: Site, found: FrozenIssue, headers: dict[str, str]) -> Response:
    page = for_browser(
        found.html,
        greeting=site.settings.email.greeting_without_name,
        canonical=site.url(f"/tips/{found.tip_slug}/"),
    )
    policy = POLICY.replace("style-src 'self'", f"style-src {page.style_source}")
    return HTMLResponse(
        page.html, headers={"Content-Security-Policy": policy, **headers}
    )
