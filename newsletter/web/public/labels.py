"""Tags and categories: an overview, and the posts of each, page by page."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import RedirectResponse, Response

from newsletter import archive, comments
from newsletter.archive import Shelf
from newsletter.tables import LabelKind
from newsletter.web import showing
from newsletter.web.pages import page, site_of
from newsletter.web.paging import page_number, page_path, pages
from newsletter.web.public.archive import no_such_page
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# The list above the posts of a label.
NEWEST = 10


@dataclass(frozen=True)
class Noun:
    """A kind of label as readers hear of it, and where its pages are."""

    kind: LabelKind
    word: str
    folder: str


TAG = Noun(LabelKind.TAG, "Tag", "/tags/")
CATEGORY = Noun(LabelKind.CATEGORY, "Category", "/categories/")


@router.api_route("/tags/", methods=["GET", "HEAD"])
def overview(site: ThisSite) -> Response:
    """Show every tag and category, and how many tips each has."""
    with site.reading() as session:
        tags = archive.labels(session, LabelKind.TAG)
        categories = archive.labels(session, LabelKind.CATEGORY)
    return page(
        site,
        "tags",
        title="Tags",
        description="What the tips are about, from A to Z.",
        canonical=site.url("/tags/"),
        tags=tags,
        categories=categories,
    )


@router.api_route("/categories/", methods=["GET", "HEAD"])
def categories() -> Response:
    """Lead to the overview, which has both."""
    return RedirectResponse("/tags/#categories", status_code=301)


@router.api_route("/tags/{slug}/", methods=["GET", "HEAD"])
def tag(site: ThisSite, slug: str) -> Response:
    """Show the newest tips of a tag."""
    return _page(site, TAG, slug, 1)


@router.api_route("/tags/{slug}/page/{written}/", methods=["GET", "HEAD"])
def older_tag(site: ThisSite, slug: str, written: str) -> Response:
    """Show an older page of a tag."""
    return _other(site, TAG, slug, written)


@router.api_route("/categories/{slug}/", methods=["GET", "HEAD"])
def category(site: ThisSite, slug: str) -> Response:
    """Show the newest tips of a category."""
    return _page(site, CATEGORY, slug, 1)


@router.api_route("/categories/{slug}/page/{written}/", methods=["GET", "HEAD"])
def older_category(site: ThisSite, slug: str, written: str) -> Response:
    """Show an older page of a category."""
    return _other(site, CATEGORY, slug, written)


def _other(site: Site, noun: Noun, slug: str, written: str) -> Response:
    number = page_number(written)
    if number == 1:
        return RedirectResponse(f"{noun.folder}{slug}/", status_code=301)
    return _page(site, noun, slug, number)


def _page(site: Site, noun: Noun, slug: str, number: int) -> Response:
    shelf, size = Shelf(noun.kind, slug), site.settings.web.page_size
    with site.reading() as session:
        label = archive.find_label(session, shelf)
        if label is None:
            raise HTTPException(404)
        found = archive.page(session, number=number, size=size, shelf=shelf)
        newest = archive.newest_titles(session, limit=NEWEST, shelf=shelf)
        talk = comments.counts(session, [tip.id for tip in found.tips])
    if not found.exists:
        return no_such_page(site, found.pages)
    base = f"{noun.folder}{slug}/"
    return page(
        site,
        "label",
        title=label.name if number == 1 else f"{label.name}, page {number}",
        heading=label.name,
        noun=noun.word,
        description=f"Every tip about {label.name}, newest first: page {number} of "
        f"{found.pages}.",
        canonical=site.url(page_path(base, number)),
        feed=f"{base}feed.xml" if noun is TAG else "/feed.xml",
        total=found.total,
        newest=[showing.title(site, tip) for tip in newest],
        posts=[
            (
                showing.summary(site, tip, comments=talk.get(tip.id, 0)),
                showing.text(site, tip, under=2),
            )
            for tip in found.tips
        ],
        pages=pages(base, number, found.pages),
    )
