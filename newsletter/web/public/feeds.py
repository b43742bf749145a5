"""The feeds: all tips, or those of one tag, as Atom and as RSS."""

from collections.abc import Callable, Sequence
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response

from newsletter import archive
from newsletter.archive import PublicTip, Shelf
from newsletter.tables import LabelKind
from newsletter.web import feeds
from newsletter.web.feeds import Feed
from newsletter.web.pages import site_of
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

Writer = Callable[[Site, Feed, Sequence[PublicTip]], bytes]


@router.api_route("/feed.xml", methods=["GET", "HEAD"])
def atom(site: ThisSite) -> Response:
    """Return the newest tips as Atom."""
    return _whole(site, "/feed.xml", feeds.atom, feeds.ATOM)


@router.api_route("/rss.xml", methods=["GET", "HEAD"])
def rss(site: ThisSite) -> Response:
    """Return the newest tips as RSS."""
    return _whole(site, "/rss.xml", feeds.rss, feeds.RSS)


@router.api_route("/tags/{slug}/feed.xml", methods=["GET", "HEAD"])
def tag_atom(site: ThisSite, slug: str) -> Response:
    """Return the newest tips of a tag as Atom."""
    return _of_tag(site, slug, "feed.xml", feeds.atom, feeds.ATOM)


@router.api_route("/tags/{slug}/rss.xml", methods=["GET", "HEAD"])
def tag_rss(site: ThisSite, slug: str) -> Response:
    """Return the newest tips of a tag as RSS."""
    return _of_tag(site, slug, "rss.xml", feeds.rss, feeds.RSS)


def _whole(site: Site, path: str, write: Writer, kind: str) -> Response:
    with site.reading() as session:
        tips = archive.entries(session, limit=feeds.ENTRIES)
    feed = Feed(site.settings.newsletter.name, "/", path)
    return _answer(site, feed, tips, write, kind)


def _of_tag(site: Site, slug: str, name: str, write: Writer, kind: str) -> Response:
    shelf = Shelf(LabelKind.TAG, slug)
    with site.reading() as session:
        label = archive.find_label(session, shelf)
        if label is None:
            raise HTTPException(404)
        tips = archive.entries(session, limit=feeds.ENTRIES, shelf=shelf)
    title = f"{label.name} · {site.settings.newsletter.name}"
    feed = Feed(title, f"/tags/{slug}/", f"/tags/{slug}/{name}")
    return _answer(site, feed, tips, write, kind)


def _answer(
    site: Site, feed: Feed, tips: Sequence[PublicTip], write: Writer, kind: str
) -> Response:
    changed = format_datetime(feeds.changed_at(tips), usegmt=True)
    return Response(
        write(site, feed, tips), media_type=kind, headers={"Last-Modified": changed}
    )
