"""Can real letters be read? C15 and C16 of the standards, worked out for each word.

The colours that a word has and stands on follow from the letter as it was received:
from the styles in its elements, and in the dark from the rules that go before them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from cssselect import parse as parse_selectors
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from newsletter.config.contrast import READABLE, contrast
from tests.post import Received

Letters = tuple[Received, ...]
SMALLEST_TARGET, SMALLEST_TEXT = 24, 14
# What a program shows where a letter says nothing.
DEFAULTS = {"color": "#000000", "background-color": "#FFFFFF"}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@pytest.fixture(params=["one_of_each", "samples"])
def every(request: pytest.FixtureRequest) -> Letters:
    """One letter of each hostile tip, then of each of the demo's."""
    found: Letters = request.getfixturevalue(request.param)
    return found


@dataclass(frozen=True)
class Rule:
    """One selector of a style block, and the colours that it sets."""

    weight: tuple[object, ...]
    matches: CSSSelector
    sets: dict[str, str]


def declared(block: str) -> dict[str, str]:
    """Return the colours among some declarations, as ``#RRGGBB``."""
    found = re.findall(r"(?:^|[;\s])(color|background-color):\s*(#\w+)", block)
    return {name: six(value) for name, value in found}


def six(colour: str) -> str:
    """Return a short colour in its long form."""
    return colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])


def dark_rules(page: HtmlElement) -> list[Rule]:
    """Return the rules of the dark scheme, the weakest first."""
    sheet = "".join(style.text_content() for style in page.iter("style"))
    _, _, block = sheet.partition("@media (prefers-color-scheme: dark) {")
    rules = [
        Rule((selector.specificity(), at), CSSSelector(selector.canonical()), sets)
        for at, (heads, body) in enumerate(re.findall(r"([^{}]+)\{([^{}]+)\}", block))
        if (sets := declared(body))
        for selector in parse_selectors(heads.strip())
    ]
    return sorted(rules, key=lambda rule: rule.weight)


def colours(page: HtmlElement, rules: list[Rule]) -> dict[HtmlElement, dict[str, str]]:
    """Return what each element says of colours; rules that are !important go first."""
    said = {each: declared(each.get("style", "")) for each in page.iter("*")}
    for rule in rules:
        for element in rule.matches(page):
            said[element] |= rule.sets
    return said


def in_force(
    element: HtmlElement, said: dict[HtmlElement, dict[str, str]], name: str
) -> str:
    """Return the colour of *element*, or of what it stands in."""
    chain = (element, *element.iterancestors())
    return next((said[each][name] for each in chain if name in said[each]), "")


def elements_with_words(page: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the elements that have words of their own which readers see."""
    for element in page.iterfind("body//*"):
        chain = (element, *element.iterancestors())
        if any("display:none" in each.get("style", "") for each in chain):
            continue
        own = (element.text or "", *(child.tail or "" for child in element))
        if isinstance(element.tag, str) and "".join(own).strip():
            yield element


def assert_readable(page: HtmlElement, rules: list[Rule]) -> set[tuple[str, str]]:
    """See that every word stands out; return the pairs of colours there are."""
    said = colours(page, rules)
    pairs = set()
    for element in elements_with_words(page):
        pair = tuple(in_force(element, said, name) for name in DEFAULTS)
        assert all(pair), f"{element.tag} takes a colour from the reader's program"
        assert contrast(*pair) >= READABLE, (element.tag, element.text, pair)
        pairs.add(pair)
    return pairs


def pixels(element: HtmlElement, name: str) -> int:
    """Return a size in force on *element*."""
    return next(
        int(found[1])
        for each in (element, *element.iterancestors())
        if (found := re.search(rf"(?:^|[; ]){name}:(\d+)px", each.get("style", "")))
    )


def without_styles(letter: Received) -> HtmlElement:
    """Return the letter as a program shows it that drops style blocks and classes."""
    bare = re.sub(r'(?s)<style.*?</style>| class="[^"]*"', "", letter.html)
    return lxml_html.document_fromstring(bare)


def test_c15_words_stand_out_in_the_light(every: Letters) -> None:
    """4.5:1 at least, for each word on what it stands on."""
    pairs = set().union(*(assert_readable(each.page, []) for each in every))

    assert {ground for _, ground in pairs} >= {"#FFFFFF", "#E4EFEB"}


def test_c15_words_stand_out_in_the_dark(every: Letters) -> None:
    """The same once the dark rules apply, and no light ground is left."""
    for letter in every:
        rules = dark_rules(letter.page)
        assert len(rules) > 15

        pairs = assert_readable(letter.page, rules)

        assert {ground for _, ground in pairs} <= {"#171B1A", "#17302B", "#0F1211"}


def test_c15_headings_come_in_order(every: Letters) -> None:
    """The title is the only h1, and no step is left out below it."""
    for letter in every:
        levels = [int(each.tag[1]) for each in letter.page.iter(*HEADINGS)]

        assert levels[0] == 1
        assert levels.count(1) == 1
        for above, below in pairwise(levels):
            assert below <= above + 1


def test_c15_links_can_be_hit(every: Letters) -> None:
    """Each is 24 pixels high at least, and those of the foot 44 on a phone."""
    for letter in every:
        for link in letter.page.iter("a"):
            assert pixels(link, "line-height") >= SMALLEST_TARGET
        (style,) = letter.page.iter("style")
        foot = re.search(r"\.way, \.leave \{([^}]*)\}", style.text_content())
        assert foot is not None
        padding, line = re.findall(r"(?:padding|line-height): (\d+)px", foot[1])
        assert 2 * int(padding) + int(line) >= 44


def test_c15_no_text_is_small(every: Letters) -> None:
    """14 pixels at least; phones change the size of the title only."""
    for letter in every:
        for element in elements_with_words(letter.page):
            assert pixels(element, "font-size") >= SMALLEST_TEXT
        (style,) = letter.page.iter("style")
        sizes = re.findall(r"(\.\w+) \{ font-size: (\d+)px", style.text_content())
        assert [(name, int(size) >= SMALLEST_TEXT) for name, size in sizes] == [
            (".title", True)
        ]


def test_c16_it_reads_the_same_without_its_style_block(every: Letters) -> None:
    """Every colour, size and word is there when style blocks and classes are not."""
    for letter in every:
        bare = without_styles(letter)

        assert assert_readable(bare, []) == assert_readable(letter.page, [])
        assert bare.find("body").text_content() == (
            letter.page.find("body").text_content()
        )
        for element in elements_with_words(bare):
            assert pixels(element, "line-height") > pixels(element, "font-size")
            # Without a font of its own it would be the program's.
            chain = (element, *element.iterancestors())
            assert any("font-family" in each.get("style", "") for each in chain)


def test_c16_it_reads_without_pictures(every: Letters) -> None:
    """A picture's words take its place, and no word is part of a picture."""
    for letter in every:
        for picture in letter.page.iter("img"):
            assert picture.get("alt", "").strip()
        assert not letter.page.xpath("//@background | //*[contains(@style, 'url(')]")
