"""Comments are plain text: whatever somebody writes, only our elements come out."""

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from newsletter.render import remark_html

TRICKS = st.sampled_from(
    [
        "https://a.example/",
        "https://a.example/\"onclick='x'",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "https://",
        "&lt;",
        "\n",
        "\n\n",
        "\r\n",
        ")",
        "<p>",
        "\u202e",
    ]
)


def link(url: str) -> str:
    """Return what a link to *url* is written as."""
    return f'<a href="{url}" rel="nofollow ugc">{url}</a>'


def test_paragraphs_and_lines_are_kept() -> None:
    """An empty line ends a paragraph; each finds its own direction."""
    assert remark_html("One\r\ntwo\n\n\n three <3 \n \nשלום") == (
        '<p dir="auto">One<br>\ntwo</p>\n<p dir="auto">three &lt;3</p>\n'
        '<p dir="auto">שלום</p>'
    )
    assert remark_html(" \n ") == ""


@pytest.mark.parametrize(
    ("text", "url", "after"),
    [
        ("https://a.example", "https://a.example", ""),
        ("https://a.example/x.", "https://a.example/x", "."),
        ("https://a.example/x?!", "https://a.example/x", "?!"),
        ("https://a.example/(x)", "https://a.example/(x)", ""),
        ("https://a.example/x).", "https://a.example/x", ")."),
        ("https://a.example:8443/?q=1", "https://a.example:8443/?q=1", ""),
        ("https://bücher.example/ä", "https://bücher.example/ä", ""),
        ("https://a.example/x' more", "https://a.example/x", "&#39; more"),
    ],
)
def test_an_https_address_becomes_a_link(text: str, url: str, after: str) -> None:
    """Without the marks of the sentence that it stands in."""
    assert remark_html(text) == f'<p dir="auto">{link(url)}{after}</p>'


def test_what_search_engines_read_of_a_link() -> None:
    """We vouch for none of them; ampersands are written as HTML wants it."""
    made = remark_html("a https://a.example/?x&y b https://c.example c")

    assert made == (
        f'<p dir="auto">a {link("https://a.example/?x&amp;y")} b '
        f"{link('https://c.example')} c</p>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/",
        "javascript:alert(1)",
        "https://localhost/",
        "https://user:word@a.example/",
        "https://127.0.0.1/",
        "www.a.example",
        "https://a.example/" + "x" * 3_000,
    ],
)
def test_nothing_else_becomes_a_link(text: str) -> None:
    """Only what is certainly meant as the address of a page."""
    assert "<a" not in remark_html(text)


@given(st.lists(st.text(max_size=20) | TRICKS, max_size=12).map("".join))
def test_nothing_but_our_own_elements_comes_out(text: str) -> None:
    """Paragraphs, breaks and links to https; all the rest is text."""
    made = str(remark_html(text))

    for element in html.fragment_fromstring(made, create_parent="div").iter():
        assert element.tag in ("div", "p", "br", "a")
        allowed = {"p": {"dir"}, "a": {"href", "rel"}}.get(str(element.tag), set())
        assert set(element.attrib) <= allowed
        assert element.get("href", "https://").startswith("https://")
    words = nh3.clean(made, tags=set())
    assert "<" not in words
