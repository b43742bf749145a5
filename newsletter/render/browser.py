"""An issue as it was sent, made into a page for a browser: nobody's letter.

The HTML is the frozen one, word for word, but for what belongs to one reader. Its
``style`` attributes become classes of one style element, whose hash the page's policy
names, so that nothing else on the page can be styled, let alone run.

Source: CSP Level 3 §8.3 (hashes).
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from lxml import etree, html
from lxml.html import HtmlElement

from newsletter import holes
from newsletter.holes import Hole

# Attributes of an email that a page says in CSS.
CSS_OF = {
    "align": "text-align",
    "valign": "vertical-align",
    "bgcolor": "background-color",
    "width": "width",
    "height": "height",
    "cellspacing": "border-spacing",
    "border": "border-width",
}
SIZES, LENGTHS = ("width", "height"), ("cellspacing", "border")
# The page's meta element says it already, and one of the two is for mail programs only.
SCHEMES = re.compile(r"(?<![\w-])(?:supported-)?color-schemes?\s*:[^;}]*;?")


@dataclass(frozen=True)
class BrowserPage:
    """A whole page, and the source that its policy must allow for its style."""

    html: str
    style_source: str


@lru_cache(maxsize=32)
def for_browser(frozen: str, *, greeting: str, canonical: str) -> BrowserPage:
    """Return the frozen HTML of an issue as a page that anybody may read.

    Args:
        frozen: with its holes.
        greeting: instead of a name; plain text.
        canonical: address of the page that search engines should name instead.
    """
    root: HtmlElement = html.document_fromstring(frozen)
    etree.strip_tags(root, etree.Comment)
    for link in list(root.iter("a")):
        if holes.RESERVED_WORD in link.get("href", ""):
            link.drop_tree()
    _put_into_main(root)
    _say_it_in_css(root)
    css = _gathered_style(root)
    head = root.find("head")
    if head is None:
        head = etree.SubElement(root, "head")
        root.insert(0, head)
    etree.SubElement(head, "link", rel="canonical", href=canonical)
    etree.SubElement(head, "style").text = css
    whole = html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    neutral: Mapping[Hole, str] = dict.fromkeys(Hole, "") | {
        Hole.GREETING: escape(greeting, quote=False)
    }
    return BrowserPage(holes.fill(whole, neutral), f"'sha256-{digest}'")


def _put_into_main(root: HtmlElement) -> None:
    """Let those who listen find the letter: an email has no landmarks."""
    body = root.body
    main = html.Element("main")
    main.text, body.text = body.text, None
    main.extend(list(body))
    body.append(main)


def _say_it_in_css(root: HtmlElement) -> None:
    """Turn what only mail programs still need as an attribute into style.

    What an attribute says is weaker than any style, so it comes first.

    Source: HTML Living Standard §15.3 (presentational hints).
    """
    for table in list(root.iter("table")):
        padding = table.attrib.pop("cellpadding", "")
        cells = [cell for row in table.iter("tr") for cell in row if _is_of(row, table)]
        for cell in cells:
            if padding:
                _weakly(cell, f"padding: {padding}px")
            if cell.get("align") == "center":
                for inner in cell.iterchildren("table"):
                    # A mail program centres the table, and CSS only its words.
                    _weakly(inner, "margin: 0 auto")
    for element in list(root.iter()):
        for name, words in CSS_OF.items():
            value = element.get(name)
            if value is not None and not (element.tag == "img" and name in SIZES):
                del element.attrib[name]
                unit = "px" if value.isdigit() and name in (*SIZES, *LENGTHS) else ""
                _weakly(element, f"{words}: {value}{unit}")


def _is_of(row: HtmlElement, table: HtmlElement) -> bool:
    return next(row.iterancestors("table"), None) is table


def _weakly(element: HtmlElement, words: str) -> None:
    element.set("style", f"{words}; {element.get('style', '')}".rstrip("; "))


def _gathered_style(root: HtmlElement) -> str:
    """Take every style out of *root*, and return the sheet that says the same."""
    names: dict[str, str] = {}
    for element in list(root.iter()):
        style = element.attrib.pop("style", "").strip()
        if not style:
            continue
        name = names.setdefault(style, f"v{len(names)}")
        element.set("class", f"{element.get('class', '')} {name}".lstrip())
    sheets = []
    for sheet in list(root.iter("style")):
        sheets.append(sheet.text or "")
        sheet.drop_tree()
    rules = [f".{name} {{ {style} }}" for style, name in names.items()]
    # A browser counts a carriage return as a line feed, and so must the hash.
    css = "\n".join([*rules, *sheets]).replace("\r", "").replace("<", "")
    return SCHEMES.sub("", css)
