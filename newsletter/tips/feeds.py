"""Read the entries of an RSS 2.0 or Atom feed as tips, oldest first.

Source: RSS 2.0 Specification (rssboard.org); RFC 4287 (Atom), RFC 3339 (its times).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from pathlib import Path
from urllib.parse import unquote, urljoin
from zlib import crc32

from lxml import etree

from newsletter.tips.cleaning import clean_html, plain_text
from newsletter.tips.drafts import (
    LONGEST_ORIGIN,
    Found,
    LeftOut,
    TipDraft,
    check,
    check_length,
    oldest_first,
)
from newsletter.tips.labels import distinct, slug_for
from newsletter.tips.wordpress import opening_words
from newsletter.tips.xml_files import child_text, elements, local_name, namespace

ATOM = "http://www.w3.org/2005/Atom"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_FILE_NAMES = (".html", ".htm", ".php", ".aspx")


@dataclass
class _Feed:
    address: str = ""
    author: str = ""


def read_rss(path: Path) -> Iterator[Found]:
    """Yield the items of the RSS 2.0 feed at *path*.

    Raises:
        UnreadableSource: the XML is broken from some line on.
    """
    yield from _read(path, depth=2, entry="item")


def read_atom(path: Path) -> Iterator[Found]:
    """Yield the entries of the Atom feed at *path*.

    Raises:
        UnreadableSource: the XML is broken from some line on.
    """
    yield from _read(path, depth=1, entry="entry")


def _read(path: Path, *, depth: int, entry: str) -> Iterator[Found]:
    feed = _Feed()
    found: list[tuple[datetime | None, TipDraft]] = []
    number = 0
    for element in elements(path, depth=depth):
        if local_name(element) != entry:
            _learn(feed, element)
            continue
        number += 1
        where = f"{path}, {entry} {number} (line {element.sourceline})"
        item = _Atom(element, feed) if entry == "entry" else _Rss(element, feed)
        tip = _tip(item, where)
        if isinstance(tip, TipDraft):
            found.append((item.instant(), tip))
        else:
            yield tip
    # Feeds begin with the newest, so what has no date goes backwards too.
    yield from _distinct_slugs(oldest_first(reversed(found)))


def _learn(feed: _Feed, element: etree._Element) -> None:
    name = local_name(element)
    if name == "link" and element.get("rel", "alternate") == "alternate":
        feed.address = element.get("href") or (element.text or "").strip()
    elif name == "author":
        feed.author = plain_text(child_text(element, "name"))


def _tip(item: "_Rss | _Atom", where: str) -> Found:
    html = item.html()
    if html is None:
        return LeftOut(where, item.kind, "its text is at another address")
    too_long = check_length(html, where)
    if too_long:
        return too_long
    cleaned = clean_html(html, base=item.base() or None)
    if not cleaned.markdown:
        return LeftOut(where, item.kind, "it has no text")
    notes = cleaned.notes
    title = item.title()
    if not title:
        title = opening_words(cleaned.markdown)
        notes += (f"it had no title; its opening words are one now: {title!r}",)
    instant = item.instant()
    if instant is None and item.date_text():
        notes += (f"its date {item.date_text()!r} cannot be read and is not kept",)
    draft = TipDraft(
        slug=_slug(item.link(), title),
        title=title,
        body=cleaned.markdown,
        where=where,
        summary=item.summary(),
        author=item.author() or None,
        tags=item.tags() or None,
        written_on=instant.date() if instant else None,
        origin=_origin(item.identity(), item.feed.address),
        notes=notes,
    )
    return check(draft) or draft


def _slug(link: str, title: str) -> str:
    """Return the last part of the link, which readers know, or one of the title."""
    path = re.sub(r"[?#].*", "", link).rstrip("/")
    # An address without a path ends in the host, which names no entry.
    last = unquote(path.rpartition("/")[2]).lower() if path.count("/") > 2 else ""
    for ending in _FILE_NAMES:
        last = last.removesuffix(ending)
    return slug_for(last if any(char.isalpha() for char in last) else title)


def _distinct_slugs(drafts: list[TipDraft]) -> Iterator[TipDraft]:
    """Give entries of one feed that are called the same addresses of their own."""
    taken: set[str] = set()
    for draft in drafts:
        slug, count = draft.slug, 1
        while slug in taken:
            count += 1
            slug = f"{draft.slug}-{count}"
        taken.add(slug)
        yield draft if slug == draft.slug else _renamed(draft, slug)


def _renamed(draft: TipDraft, slug: str) -> TipDraft:
    note = f"its address is {slug}, since another entry is called {draft.slug}"
    return replace(draft, slug=slug, notes=(*draft.notes, note))


def _origin(identity: str, feed: str) -> str | None:
    """Return a name for an entry that no other feed's entry has."""
    if not identity:
        return None
    unique = identity if ":" in identity else f"{feed}#{identity}"
    if len(unique) <= LONGEST_ORIGIN:
        return unique
    return f"{unique[: LONGEST_ORIGIN - 9]}#{crc32(unique.encode()):08x}"


@dataclass(frozen=True)
class _Rss:
    element: etree._Element
    feed: _Feed
    kind = "item"

    def title(self) -> str:
        return plain_text(child_text(self.element, "title"))

    def link(self) -> str:
        return child_text(self.element, "link")

    def identity(self) -> str:
        return child_text(self.element, "guid") or self.link()

    def html(self) -> str | None:
        whole = child_text(self.element, "encoded", "purl.org/rss")
        return whole or child_text(self.element, "description")

    def base(self) -> str:
        return self.link() or self.feed.address

    def summary(self) -> str | None:
        if not child_text(self.element, "encoded", "purl.org/rss"):
            return None
        return plain_text(child_text(self.element, "description")) or None

    def author(self) -> str:
        creator = plain_text(child_text(self.element, "creator", "purl.org/dc"))
        # RSS wants "address (name)"; only the name is for readers.
        _, _, name = child_text(self.element, "author").partition("(")
        return creator or name.rstrip(") ") or self.feed.author

    def tags(self) -> tuple[str, ...]:
        return distinct(
            plain_text(child.text or "")
            for child in self.element
            if local_name(child) == "category"
        )

    def date_text(self) -> str:
        plain = child_text(self.element, "pubDate")
        return plain or child_text(self.element, "date", "purl.org/dc")

    def instant(self) -> datetime | None:
        return _instant(self.date_text())


@dataclass(frozen=True)
class _Atom:
    element: etree._Element
    feed: _Feed
    kind = "entry"

    def title(self) -> str:
        return plain_text(self._html("title"))

    def link(self) -> str:
        for child in self.element:
            own = local_name(child) == "link" and namespace(child) == ATOM
            if own and child.get("rel", "alternate") == "alternate":
                return self._join(child.get("href") or "")
        return ""

    def identity(self) -> str:
        return child_text(self.element, "id") or self.link()

    def html(self) -> str | None:
        content = self._child("content")
        if content is not None and content.get("src"):
            return None
        return self._html("content") or self._html("summary")

    def base(self) -> str:
        content = self._child("content")
        own = content.get(_XML_BASE) if content is not None else None
        return self._join(own or self.element.get(_XML_BASE) or self.link())

    def summary(self) -> str | None:
        if not self._html("content"):
            return None
        return plain_text(self._html("summary")) or None

    def author(self) -> str:
        author = self._child("author")
        name = child_text(author, "name") if author is not None else ""
        return plain_text(name) or self.feed.author

    def tags(self) -> tuple[str, ...]:
        return distinct(
            child.get("label") or child.get("term") or ""
            for child in self.element
            if local_name(child) == "category"
        )

    def date_text(self) -> str:
        first = child_text(self.element, "published")
        return first or child_text(self.element, "updated")

    def instant(self) -> datetime | None:
        return _instant(self.date_text())

    def _join(self, address: str) -> str:
        try:
            return urljoin(self.feed.address, address)
        except ValueError:
            return ""

    def _child(self, name: str) -> etree._Element | None:
        for child in self.element:
            if local_name(child) == name and namespace(child) == ATOM:
                return child
        return None

    def _html(self, name: str) -> str:
        """Return a text construct as HTML, whichever of its three types it has.

        Source: RFC 4287 §3.1.1.
        """
        child = self._child(name)
        if child is None:
            return ""
        if child.get("type") == "xhtml":
            return "".join(
                etree.tostring(inner, encoding="unicode", with_tail=False)
                for inner in child
            )
        text = "".join(str(piece) for piece in child.itertext())
        return text if child.get("type") in {"html", "text/html"} else escape(text)


def _instant(text: str) -> datetime | None:
    """Return the instant in *text*, in the zone it is written in."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            instant = read(text)
        except ValueError:
            continue
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return None
