"""Shaping: paragraphs, players, images and addresses as Markdown has them."""

import pytest

from newsletter.tips.shaping import Shaper

BASE = "https://a.example/b/c"


def shape(html: str, *, line_breaks: bool = False) -> str:
    """Return *html* shaped, with addresses relative to `BASE`."""
    return Shaper(base=BASE, line_breaks=line_breaks).shape(html)


@pytest.mark.parametrize(
    ("html", "shaped"),
    [
        ("a<div>b<div>c</div></div>d", "<p>a</p><p>b</p><p>c</p><p>d</p>"),
        ("<b>a</b> <i>b</i>", "<p><strong>a</strong> <em>b</em></p>"),
        ("<strong><p>a</p><p>b</p></strong>", "<p>a</p><p>b</p>"),
        ("<p> a <br></p><p>&nbsp;</p>", "<p>a</p>"),
        ("<p>a<strong> b </strong>c</p>", "<p>a <strong>b</strong> c</p>"),
        ("<li><p>a</p></li>", "<li>a</li>"),
        ("<pre>a<br>b</pre>", "<pre><code>a\nb\n</code></pre>"),
        ("<ul> <li> </li> </ul>", ""),
        ("<blockquote>a</blockquote>", "<blockquote><p>a</p></blockquote>"),
    ],
)
def test_html_becomes_blocks(html: str, shaped: str) -> None:
    """Boxes end paragraphs, loose text becomes one, and idle space goes."""
    assert shape(html) == shaped


def test_line_breaks_mean_what_they_do_in_a_text_field() -> None:
    """A blank line ends the paragraph, a single line end is a break."""
    shaped = shape("a\nb\n\nc <em>d</em>\n<h2>e</h2>\nf", line_breaks=True)

    assert shaped == "<p>a<br/>b</p><p>c <em>d</em></p><h2>e</h2><p>f</p>"


def test_a_player_becomes_a_link_when_it_names_a_safe_address() -> None:
    """An https player leaves its address; any other goes, and both are noted."""
    shaper = Shaper()

    shaped = shaper.shape(
        '<iframe src="//v.example/x">no</iframe><video><source src="http://v.example/y"></video>'
    )

    assert shaped == '<p><a href="https://v.example/x">https://v.example/x</a></p>'
    assert len(shaper.notes) == 2


def test_addresses_become_absolute() -> None:
    """Links and images start from the base."""
    assert 'href="https://a.example/b/d"' in shape('<a href="d">x</a>')
    assert 'src="https://a.example/d.png"' in shape('<img src="/d.png">')


@pytest.mark.parametrize(
    "html",
    [
        '<img alt="x">',
        '<img src="a.png" width="1" height="1">',
        '<img src="a.png" height="0">',
    ],
)
def test_images_that_nobody_can_see_go(html: str) -> None:
    """Images without an address and tracking pixels are dropped, and noted."""
    shaper = Shaper()

    assert shaper.shape(html) == ""
    assert shaper.notes


def test_every_image_has_an_alternative_text() -> None:
    """One without gets an empty one, which says that it is decoration."""
    assert 'alt=""' in shape('<img src="a.png">')


def test_a_jump_within_the_page_loses_its_link() -> None:
    """The names it jumps to do not survive, so the words alone stay."""
    assert shape('<a href="#note">a</a>') == "<p>a</p>"


def test_an_address_on_its_own_line_becomes_a_link() -> None:
    """Blogs show a player for such a line; readers get the link."""
    assert shape("<p>https://v.example/x</p>").startswith('<p><a href="https://v.')


def test_a_row_of_headings_becomes_the_head_of_its_table() -> None:
    """Markdown knows tables with a head only."""
    shaped = shape(
        "<table><tbody><tr><th>a</th></tr><tr><td>b</td></tr></tbody></table>"
    )

    assert shaped.startswith("<table><thead><tr><th>a</th></tr></thead><tbody>")
