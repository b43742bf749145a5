"""Search: the tips that have all words of a question, the best first."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated
from urllib.parse import quote_plus

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from newsletter import archive, words
from newsletter.archive import PublicTip
from newsletter.render import plain_words
from newsletter.web import showing
from newsletter.web.pages import page, site_of
from newsletter.web.paging import page_number, pages
from newsletter.web.public.archive import no_such_page
from newsletter.web.showing import ShownTitle
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

LONGEST_QUESTION = 200
EXCERPT_LENGTH = 240

Pieces = list[tuple[str, bool]]


@dataclass(frozen=True)
class Found:
    """A tip that was found; in its pieces, true is what was asked for."""

    link: ShownTitle
    title: Pieces
    excerpt: Pieces


@router.api_route("/search/", methods=["GET", "HEAD"])
def search(site: ThisSite, request: Request) -> Response:
    """Show the form, and what is found."""
    question = " ".join(request.query_params.get("q", "").split())[:LONGEST_QUESTION]
    number = page_number(request.query_params.get("page", "1"))
    asked = words.words_of(question)
    with site.reading() as session:
        size = site.settings.web.page_size
        found = archive.search(session, asked, number=number, size=size)
    if not found.exists:
        return no_such_page(site, found.pages)
    return page(
        site,
        "search",
        title=f"Search: {question}" if question else "Search",
        robots="noindex",
        question=question,
        total=found.total,
        found=[_found(site, tip, asked) for tip in found.tips],
        pages=pages(f"/search/?q={quote_plus(question)}", number, found.pages),
    )


def _found(site: Site, tip: PublicTip, asked: tuple[str, ...]) -> Found:
    text = words.around(_plain(tip.body), asked, limit=EXCERPT_LENGTH)
    return Found(
        showing.title(site, tip),
        words.mark(tip.title, asked),
        words.mark(text, asked),
    )


@lru_cache(maxsize=1_024)
def _plain(body: str) -> str:
    return plain_words(body)
