"""Atom and RSS: the newest tips in full, for programs that read feeds.

A feed says nothing of the moment it was asked for, so that it is the same octet for
octet until a tip changes. Written with lxml, which escapes whatever it is given.

Source: RFC 4287 (Atom); RSS 2.0; RSS 1.0 content module (content:encoded).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree

from newsletter.archive import PublicTip
from newsletter.web import showing
from newsletter.web.site import Site

# A few months of weeks; whoever wants all of it has the archive.
ENTRIES = 20
# When nothing was ever sent.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ATOM, RSS = "application/atom+xml", "application/rss+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Feed:
    """What a feed is about: its title, its page, and its own address on the site."""

    title: str
    page: str
    path: str


def changed_at(tips: Sequence[PublicTip]) -> datetime:
    """Return when a feed of *tips* last changed, to the second."""
    changes = (tip.changed_at for tip in tips)
    return max(changes, default=NEVER).astimezone(UTC).replace(microsecond=0)


def atom(site: Site, feed: Feed, tips: Sequence[PublicTip]) -> bytes:
    """Return *tips* as an Atom feed."""
    spaces: dict[str | None, str] = {None: _ATOM}
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap=spaces)  # type: ignore[arg-type]
    root.set(_LANG, site.settings.newsletter.language)
    _atom(root, "id", site.url(feed.path))
    _atom(root, "title", feed.title)
    _atom(root, "subtitle", site.settings.web.tagline)
    _atom(root, "updated", changed_at(tips).isoformat())
    _atom(root, "link", rel="self", type=ATOM, href=site.url(feed.path))
    _atom(root, "link", rel="alternate", type="text/html", href=site.url(feed.page))
    _atom(_atom(root, "author"), "name", site.settings.newsletter.name)
    for tip in tips:
        _atom_entry(site, _atom(root, "entry"), tip)
    return _written(root)


def rss(site: Site, feed: Feed, tips: Sequence[PublicTip]) -> bytes:
    """Return *tips* as an RSS 2.0 feed."""
    spaces = {"atom": _ATOM, "content": _CONTENT}
    root = etree.Element("rss", nsmap=spaces, version="2.0")
    channel = etree.SubElement(root, "channel")
    _rss(channel, "title", feed.title)
    _rss(channel, "link", site.url(feed.page))
    _rss(channel, "description", site.settings.web.tagline)
    _rss(channel, "language", site.settings.newsletter.language)
    _rss(channel, "lastBuildDate", format_datetime(changed_at(tips), usegmt=True))
    _atom(channel, "link", rel="self", type=RSS, href=site.url(feed.path))
    for tip in tips:
        _rss_item(site, _rss(channel, "item"), tip)
    return _written(root)


def _atom_entry(site: Site, entry: etree._Element, tip: PublicTip) -> None:
    address = site.url(f"/tips/{tip.slug}/")
    _atom(entry, "id", address)
    _atom(entry, "title", tip.title)
    _atom(entry, "link", rel="alternate", type="text/html", href=address)
    _atom(entry, "published", _second(tip.published_at).isoformat())
    _atom(entry, "updated", _second(tip.changed_at).isoformat())
    if tip.author:
        _atom(_atom(entry, "author"), "name", tip.author)
    for tag in tip.tags:
        _atom(entry, "category", term=tag.slug, label=tag.name)
    _atom(entry, "summary", showing.excerpt(tip.body))
    _atom(entry, "content", _html(site, tip), type="html")


def _rss_item(site: Site, item: etree._Element, tip: PublicTip) -> None:
    address = site.url(f"/tips/{tip.slug}/")
    _rss(item, "title", tip.title)
    _rss(item, "link", address)
    _rss(item, "guid", address, isPermaLink="true")
    _rss(item, "pubDate", format_datetime(_second(tip.published_at), usegmt=True))
    for tag in tip.tags:
        _rss(item, "category", tag.name)
    _rss(item, "comments", f"{address}#comments")
    _rss(item, "description", showing.excerpt(tip.body))
    _rss(item, f"{{{_CONTENT}}}encoded", _html(site, tip))


def _html(site: Site, tip: PublicTip) -> str:
    text = showing.text(site, tip)
    takeaway = f"<blockquote>{text.takeaway}</blockquote>" if text.takeaway else ""
    return f"{text.body}{takeaway}"


def _atom(
    parent: etree._Element, name: str, text: str = "", **attributes: str
) -> etree._Element:
    return _rss(parent, f"{{{_ATOM}}}{name}", text, **attributes)


def _rss(
    parent: etree._Element, name: str, text: str = "", **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, name, attributes)
    if text:
        element.text = text
    return element


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
