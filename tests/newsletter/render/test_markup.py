"""A tip's HTML: headings, pictures, links, directions, and the takeaway."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from newsletter.render.direction import Direction
from newsletter.render.markup import TEXT_WIDTH, Markup, to_markup

PAGE = "https://tips.example/tips/a/"


def markup(markdown: str, direction: Direction = "ltr") -> Markup:
    """Return the markup of *markdown* on a page of its own."""
    return to_markup(markdown, direction=direction, page_url=PAGE)


@pytest.mark.parametrize(
    ("markdown", "takeaway"),
    [
        ("Text.\n\n*Close the gap.*", "<p>Close the gap.</p>"),
        ("Text.\n\n_Close **the** gap._", "<p>Close <strong>the</strong> gap.</p>"),
        ("Text.\n\n<p><em>Close the gap.</em></p>", "<p>Close the gap.</p>"),
        ("Text.\n\n> Close the gap.", "<p>Close the gap.</p>"),
        ("Text.\n\n*Close* the gap.", ""),
        ("Text.\n\n*Close the gap.*\n\nMore.", ""),
        ("Text.\n\n- *Close the gap.*", ""),
        ("Text.", ""),
        ("", ""),
    ],
)
def test_authors_decide_what_the_takeaway_is(markdown: str, takeaway: str) -> None:
    """A final quotation, or a final paragraph emphasised as a whole; nothing else."""
    found = markup(markdown)

    assert found.takeaway == takeaway
    assert not takeaway or found.body == "<p>Text.</p>"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_headings_are_in_order_below_the_title(levels: list[int]) -> None:
    """The first is h2, and no heading is more than one step below the one before."""
    body = markup("\n\n".join(f"{'#' * level} Words" for level in levels)).body

    found = [int(level) for level in re.findall(r"<h(\d)", body)]

    assert len(found) == len(levels)
    assert found[0] == 2
    assert all(1 < later <= earlier + 1 for earlier, later in pairwise(found))


def test_relative_links_start_from_the_tips_page() -> None:
    """A link that works on the site works in the email."""
    body = markup("[a](../b/) [c](/d) [e](#f) [g](https://example.org/h)").body

    assert re.findall('href="(.*?)"', body) == [
        "https://tips.example/tips/b/",
        "https://tips.example/d",
        "https://tips.example/tips/a/#f",
        "https://example.org/h",
    ]


def test_a_link_that_leads_nowhere_is_only_words() -> None:
    """Addresses that are none, and schemes that no email should open, are dropped."""
    body = markup("[a](https://[y/a) [b](ftp://example.org) [c]()").body

    assert body == "<p>a b c</p>"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("![A van](van.jpg)", "<p><em>A van</em></p>"),
        (
            "x ![A van](http://example.org/van.jpg) y",
            '<p>x <em><a href="http://example.org/van.jpg">A van</a></em> y</p>',
        ),
        (
            "[![A van](http://example.org/van.jpg)](https://example.org)",
            '<p><a href="https://example.org"><em>A van</em></a></p>',
        ),
    ],
)
def test_a_picture_that_cannot_be_shown_is_named(markdown: str, html: str) -> None:
    """Its words stand in its place, linked where there is something to link to."""
    # A final emphasised paragraph would be the takeaway.
    assert markup(f"{markdown}\n\nEnd.").body == f"{html}\n<p>End.</p>"


def test_tracking_pixels_are_dropped() -> None:
    """A picture that nobody can see is taken out, and the text after it stays."""
    body = markup(
        '<img src="https://example.org/p.gif" width="1" height="1">After'
    ).body

    assert body == "<p>After</p>"


def test_pictures_keep_their_shape_and_fit() -> None:
    """A wide picture is made as wide as the text, its height in proportion."""
    picture = '<img src="https://example.org/p.png" alt="P" width="{}" height="500">'
    wide = lxml_html.fragment_fromstring(markup(picture.format(1040)).body)
    small = lxml_html.fragment_fromstring(markup(picture.format(400)).body)

    assert dict(wide[0].attrib)["width"] == str(TEXT_WIDTH)
    assert dict(wide[0].attrib)["height"] == "250"
    assert dict(small[0].attrib)["width"] == "400"


def test_the_words_of_a_table_stay_whole_where_a_phone_has_room() -> None:
    """Short words are never cut; a long one may be, or the email gets too wide."""
    body = markup(f"| Channel | שלום |\n|---|---|\n| Phone | {'x' * 16} |").body

    assert '<th class="whole">Channel</th>' in body
    assert '<th dir="rtl" class="rtl whole">' in body
    assert '<td class="whole">Phone</td>' in body
    assert "<td>xxxxxxxxxxxxxxxx</td>" in body


def test_every_picture_has_an_alt() -> None:
    """Raw HTML without one gets an empty one, which lint then asks about."""
    assert 'alt=""' in markup('<img src="https://example.org/p.png">').body


def test_each_block_goes_its_own_way() -> None:
    """Blocks whose first letter is of the other direction say so; lists as a whole."""
    body = markup("English.\n\nשלום (a)\n\n- רשימה\n- b\n\n12").body

    assert "<p>English.</p>" in body
    assert '<p dir="rtl" class="rtl">שלום (a)</p>' in body
    assert '<ul dir="rtl" class="rtl">\n<li class="rtl">רשימה</li>' in body
    assert '<li dir="ltr" class="ltr">b</li>' in body
    assert "<p>12</p>" in body


def test_in_a_right_to_left_email_the_others_say_so() -> None:
    """A block in Latin script is marked, a Hebrew one only styled."""
    body = markup("שלום\n\nEnglish.", "rtl").body

    assert body == '<p class="rtl">שלום</p>\n<p dir="ltr" class="ltr">English.</p>'


def test_an_authors_own_direction_stands() -> None:
    """What an author wrote about a block is not second-guessed."""
    assert '<p dir="rtl" class="rtl">abc</p>' in markup('<p dir="rtl">abc</p>').body


def test_loose_content_becomes_paragraphs() -> None:
    """Text and pictures outside every block get the space of a paragraph."""
    body = markup("<div>a<b>b</b><p>c</p>d</div>\n\ne").body

    assert re.sub(r"\s", "", body) == "<p>a<b>b</b></p><p>c</p><p>d</p><p>e</p>"
