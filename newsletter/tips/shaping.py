"""Bring HTML of any origin into the shape that Markdown has: one block after another.

Boxes without meaning vanish, players become links, loose text becomes paragraphs, and
addresses become absolute. Works on HTML that `allowlist.wide` let through, and decides
nothing about safety: what leaves here is cleaned once more.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement
from markdown_it.common.normalize_url import normalizeLink

from newsletter.tips.allowlist import BLOCKS, BOXES, INLINE, MEDIA, OLD_NAMES, names

BLANK = " \t\r\n\f\xa0"
_BLANK_LINES = re.compile(r"\n[ \t\xa0]*\n\s*")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
# Inside these, text needs no paragraph around it.
_TEXT_BLOCKS = names(
    "p h1 h2 h3 h4 h5 h6 li td th dt dd caption figcaption summary address"
)
_STRUCTURES = names("dl figure ol table tbody tfoot thead tr ul")
_FORMATTING = names("em strong a del s u ins mark small")


@dataclass
class Shaper:
    """Shapes one text; `notes` say what could not be kept.

    Attributes:
        base: the address that relative ones are relative to, if it is known.
        line_breaks: a blank line ends a paragraph and a single one is a break, as in
            the text fields of a blog.
    """

    base: str | None = None
    line_breaks: bool = False
    notes: list[str] = field(default_factory=list)

    def shape(self, html: str) -> str:
        """Return *html* as a sequence of blocks that Markdown knows."""
        # In a box: the parser takes a bare address for somebody's mistake.
        soup = parse(f"<div>{html}</div>")
        self._link_media(soup)
        self._mend_images(soup)
        self._mend_links(soup)
        _modernise(soup)
        _mend_code(soup)
        _lift_blocks_out_of_inline(soup)
        self._make_paragraphs(soup)
        _unwrap_boxes(soup)
        for block in _tags(soup, _TEXT_BLOCKS | {"blockquote", "details", "figure"}):
            _tidy(block)
        _drop_hollow(soup)
        _head_tables(soup)
        return soup.decode(formatter="minimal")

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _link_media(self, soup: BeautifulSoup) -> None:
        """Put a link to what is played in the place of the player."""
        for player in _tags(soup, MEDIA - {"source"}):
            inner = player.find("source")
            address = player.get("src") or player.get("data")
            if not address and isinstance(inner, Tag):
                address = inner.get("src")
            target = self._absolute(str(address or ""))
            if not target.startswith("https://"):
                player.decompose()
                self._note(f"a player ({player.name}) without an https address went")
                continue
            link = soup.new_tag("a", href=target)
            link.string = target
            player.replace_with(link, NavigableString(" "))
            self._note(f"a player ({player.name}) became a link")
        for source in _tags(soup, {"source"}):
            source.decompose()

    def _mend_images(self, soup: BeautifulSoup) -> None:
        for image in _tags(soup, {"img"}):
            source = str(image.get("src") or "").strip()
            if not source:
                image.decompose()
                self._note("an image without a usable address went")
                continue
            if {str(image.get("width")), str(image.get("height"))} & {"0", "1"}:
                image.decompose()
                self._note("an invisible image went")
                continue
            image["src"] = self._absolute(source)
            image["alt"] = " ".join(str(image.get("alt") or "").split())

    def _mend_links(self, soup: BeautifulSoup) -> None:
        for link in _tags(soup, {"a"}):
            target = str(link.get("href") or "").strip()
            # The places that such a link jumps to lose their names.
            if not target or target.startswith("#") or _is_within(link, {"a"}):
                link.unwrap()
            else:
                link["href"] = self._absolute(target)

    def _absolute(self, address: str) -> str:
        if address.startswith("//"):
            address = f"https:{address}"
        try:
            joined = urljoin(self.base, address) if self.base else address
            return normalizeLink(joined.strip())
        except ValueError:
            return ""

    def _make_paragraphs(self, soup: BeautifulSoup) -> None:
        containers = [soup, *_tags(soup, BOXES | {"blockquote", "details"})]
        for container in containers:
            if container is soup or _flows(container):
                self._wrap_runs(soup, container)
        for paragraph in _tags(soup, {"p", "figcaption", "h1", "h2", "h3"}):
            if self.line_breaks:
                _break_lines(soup, paragraph)
            _link_addresses(soup, paragraph)

    def _wrap_runs(self, soup: BeautifulSoup, container: Tag) -> None:
        """Put paragraphs around the text that stands loose in *container*."""
        run: list[PageElement] = []
        for child in [*container.contents, None]:
            if child is not None and _is_inline(child):
                run.append(child)
                continue
            for piece in self._split_run(run):
                paragraph = soup.new_tag("p")
                piece[0].insert_before(paragraph)
                for node in piece:
                    paragraph.append(node.extract())
            run = []

    def _split_run(self, run: list[PageElement]) -> Iterator[list[PageElement]]:
        """Yield the paragraphs of *run*; blank lines divide it where they may."""
        piece: list[PageElement] = []
        for node in run:
            parts = [str(node)] if isinstance(node, NavigableString) else []
            if parts and self.line_breaks:
                parts = _BLANK_LINES.split(parts[0])
            if len(parts) < 2:
                piece.append(node)
                continue
            strings = [NavigableString(part) for part in parts]
            node.replace_with(*strings)
            for string in strings[:-1]:
                yield [*piece, string]
                piece = []
            piece = [strings[-1]]
        if piece:
            yield piece


def parse(html: str) -> BeautifulSoup:
    """Return the tree of *html*, every attribute of which is one text."""
    return BeautifulSoup(html, "html.parser", multi_valued_attributes=None)


# Measured on 600 paragraphs: find_all takes four times as long as these two.
def _tags(root: Tag, wanted: Collection[str]) -> list[Tag]:
    return [n for n in root.descendants if isinstance(n, Tag) and n.name in wanted]


def _is_within(node: PageElement, outer: Collection[str]) -> bool:
    return any(parent.name in outer for parent in node.parents)


def _is_inline(node: PageElement) -> bool:
    return not isinstance(node, Tag) or node.name in INLINE


def _flows(container: Tag) -> bool:
    """Tell whether *container* may hold paragraphs rather than one line of text."""
    return not _is_within(container, _TEXT_BLOCKS)


def _modernise(soup: BeautifulSoup) -> None:
    for tag in _tags(soup, OLD_NAMES):
        tag.name = OLD_NAMES[tag.name]
    for tag in _tags(soup, {"em", "strong"}):
        if not tag.attrs and _is_within(tag, {tag.name}):
            tag.unwrap()
    for span in _tags(soup, {"span"}):
        if not span.attrs:
            span.unwrap()


def _mend_code(soup: BeautifulSoup) -> None:
    """Give preformatted text the form that Markdown gives it."""
    for block in _tags(soup, {"pre"}):
        for br in _tags(block, {"br"}):
            br.replace_with("\n")
        inner = [tag for tag in _tags(block, INLINE) if tag.name != "code"]
        if inner:
            continue
        code = block.find("code")
        language = code.get("class") if isinstance(code, Tag) else None
        text = block.get_text().strip("\n").rstrip()
        block.clear()
        if not text:
            block.decompose()
            continue
        fresh = soup.new_tag("code", attrs={"class": str(language)} if language else {})
        fresh.string = f"{text}\n"
        block.append(fresh)


def _lift_blocks_out_of_inline(soup: BeautifulSoup) -> None:
    """Undo blocks inside links and emphasis, where Markdown cannot have them."""
    plain = {"p", "figure", "h1", "h2", "h3", "h4", "h5", "h6"} | BOXES
    for outer in _tags(soup, INLINE):
        for block in _tags(outer, plain if outer.name == "a" else ()):
            if block.find("figcaption") is None:
                block.unwrap()
        if _tags(outer, BLOCKS | BOXES):
            outer.unwrap()


def _unwrap_boxes(soup: BeautifulSoup) -> None:
    for box in reversed(_tags(soup, BOXES | {"figure"})):
        if box.name == "figure" and box.find("figcaption", recursive=False):
            continue
        if not _flows(box) and _siblings_matter(box):
            box.name = "p"
        else:
            box.unwrap()
    for item in _tags(soup, {"li", "td", "th", "dd"}):
        paragraphs = item.find_all("p", recursive=False)
        rest = [c for c in item.contents if str(c).strip() and c not in paragraphs]
        nested = all(isinstance(c, Tag) and c.name in {"ul", "ol"} for c in rest)
        if len(paragraphs) == 1 and nested:
            paragraphs[0].unwrap()


def _siblings_matter(box: Tag) -> bool:
    others = (*box.previous_siblings, *box.next_siblings)
    return any(str(other).strip() for other in others) and not _tags(box, BLOCKS)


def _break_lines(soup: BeautifulSoup, paragraph: Tag) -> None:
    for text in paragraph.find_all(string=re.compile("\n")):
        lines = str(text).split("\n")
        nodes: list[PageElement] = [NavigableString(lines[0])]
        for line in lines[1:]:
            nodes += [soup.new_tag("br"), NavigableString(line)]
        # A line that ends in a break already has its break.
        if _is_break(text.previous_sibling) and not lines[0]:
            nodes = nodes[2:]
        text.replace_with(*nodes)


def _link_addresses(soup: BeautifulSoup, paragraph: Tag) -> None:
    """Make a link of an address that has a line to itself."""
    for text in paragraph.find_all(string=_ADDRESS):
        address = str(text).strip()
        if _ADDRESS.fullmatch(address) and text.parent is paragraph:
            beside = (text.previous_sibling, text.next_sibling)
            if all(node is None or _is_break(node) for node in beside):
                link = soup.new_tag("a", href=normalizeLink(address))
                link.string = address
                text.replace_with(link)


def _tidy(block: Tag) -> None:
    """Collapse white space in *block*, and drop it when nothing is left in it."""
    if block.decomposed or _is_within(block, {"pre"}):
        return
    for text in [n for n in block.descendants if isinstance(n, NavigableString)]:
        if not _is_within(text, {"pre"}):
            _collapse(text)
    for inline in reversed(_tags(block, _FORMATTING)):
        _move_spaces_out(inline)
    _trim(block)
    keeps_place = block.name in {"td", "th", "dt", "dd", "li"}
    if not keeps_place and not block.get_text().strip(BLANK) and not block.find("img"):
        block.decompose()


def _drop_hollow(soup: BeautifulSoup) -> None:
    """Drop lists and tables that hold nothing, and the white space between rows."""
    for block in reversed(_tags(soup, _STRUCTURES)):
        if not block.get_text().strip(BLANK) and not block.find("img"):
            block.decompose()
            continue
        for node in list(block.children):
            if isinstance(node, NavigableString) and not node.strip():
                node.extract()


def _collapse(text: NavigableString) -> None:
    words = _SPACES.sub(" ", str(text))
    if _is_break(text.previous_sibling):
        words = words.lstrip(" ")
    if _is_break(text.next_sibling):
        words = words.rstrip(" ")
    text.replace_with(NavigableString(words))


def _is_break(node: PageElement | None) -> bool:
    return isinstance(node, Tag) and node.name == "br"


def _move_spaces_out(inline: Tag) -> None:
    if not inline.get_text().strip(BLANK) and not inline.find("img"):
        inline.replace_with(NavigableString(" " if inline.get_text() else ""))
        return
    first, last = inline.contents[0], inline.contents[-1]
    if isinstance(first, NavigableString) and first.startswith(" "):
        inline.insert_before(NavigableString(" "))
        first.replace_with(NavigableString(first.lstrip(" ")))
    last = inline.contents[-1]
    if isinstance(last, NavigableString) and last.endswith(" "):
        inline.insert_after(NavigableString(" "))
        last.replace_with(NavigableString(last.rstrip(" ")))


def _trim(block: Tag) -> None:
    """Take breaks and spaces from both ends of *block*."""
    for end in (0, -1):
        while block.contents:
            node = block.contents[end]
            if isinstance(node, NavigableString):
                text = node.lstrip(BLANK) if end == 0 else node.rstrip(BLANK)
                if text:
                    node.replace_with(NavigableString(text))
                    break
            elif not _is_break(node):
                break
            node.extract()


def _head_tables(soup: BeautifulSoup) -> None:
    """Move a first row made only of heading cells into the head of its table."""
    for table in _tags(soup, {"table"}):
        row = table.find("tr")
        if not isinstance(row, Tag) or table.find("thead"):
            continue
        cells = row.find_all(["td", "th"], recursive=False)
        if cells and all(cell.name == "th" for cell in cells):
            head = soup.new_tag("thead")
            head.append(row.extract())
            table.insert(0, head)
            for body in _tags(table, {"tbody"}):
                if not body.find("tr"):
                    body.decompose()
