"""Turn safe, shaped HTML into Markdown, and keep as HTML what Markdown cannot say.

Nothing here is trusted to be right: each block is rendered again and compared, and a
block that would come out different stays HTML. So the Markdown of a tip always means
the HTML that it was made from.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bs4 import Tag
from bs4.element import NavigableString, PageElement
from markdown_it import MarkdownIt
from markdownify import ATX, BACKSLASH, MarkdownConverter

from newsletter.tips import allowlist
from newsletter.tips.allowlist import BLOCKS
from newsletter.tips.shaping import parse

_RAW_BLOCKS = frozenset({"address", "details", "dl", "figure"})
_MARKDOWN_INLINE = frozenset({"a", "br", "code", "em", "img", "strong"})
_RAW_INLINE = allowlist.INLINE - _MARKDOWN_INLINE
# What would begin a block, a list or a rule if a line began with it.
_LINE_START = re.compile(
    r"\A(?:#{1,6}(?= |$)|[-+](?=[ -]|$)|[=>]|~{3}|\d{1,9}(?=[.)](?: |$)))"
)
_SPECIAL = re.compile(
    r"[\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|~(?=~)|(?<=~)~|\|"
)
# What no text holds marks the pieces of a comparison that are not running text.
_TAG = "\0"
_VERBATIM = "\1"
_PARSER = MarkdownIt("commonmark", {"html": True, "xhtmlOut": False}).enable(
    ["table", "strikethrough"]
)


def render(markdown: str) -> str:
    """Return the HTML of *markdown* and of the raw HTML in it, as it stands."""
    return str(_PARSER.render(markdown))


@dataclass(frozen=True)
class Heading:
    """A heading: its first line, the line after it (both from 0), and its HTML."""

    start: int
    end: int
    html: str


def top_heading(markdown: str) -> Heading | None:
    """Return the first heading of the highest rank, if *markdown* has one."""
    tokens = _PARSER.parse(markdown)
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            start, end = token.map or [0, 0]
            return Heading(start, end, str(_PARSER.renderInline(content.content)))
    return None


def to_markdown(html: str) -> str:
    """Return the Markdown of *html*, which is safe and made of blocks."""
    blocks: list[str] = []
    before: str | None = None
    for block in _blocks(html):
        # Two lists in a row would read as one.
        raw = block.name == before and before in {"ul", "ol"}
        blocks.append(raw_block(block) if raw else _one_block(block))
        before = None if raw else block.name
    return "\n\n".join(blocks)


def as_raw_blocks(html: str) -> str:
    """Return *html* as Markdown that is nothing but raw HTML blocks."""
    return "\n\n".join(raw_block(block) for block in _blocks(html))


def raw_block(block: Tag) -> str:
    """Return *block* as HTML on one line, which Markdown leaves as it is."""
    # An empty line would end the raw block; a line break within <pre> must survive.
    html = allowlist.strict(block.decode(formatter="minimal"))
    return html.strip("\n").replace("\n", "&#10;")


def _blocks(html: str) -> list[Tag]:
    return [child for child in parse(html).children if isinstance(child, Tag)]


def _one_block(block: Tag) -> str:
    markdown = _CONVERTER.process_tag(block, parent_tags=set()).strip("\n")
    same = _says(parse(render(markdown)).contents) == _says([block])
    return markdown if same else raw_block(block)


def _says(nodes: Sequence[PageElement]) -> list[str]:
    """Return what *nodes* say, without the white space that means nothing."""
    pieces: list[str] = []
    for node in nodes:
        _spell_out(node, pieces, preformatted=False)
    return _without_idle_space(pieces)


def _spell_out(node: PageElement, pieces: list[str], *, preformatted: bool) -> None:
    if isinstance(node, Tag):
        attributes = "".join(f" {k}={v}" for k, v in sorted(node.attrs.items()))
        pieces.append(f"{_TAG}{node.name}{attributes}")
        for child in node.children:
            inside = preformatted or node.name == "pre"
            _spell_out(child, pieces, preformatted=inside)
        pieces.append(f"{_TAG}{node.name}")
    elif preformatted:
        pieces.append(f"{_VERBATIM}{node}")
    else:
        pieces.append(re.sub(r"[ \t\r\n\f]+", " ", str(node)))


def _without_idle_space(pieces: list[str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and not _is_tag(piece) and not _is_tag(joined[-1]):
            joined[-1] += piece
        else:
            joined.append(piece)
    kept = []
    for at, piece in enumerate(joined):
        text = piece
        if not _is_tag(piece) and not piece.startswith(_VERBATIM):
            if at == 0 or _divides(joined[at - 1]):
                text = text.lstrip(" ")
            if at + 1 == len(joined) or _divides(joined[at + 1]):
                text = text.rstrip(" ")
        if text:
            kept.append(text)
    return kept


def _is_tag(piece: str) -> bool:
    return piece.startswith(_TAG)


def _divides(piece: str) -> bool:
    name = piece.removeprefix(_TAG).split(" ")[0]
    return _is_tag(piece) and (name in BLOCKS or name == "br")


def _start_tag(tag: Tag) -> str:
    texts = {name: str(value) for name, value in tag.attrs.items()}
    emptied = parse("").new_tag(tag.name, attrs=texts)
    html = allowlist.strict(emptied.decode(formatter="minimal"))
    return html.removesuffix(f"</{tag.name}>")


class _Converter(MarkdownConverter):
    """Markdownify, told what the house wants: CommonMark, and HTML for the rest."""

    def process_tag(self, node: Tag, parent_tags: set[str]) -> str:
        if node.name in _RAW_BLOCKS or (node.name in BLOCKS and self._is_odd(node)):
            return f"\n\n{raw_block(node)}\n\n"
        # The library's stubs leave out what its own page tells to override.
        text: str = super().process_tag(node, parent_tags)  # type: ignore[misc]
        if "_noformat" in parent_tags or node.name in BLOCKS:
            return text
        if node.name in _RAW_INLINE or {"lang", "dir"} & node.attrs.keys():
            bare = text if node.name in _RAW_INLINE else node.get_text()
            return f"{_start_tag(node)}{bare}</{node.name}>"
        return text

    def process_text(self, el: NavigableString, parent_tags: set[str]) -> str:
        text: str = super().process_text(el, parent_tags)  # type: ignore[misc]
        if "_noformat" not in parent_tags and _begins_a_line(el):
            return _LINE_START.sub(_escape_start, text)
        return text

    def escape(self, text: str, _parent_tags: set[str]) -> str:
        return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags or not text.strip():
            return text
        target = str(el.get("href", ""))
        if el.get_text() == target and not el.get("title") and len(el.contents) == 1:
            return f"<{target}>"
        return f"[{text}]({_destination(target)}{_title(el)})"

    def convert_img(self, el: Tag, _text: str, **_context: object) -> str:
        if set(el.attrs) - {"src", "alt", "title"}:
            return _start_tag(el)
        alt = self.escape(str(el.get("alt", "")), set())
        return f"![{alt}]({_destination(str(el.get('src', '')))}{_title(el)})"

    def convert_pre(self, el: Tag, _text: str, **_context: object) -> str:
        content = el.get_text().rstrip("\n")
        runs = [len(run) for run in re.findall("`+", content)]
        fence = "`" * max(3, 1 + max(runs, default=0))
        code = el.find("code")
        named = str(code.get("class") or "") if isinstance(code, Tag) else ""
        language = named.removeprefix("language-")
        return f"\n\n{fence}{language}\n{content}\n{fence}\n\n"

    # What Markdown has no sign for is written as HTML around its text.
    def _as_it_is(self, _el: Tag, text: str, **_context: object) -> str:
        return text

    convert_del = convert_s = convert_q = convert_sub = convert_sup = _as_it_is
    convert_kbd = convert_samp = _as_it_is

    @staticmethod
    def _is_odd(block: Tag) -> bool:
        """Tell whether a block says something that Markdown's own form would lose."""
        tags: list[Any] = [block]
        if block.name == "table":
            tags += block.find_all(True)
        odd = {"lang", "dir", "colspan", "rowspan", "style"}
        return any(odd & tag.attrs.keys() for tag in tags if tag.name in BLOCKS)


_CONVERTER = _Converter(bullets="-", heading_style=ATX, newline_style=BACKSLASH)


def _begins_a_line(text: PageElement) -> bool:
    before = text.previous_sibling
    if before is None:
        return text.parent is not None and text.parent.name in BLOCKS
    return isinstance(before, Tag) and before.name == "br"


def _escape_start(found: re.Match[str]) -> str:
    sign = found[0]
    return f"{sign}\\" if sign[0].isdigit() else f"\\{sign}"


def _destination(address: str) -> str:
    address = re.sub(r"&(?=#?\w+;)", "&amp;", address)
    return f"<{address}>" if re.search(r"[()\s]", address) else address


def _title(tag: Tag) -> str:
    title = str(tag.get("title") or "")
    if not title:
        return ""
    quoted = re.sub(r'(["\\]|&(?=#?\w+;))', r"\\\1", title)
    return f' "{quoted}"'
