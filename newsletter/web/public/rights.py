"""What the law gives a reader, on their own page: everything about them, and an end.

Source: GDPR art. 15 and 20 (access, in a machine-readable form), 17 (erasure).
"""

import json
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter import privacy
from newsletter.web.pages import site_of
from newsletter.web.personal import (
    NOBODY,
    PRIVATE,
    personal_page,
    see_other,
    whom,
)
from newsletter.web.site import Site
from subscribers import preferences
from subscribers.tokens import Purpose

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

AS_A_FILE = PRIVATE | {"Content-Disposition": 'attachment; filename="about-you.json"'}


@router.api_route("/p/{token}/data.json", methods=["GET", "HEAD"])
def download(site: ThisSite, token: str) -> Response:
    """Return all that is kept about a reader; nothing at all about nobody."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    with site.reading() as session:
        found = privacy.everything(session, person, hasher=site.hasher)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    return Response(text, media_type="application/json", headers=AS_A_FILE)


@router.api_route("/p/{token}/erase/", methods=["GET", "HEAD"])
def ask(site: ThisSite, token: str) -> Response:
    """Say what erasing means, above the button that does it."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    with site.reading() as session:
        found = preferences.look(session, person)
    return personal_page(
        site,
        "erase",
        title="Erase everything about you?" if found else "There is nothing to erase",
        person=found,
        path=f"/p/{token}/",
    )


@router.post("/p/{token}/erase/")
def erase(site: ThisSite, token: str) -> Response:
    """Forget a reader for good; again changes nothing."""
    person = whom(site, Purpose.PREFERENCES, token).subject
    if person != NOBODY:
        now = site.clock()
        site.write(
            lambda session: privacy.erase(session, person, hasher=site.hasher, now=now)
        )
    return see_other(f"/p/{token}/")
