"""Pages that only one person has the link of: who they are about, and their headers.

Nobody else should see the address of such a page: not the pages it links to, not a
cache, not a search engine.
"""

from typing import Any

from fastapi.responses import RedirectResponse, Response

from newsletter.web.pages import page
from newsletter.web.site import Site
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
