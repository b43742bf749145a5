"""Pages that only one person has the link of: who they are about, and their headers.

Nobody else should see the address of such a page: not the pages it links to, not a
cache, not a search engine.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from newsletter.render import issue_day
from newsletter.web.forms import Fields
from newsletter.web.network import network_of
from newsletter.web.pages import page
from newsletter.web.site import Site
from subscribers.consent import Trace
from subscribers.tokens import Purpose, TokenSubject

PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
# Previews have working links to pages about nobody.
NOBODY = 0


def whom(site: Site, purpose: Purpose, token: str) -> TokenSubject:
    """Return whom a link is about.

    Raises:
        BadToken: it is none of ours, or for something else.
    """
    return site.signer.verify(purpose, token)


def personal_page(
    site: Site,
    name: str,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    """Return a page that nobody keeps, indexes, or hears of."""
    around = {"robots": "noindex, nofollow", "feed": ""}
    return page(site, name, status=status, headers=PRIVATE, **around, **values)


def see_other(path: str) -> Response:
    """Send the browser on to a page, after a form; loading that again is harmless."""
    return RedirectResponse(path, status_code=303, headers=PRIVATE)


def trace_of(site: Site, request: Request, *, page: str, wording: str) -> Trace:
    """Return where something was done, and which words the button had.

    Args:
        page: its address without the token.
    """
    return Trace(
        page=site.url(page),
        network=network_of(request),
        wording=wording,
        form_version=site.settings.signup.form_version,
    )


def number_in(data: Fields, name: str, known: Sequence[int]) -> int:
    """Return the number that a form chose of *known* ones, else the first of them."""
    found = data.get(name, "")
    return next((number for number in known if str(number) == found), known[0])


def day_words(site: Site, moment: datetime | None) -> str:
    """Return the day of a moment in words, in the newsletter's zone."""
    if moment is None:
        return ""
    day = moment.astimezone(site.zone).date()
    return issue_day(day, site.settings.newsletter.language)
