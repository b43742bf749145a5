"""Markdown as tips are written in: CommonMark, tables and strikethrough.

One parser for both parts of an email, so that they cannot read a tip differently. HTML
in a tip is allowed and always cleaned: what an author pasted is not to be trusted.
"""

import re
from functools import cache
from urllib.parse import urljoin, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markdownify import markdownify

# fmt: off
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dl",
    "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}
# fmt: on
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    # The parser writes a column's alignment as a style.
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "style"},
}
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SCHEMES = {"https", "http", "mailto", "tel"}


@cache
def _parser(*, html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html})
    return parser.enable(["table", "strikethrough"])


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        filter_style_properties={"text-align"},
        link_rel=None,
    )


def without_controls(text: str) -> str:
    """Drop what is no text: controls, half characters, and non-characters."""
    return _NO_TEXT.sub("", text)


def to_html(markdown: str) -> str:
    """Return *markdown* as HTML that holds nothing but harmless elements."""
    html = _cleaner().clean(_parser(html=True).render(markdown))
    return without_controls(html)


def to_tree(markdown: str) -> SyntaxTreeNode:
    """Return *markdown* as a tree of Markdown alone, its HTML turned into Markdown."""
    return SyntaxTreeNode(_without_html(_parser(html=True).parse(markdown)))


def absolute_url(href: str, page_url: str) -> str:
    """Return where *href* leads from *page_url*; "" when an email cannot go there."""
    try:
        url = urljoin(page_url, href.strip()) if href.strip() else ""
        return url if urlsplit(url).scheme in _SCHEMES else ""
    except ValueError:
        return ""


def _without_html(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    for token in tokens:
        if token.type == "html_block":
            found += _parser(html=False).parse(_as_markdown(token.content))
            continue
        if any(child.type == "html_inline" for child in token.children or ()):
            token.children = _inline_without_html(token)
        found.append(token)
    return found


def _inline_without_html(token: Token) -> list[Token]:
    parser = _parser(html=True)
    html = RendererHTML(parser).renderInline(token.children or [], parser.options, {})
    (inline,) = _parser(html=False).parseInline(_as_markdown(html).strip())
    return inline.children or []


def _as_markdown(html: str) -> str:
    # Inside an element, since Beautiful Soup warns of text that looks like a URL.
    cleaned = f"<div>{_cleaner().clean(html)}</div>"
    return markdownify(cleaned, heading_style="atx", bullets="-", escape_misc=True)
