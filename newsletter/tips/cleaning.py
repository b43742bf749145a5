"""Make what others wrote safe: HTML becomes Markdown, Markdown loses what could harm.

A tip has one form, Markdown with cleaned HTML for what Markdown cannot say. What leaves
here renders to HTML that the allowlist would not change; that is checked, not hoped.
"""

import html as escapes
import re
from dataclasses import dataclass

from newsletter.tips import allowlist
from newsletter.tips.shaping import Shaper
from newsletter.tips.to_markdown import as_raw_blocks, render, to_markdown

# Control characters, lone surrogates and non-characters: no text has a use for them,
# and PostgreSQL refuses the first of them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_HARMFUL_TAGS = re.compile(r"<\s*(script|style|form|svg|math)\b", re.IGNORECASE)
_HARMFUL_ATTRIBUTES = re.compile(r"<[^<>]*?[\s\"'/](on[a-z]+)\s*=", re.IGNORECASE)
_HARMFUL_LINKS = re.compile(r"\b(javascript|vbscript|data):", re.IGNORECASE)
_BLOCK_ENDS = re.compile(r"</(?:p|div|h[1-6]|li|blockquote|pre)>", re.IGNORECASE)
_BREAKS = re.compile(r"<br\s*/?>", re.IGNORECASE)

# Deeper than any text needs, and shallow enough for every recursive reader after us.
DEEPEST = 60
_TOO_DEEP = f"its tags are nested more than {DEEPEST} deep; only the words were kept"


@dataclass(frozen=True)
class Cleaned:
    """Markdown that is safe to keep and to render, and what was done to get there."""

    markdown: str
    notes: tuple[str, ...] = ()


def clean_html(
    html: str, *, base: str | None = None, line_breaks: bool = False
) -> Cleaned:
    """Turn HTML of unknown origin into safe Markdown.

    Args:
        html: a fragment or a page; nothing about it is trusted.
        base: the absolute address that relative ones start from.
        line_breaks: a blank line ends a paragraph and a single one breaks a line, as
            in the text fields of a blog.

    Returns:
        The Markdown, empty when the HTML has neither text nor image.
    """
    html = printable(html)
    allowed = allowlist.wide(html)
    if allowlist.nesting(allowed) > DEEPEST:
        text = allowlist.text_only(html)
        return Cleaned(_safe_markdown(f"<p>{text}</p>"), (_TOO_DEEP,))
    shaper = Shaper(base=base, line_breaks=line_breaks)
    # Once more after the cleaning: reading the shaped HTML anew may move things.
    safe = Shaper(base=base).shape(allowlist.strict(shaper.shape(allowed)))
    removed = _removed(html)
    notes = (f"removed: {removed}", *shaper.notes) if removed else tuple(shaper.notes)
    return Cleaned(_safe_markdown(safe).strip("\n"), notes)


def clean_markdown(text: str) -> Cleaned:
    """Return what an operator wrote without anything that could harm a reader.

    Markdown without raw HTML comes back as it is. Raw HTML outside the allowlist is
    taken out, which rewrites the whole text, and `notes` says so.
    """
    text = _trimmed(printable(text))
    if is_safe(text):
        return Cleaned(text)
    cleaned = clean_html(render(text))
    removed = _removed(text)
    note = f"removed: {removed}" if removed else "its raw HTML was tidied"
    return Cleaned(cleaned.markdown, (note,))


def is_safe(markdown: str) -> bool:
    """Tell whether *markdown* renders to HTML that the allowlist leaves untouched."""
    rendered = render(markdown)
    return _comparable(rendered) == _comparable(allowlist.strict(rendered))


def plain_text(html: str) -> str:
    """Return the words of *html* on one line."""
    return " ".join(escapes.unescape(allowlist.text_only(printable(html))).split())


def plain_lines(html: str) -> str:
    """Return the words of *html* with its paragraphs and line breaks."""
    spaced = _BLOCK_ENDS.sub("\n\n", _BREAKS.sub("\n", printable(html)))
    text = escapes.unescape(allowlist.text_only(spaced))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def printable(text: str) -> str:
    """Return *text* with line feeds only, and without unprintable characters."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _safe_markdown(html: str) -> str:
    """Return Markdown that renders to *html*: as readable as can be, safe always."""
    markdown = _trimmed(to_markdown(html))
    if is_safe(markdown):
        return markdown
    markdown = as_raw_blocks(html)
    if is_safe(markdown):
        return markdown
    return f"<p>{' '.join(allowlist.text_only(html).split())}</p>"


def _trimmed(text: str) -> str:
    """Drop blank lines before *text* and all space after it."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()


def _comparable(html: str) -> str:
    # Three ways of writing the same characters, none of which can open a tag.
    html = html.replace("&quot;", '"').replace("\xa0", "&nbsp;")
    return html.replace("&#10;", "\n").strip("\n")


def _removed(html: str) -> str:
    """Return the names of what is dangerous in *html* and does not survive."""
    found = [
        name.lower()
        for pattern in (_HARMFUL_TAGS, _HARMFUL_ATTRIBUTES, _HARMFUL_LINKS)
        for name in pattern.findall(html)
    ]
    return ", ".join(dict.fromkeys(found))
