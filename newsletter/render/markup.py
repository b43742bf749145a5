"""A tip's Markdown as the HTML of an email, before it is styled.

Headings come in order under the title, pictures are absolute and fit, each block is
written in its own direction, and the takeaway is set apart. How all of it looks is the
templates' business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from lxml import etree, html
from lxml.html import HtmlElement

from newsletter.render.direction import Direction, direction_of_text
from newsletter.render.markdown import absolute_url, to_html

# The sheet is 600 wide; this is what its margins leave.
TEXT_WIDTH = 520
# How much of a table fits on a line of a small phone.
PHONE_CHARACTERS = 30
# Anything smaller is no picture but a trap that reports who opened the email.
SMALLEST_PICTURE = 3
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# fmt: off
_BLOCKS = {
    "p", "li", "ul", "ol", "blockquote", "table", "td", "th", "dl", "dt", "dd",
    "figure", "figcaption", "caption", *_HEADINGS,
}
# fmt: on


@dataclass(frozen=True)
class Markup:
    """A tip's HTML, and its takeaway apart; either may be empty."""

    body: str
    takeaway: str


def to_markup(markdown: str, *, direction: Direction, page_url: str) -> Markup:
    """Return *markdown* as the HTML of an email.

    The takeaway is a final quotation, or a final paragraph that is emphasised as a
    whole (``*Close the gap before it opens.*``), so that authors decide.

    Args:
        direction: of the email around it; blocks that differ say so.
        page_url: the tip's own page; relative links start from there.
    """
    root = html.fragment_fromstring(to_html(markdown), create_parent="div")
    _gather_loose_content(root)
    _settle_links(root, page_url)
    _settle_pictures(root)
    _settle_headings(root)
    takeaway = _take_takeaway(root)
    for part in (root, takeaway):
        _mark_direction(part, direction)
        _keep_words_whole(part)
    return Markup(_inner_html(root), _inner_html(takeaway))


def _gather_loose_content(root: HtmlElement) -> None:
    """Put text and pictures that stand outside every block into paragraphs."""
    loose: HtmlElement | None = None
    if (root.text or "").strip():
        loose, root.text = _paragraph(root.text), None
        root.insert(0, loose)
    for child in list(root):
        if child is loose:
            continue
        if child.tag in _BLOCKS or child.tag in ("hr", "pre"):
            loose = None
            if (child.tail or "").strip():
                loose, child.tail = _paragraph(child.tail), None
                child.addnext(loose)
        elif loose is None:
            loose = _paragraph(None)
            child.addprevious(loose)
            loose.append(child)
        else:
            loose.append(child)


def _paragraph(text: str | None) -> HtmlElement:
    paragraph = html.Element("p")
    paragraph.text = text
    return paragraph


def _settle_links(root: HtmlElement, page_url: str) -> None:
    for link in _all(root, "a"):
        url = absolute_url(link.get("href", ""), page_url)
        if url:
            link.set("href", url)
        else:
            link.drop_tag()


def _settle_pictures(root: HtmlElement) -> None:
    for picture in _all(root, "img"):
        source = picture.get("src", "")
        alt = " ".join(picture.get("alt", "").split())
        size = [_pixels(picture.get(name)) for name in ("width", "height")]
        picture.set("alt", alt)
        if any(0 < pixels < SMALLEST_PICTURE for pixels in size):
            picture.drop_tree()
        elif not source.startswith("https://"):
            _name_instead(picture, alt, source)
        elif size[0] > TEXT_WIDTH:
            # Outlook heeds the attribute, not max-width.
            picture.set("width", str(TEXT_WIDTH))
            picture.set("height", str(round(size[1] * TEXT_WIDTH / size[0])))
            if not size[1]:
                del picture.attrib["height"]


def _name_instead(picture: HtmlElement, alt: str, source: str) -> None:
    """Put a picture's words where a picture cannot be, linked if they can be."""
    words = etree.Element("em")
    words.text = alt
    words.tail = picture.tail
    if source.startswith("http://") and not any(
        above.tag == "a" for above in picture.iterancestors()
    ):
        link = etree.SubElement(words, "a", href=source)
        link.text, words.text = alt or source, None
    parent = picture.getparent()
    if parent is not None:
        parent.replace(picture, words)


def _pixels(value: str | None) -> int:
    """Return a width or height in pixels; 0 when it is missing or relative."""
    return int(value) if value and value.isascii() and value.isdigit() else 0


def _settle_headings(root: HtmlElement) -> None:
    """Begin below the title, which is the only h1, and leave no step out."""
    open_levels: list[int] = []
    for heading in _all(root, *_HEADINGS):
        level = int(heading.tag[1])
        while open_levels and open_levels[-1] >= level:
            open_levels.pop()
        open_levels.append(level)
        heading.tag = f"h{min(len(open_levels) + 1, 6)}"


def _take_takeaway(root: HtmlElement) -> HtmlElement:
    """Move the takeaway out of *root*; return an empty element when there is none."""
    taken = html.Element("div")
    children = list(root)
    if not children or (children[-1].tail or "").strip():
        return taken
    last = children[-1]
    if last.tag == "blockquote":
        last.tag = "div"
        root.remove(last)
        return last
    if last.tag == "p" and _is_emphasised(last):
        root.remove(last)
        last[0].drop_tag()
        taken.append(last)
    return taken


def _is_emphasised(paragraph: HtmlElement) -> bool:
    return (
        len(paragraph) == 1
        and paragraph[0].tag in ("em", "i")
        and not (paragraph.text or "").strip()
        and not (paragraph[0].tail or "").strip()
        and bool(paragraph[0].text_content().strip())
    )


def _mark_direction(element: HtmlElement, around: Direction) -> None:
    """Say where a block's direction is not the one around it; style by class.

    Mail programs do not know ``:dir()``, and Outlook does not turn the side of a list
    or a bar by itself, so each such block also gets its direction as a class.
    """
    for child in _elements(element):
        own = around
        if child.tag in _BLOCKS:
            written = child.get("dir")
            own = _known(written) or direction_of_text(child.text_content()) or around
            if own != around:
                child.set("dir", own)
            if own != around or own == "rtl":
                child.set("class", own)
        _mark_direction(child, own)


def _keep_words_whole(root: HtmlElement) -> None:
    """Mark the cells of tables whose words a phone has room for beside each other.

    Everywhere else a word may be cut rather than make the email too wide, and where it
    may, a browser gives a column no more room than its share.
    """
    for table in root.iter("table"):
        columns = max((len(row) for row in table.iter("tr")), default=0)
        for cell in table.iter("td", "th"):
            longest = max(map(len, cell.text_content().split()), default=0)
            if longest * columns <= PHONE_CHARACTERS:
                cell.set("class", f"{cell.get('class', '')} whole".lstrip())


def _known(value: str | None) -> Direction | None:
    match (value or "").lower():
        case "ltr":
            return "ltr"
        case "rtl":
            return "rtl"
    return None


def _elements(element: HtmlElement) -> Iterator[HtmlElement]:
    return (child for child in element if isinstance(child.tag, str))


def _all(root: HtmlElement, *tags: str) -> list[HtmlElement]:
    """Return the elements of these kinds, before any of them is changed."""
    return list(root.iter(*tags))


def _inner_html(element: HtmlElement) -> str:
    parts = [html.tostring(child, encoding="unicode") for child in element]
    return (escape(element.text or "") + "".join(parts)).strip()
