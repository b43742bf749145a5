"""Read a WordPress export (WXR): posts become tips, with their approved comments.

Only what the public could read comes over. Nothing of a commenter but the name is kept:
no address, no IP.

Source: the exporter itself, which is WXR's only definition (versions 1.0 to 1.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from newsletter.tips.cleaning import clean_html, plain_lines, plain_text
from newsletter.tips.drafts import (
    CommentDraft,
    Found,
    LeftOut,
    Refused,
    TipDraft,
    check,
    check_length,
    oldest_first,
)
from newsletter.tips.labels import distinct, slug_for
from newsletter.tips.to_markdown import render
from newsletter.tips.wordpress_text import post_text
from newsletter.tips.xml_files import child_text, elements, local_name

NAMESPACE = "wordpress.org/export"
_OPENING_WORDS = 60
_UNSEEN = {
    "draft": "it is a draft",
    "auto-draft": "it is a draft",
    "future": "it is scheduled and was not public yet",
    "pending": "it waits for review",
    "private": "it is private",
    "trash": "it is in the bin",
}


@dataclass
class _Site:
    """What the head of the export says, before its items."""

    address: str = ""
    authors: dict[str, str] = field(default_factory=dict)


def read_wordpress(path: Path) -> Iterator[Found]:
    """Yield the posts of the export at *path*, oldest first, and what is left out.

    Raises:
        UnreadableSource: the XML is broken from some line on.
    """
    site = _Site()
    posts: list[tuple[datetime | None, TipDraft]] = []
    number = 0
    for element in elements(path, depth=2):
        name = local_name(element)
        if name != "item":
            _learn(site, element, name)
            continue
        number += 1
        where = f"{path}, item {number} (line {element.sourceline})"
        item = _Item(element, site, where)
        for found in item.read():
            if isinstance(found, TipDraft):
                posts.append((item.instant, found))
            else:
                yield found
    yield from oldest_first(posts)


def _learn(site: _Site, element: etree._Element, name: str) -> None:
    text = (element.text or "").strip()
    if name == "base_blog_url" or (name == "link" and not site.address):
        site.address = text.rstrip("/") or site.address
    elif name == "author":
        login = child_text(element, "author_login")
        shown = plain_text(child_text(element, "author_display_name"))
        site.authors[login] = shown or login


@dataclass(frozen=True)
class _Item:
    """One item of the export."""

    element: etree._Element
    site: _Site
    where: str

    def read(self) -> Iterator[Found]:
        """Yield the tip that the item is, if it is one, and what is left out."""
        kind = self._text("post_type") or "item"
        reason = self._why_not(kind)
        if reason:
            yield LeftOut(self.where, kind, reason)
            return
        content = child_text(self.element, "encoded", "purl.org/rss")
        too_long = check_length(content, self.where)
        if too_long:
            yield too_long
            return
        draft = self._draft(content)
        if not draft.body:
            yield LeftOut(self.where, kind, "it has no text")
            return
        comments = list(self._comments())
        kept = {c.origin for c in comments if isinstance(c, CommentDraft)}
        approved = tuple(
            replace(c, reply_to=c.reply_to if c.reply_to in kept else None)
            for c in comments
            if isinstance(c, CommentDraft)
        )
        yield from (c for c in comments if isinstance(c, LeftOut))
        draft = replace(draft, comments=approved)
        refused: Refused | None = check(draft)
        yield refused or draft

    @property
    def instant(self) -> datetime | None:
        """When the post appeared, by its own clock."""
        return _instant(self._text("post_date"))

    def _text(self, name: str) -> str:
        return child_text(self.element, name, NAMESPACE)

    def _why_not(self, kind: str) -> str:
        if kind != "post":
            return "only posts become tips"
        status = self._text("status")
        if status != "publish":
            return _UNSEEN.get(status, f"its status is {status or 'unknown'}")
        if self._text("post_password"):
            return "it is protected by a password"
        return ""

    def _draft(self, content: str) -> TipDraft:
        text = post_text(content)
        link = child_text(self.element, "link") or self.site.address
        cleaned = clean_html(text.html, base=link, line_breaks=text.line_breaks)
        notes = text.notes + cleaned.notes
        title = plain_text(child_text(self.element, "title"))
        if not title:
            title = opening_words(cleaned.markdown)
            notes += (f"it had no title; its opening words are one now: {title!r}",)
        login = child_text(self.element, "creator")
        return TipDraft(
            slug=slug_for(unquote(self._text("post_name")) or title, longest=200),
            title=title,
            body=cleaned.markdown,
            where=self.where,
            summary=plain_text(child_text(self.element, "encoded", "excerpt")) or None,
            author=self.site.authors.get(login, login) or None,
            tags=self._labels("post_tag"),
            categories=self._labels("category"),
            written_on=self.instant.date() if self.instant else None,
            # Not the guid: posts that were copied by hand share theirs.
            origin=f"{self.site.address}/?p={self._text('post_id')}",
            notes=notes,
        )

    def _labels(self, domain: str) -> tuple[str, ...]:
        return distinct(
            plain_text(child.text or "")
            for child in self.element
            if local_name(child) == "category" and child.get("domain") == domain
        )

    def _comments(self) -> Iterator[CommentDraft | LeftOut]:
        for child in self.element:
            if local_name(child) != "comment":
                continue
            kind = child_text(child, "comment_type") or "comment"
            if kind != "comment":
                yield LeftOut(self.where, kind, "only comments of readers are kept")
            elif child_text(child, "comment_approved") != "1":
                yield LeftOut(self.where, kind, "it was not approved")
            else:
                yield self._comment(child)

    def _comment(self, comment: etree._Element) -> CommentDraft | LeftOut:
        body = plain_lines(child_text(comment, "comment_content"))
        if not body:
            return LeftOut(self.where, "comment", "it has no text")
        author = plain_text(child_text(comment, "comment_author"))
        parent = child_text(comment, "comment_parent")
        written_at = (
            _instant(child_text(comment, "comment_date_gmt"))
            or _instant(child_text(comment, "comment_date"))
            or self.instant
        )
        if written_at is None:
            return LeftOut(self.where, "comment", "it has no date")
        return CommentDraft(
            origin=child_text(comment, "comment_id"),
            body=body,
            written_at=written_at,
            # Some people sign with their address; it is not ours to publish.
            author="" if "@" in author else author[:200],
            reply_to=parent if parent not in {"", "0"} else None,
        )


def opening_words(markdown: str) -> str:
    """Return the first words of *markdown*, to serve as a title."""
    words = plain_text(render(markdown))
    if len(words) <= _OPENING_WORDS:
        return words or "Untitled"
    return words[:_OPENING_WORDS].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


def _instant(text: str) -> datetime | None:
    """Return the instant that *text* names; WordPress writes zeros for none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
