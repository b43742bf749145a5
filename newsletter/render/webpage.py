"""A tip as part of a page: the email's HTML without what only an email needs.

A page has a strict policy, which no ``style`` attribute gets past, so that what the
author aligned says so by a class. How it looks is the style sheet's business.
"""

from functools import lru_cache

from lxml import html
from lxml.html import HtmlElement

from newsletter.render.direction import Direction
from newsletter.render.markup import Markup, to_markup

SIDES = ("left", "right", "center")
HEADINGS = ("h2", "h3", "h4", "h5")


# Eighty years of weeks, each a few KB. Measured where they did not fit: of the 7.6 ms
# that a page of a tag took, its ten texts were 2.7.
@lru_cache(maxsize=4_096)
def for_page(
    markdown: str, *, direction: Direction, page_url: str, under: int = 1
) -> Markup:
    """Return *markdown* as the HTML of a page, its takeaway apart.

    Args:
        markdown: the tip's text.
        direction: of the page around it; blocks that differ say so.
        page_url: the tip's own page; relative links start from there.
        under: the level of the heading that it stands under.
    """
    markup = to_markup(markdown, direction=direction, page_url=page_url)
    return Markup(_settled(markup.body, under), _settled(markup.takeaway, under))


def _settled(fragment: str, under: int) -> str:
    root = html.fragment_fromstring(fragment, create_parent="div")
    for element in list(root.iter(*HEADINGS)):
        element.tag = f"h{min(int(element.tag[1]) + under - 1, 6)}"
    for element in root.iter():
        if isinstance(element.tag, str):
            _without_style(element)
    for picture in root.iter("img"):
        picture.set("loading", "lazy")
    parts = [html.tostring(child, encoding="unicode") for child in root]
    return ((root.text or "") + "".join(parts)).strip()


def _without_style(element: HtmlElement) -> None:
    style = element.attrib.pop("style", "")
    side = style.rpartition(":")[2].strip(" ;")
    if side in SIDES:
        element.set("class", f"{element.get('class', '')} {side}".lstrip())
