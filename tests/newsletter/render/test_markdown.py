"""One reading of Markdown for both parts, and nothing harmful in either."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.render.markdown import to_html, to_tree
from newsletter.render.markup import to_markup
from newsletter.render.plain import to_plain


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        '<iframe src="https://example.org"></iframe>',
        '<form action="https://example.org"><input name="a"></form>',
        '<p style="position:fixed;background:url(https://example.org/x)">x</p>',
        "<style>p { color: red }</style>",
        "<!-- secret -->",
        '<svg onload="alert(1)"></svg>',
        '<img src="data:image/png;base64,AAAA">',
    ],
)
def test_harmful_html_is_dropped(attack: str) -> None:
    """Only harmless elements, attributes and schemes are left."""
    html = to_html(attack)

    for word in ("<script", "onerror", "onload", "href", "<iframe", "<form", "<input"):
        assert word not in html
    for word in ("position", "<style", "<!--", "<svg", "data:"):
        assert word not in html


def test_the_alignment_of_a_column_stays() -> None:
    """The one style that a tip may have is the side its table's cells keep to."""
    assert 'style="text-align:right"' in to_html("|a|\n|-:|\n|1|")


# fmt: off
PIECES = st.sampled_from([
    '<p>', '</p>', '<div>', '</div>', '<img src="https://example.org/a.png" alt="',
    '">', '<a href="', '<em>', '</em>', '<table>', '<td>', '</td>', '<ul>', '<li>',
    '<!--', '-->', '<pre>', '<svg>', '<style>', '<h5>', '\n\n', '# ', '- ', '> ',
    '*', '`', '|', '|-|\n', '[x](', '![y\x0b](', ')', 'http://example.org', '&#11;',
    '\x00', '\x1b', '\ufffe', 'שלום', '日',
])
# fmt: on


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join))
@example("<b>https://example.org</b>")
@example("</p>\x1b")
def test_no_tip_is_too_broken_to_render(markdown: str) -> None:
    """Half-open HTML, controls and stray marks: both parts come out, harmless."""
    page_url = "https://tips.example/tips/a/"

    markup = to_markup(markdown, direction="ltr", page_url=page_url)
    text = to_plain(markdown, page_url=page_url)

    for harmful in ("<script", "<style", "<svg", "<!--", "\x0b", "\x1b"):
        assert harmful not in markup.body + markup.takeaway
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_html_becomes_markdown_for_the_text_part() -> None:
    """The tree has no HTML, in blocks or in lines, and no script's words."""
    tree = to_tree(
        "A <b>bold</b> word<script>alert(1)</script>.\n\n"
        "<div><p>One</p><ul><li>Two</li></ul></div>"
    )
    types = {node.type for node in tree.walk()}
    words = "".join(node.content for node in tree.walk() if node.type == "text")

    assert not {"html_block", "html_inline"} & types
    assert {"strong", "bullet_list"} <= types
    assert words == "A bold word.OneTwo"
