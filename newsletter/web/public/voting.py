"""Was this useful? One press of a button, counted and forgotten.

No cookie says who has answered, and nothing is kept of anybody: a network is only
remembered, for a day and in memory, so that nobody counts for many.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from limits import RateLimitItemPerDay

from newsletter import comments
from newsletter.web.failures import failure_page
from newsletter.web.forms import Form
from newsletter.web.network import network_of
from newsletter.web.pages import site_of
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# An office or a household shares one network, and may be of several minds.
PER_NETWORK = RateLimitItemPerDay(5)
ANSWERS = {"yes": True, "no": False}
# What a browser says of a button that was pressed on one of our pages; older ones say
# nothing. Source: W3C Fetch Metadata, Sec-Fetch-Site.
FROM_HERE = {"", "same-origin", "none"}


@router.post("/tips/{slug}/useful/")
def useful(site: ThisSite, request: Request, slug: str, data: Form) -> Response:
    """Count an answer, and lead back to the tip, which says thank you.

    One more than a network may give is thanked for, and not counted.
    """
    if request.headers.get("sec-fetch-site", "") not in FROM_HERE:
        return failure_page(site, 403)
    answer = ANSWERS.get(data.get("useful", ""))
    with site.reading() as session:
        tip = comments.tip_to_discuss(session, slug)
    if answer is None:
        return failure_page(site, 400)
    network = network_of(request) or "unknown"
    if site.gate.limiter.hit(PER_NETWORK, "useful", tip.slug, network):
        site.write(lambda session: comments.vote(session, tip.id, useful=answer))
    return RedirectResponse(f"/tips/{tip.slug}/#thanked", status_code=303)
