"""The archive: every tip that was sent, newest first, page by page."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from newsletter import archive, comments
from newsletter.web import showing
from newsletter.web.failures import failure_page
from newsletter.web.pages import page, site_of
from newsletter.web.paging import page_number, page_path, pages
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

BASE = "/archive/"


@router.api_route("/archive/", methods=["GET", "HEAD"])
def first(site: ThisSite) -> Response:
    """Show the newest tips."""
    return _page(site, 1)


@router.api_route("/archive/page/{written}/", methods=["GET", "HEAD"])
def other(site: ThisSite, written: str) -> Response:
    """Show an older page; the first has an address of its own."""
    number = page_number(written)
    if number == 1:
        return RedirectResponse(BASE, status_code=301)
    return _page(site, number)


def _page(site: Site, number: int) -> Response:
    with site.reading() as session:
        size = site.settings.web.page_size
        found = archive.page(session, number=number, size=size)
        talk = comments.counts(session, [tip.id for tip in found.tips])
    if not found.exists:
        return no_such_page(site, found.pages)
    return page(
        site,
        "archive",
        title="Archive" if number == 1 else f"Archive, page {number}",
        heading="Archive",
        description=f"Every tip that was sent, newest first: page {number} of "
        f"{found.pages}.",
        canonical=site.url(page_path(BASE, number)),
        total=found.total,
        tips=[
            showing.summary(site, tip, comments=talk.get(tip.id, 0))
            for tip in found.tips
        ],
        pages=pages(BASE, number, found.pages),
    )


def no_such_page(site: Site, pages: int) -> Response:
    """Say how many pages there are; a page may have been there once."""
    if pages == 1:
        words = "This list has one page only."
    else:
        words = f"The pages of this list are numbered from 1 to {pages}."
    return failure_page(site, 404, words=words)
