"""A tip on a page has what an email has, without a style of its own."""

from newsletter.render import excerpt, for_page, plain_words

URL = "https://tips.example/tips/a/"
TABLE = "| A | B | C |\n|:--|:-:|--:|\n| 1 | 2 | 3 |\n"


def shown(markdown: str, *, under: int = 1) -> str:
    """Return the body of *markdown* on a page from left to right."""
    return for_page(markdown, direction="ltr", page_url=URL, under=under).body


def test_alignment_is_a_class() -> None:
    """A strict policy lets no style attribute through."""
    body = shown(TABLE)

    assert "style" not in body
    for number, side in ((1, "left"), (2, "center"), (3, "right")):
        assert f'{side}">{number}</td>' in body


def test_headings_stand_below_the_one_above_them() -> None:
    """A page shows a tip under its own title, or under that of a post."""
    markdown = "# One\n\n## Two\n\n### Three\n\n#### Four\n\n##### Five"

    assert "<h2>One</h2>" in shown(markdown)
    assert "<h3>One</h3>" in shown(markdown, under=2)
    assert "<h4>Two</h4>" in shown(markdown, under=2)
    assert shown(markdown, under=3).count("<h6>") == 3


def test_the_takeaway_stands_apart() -> None:
    """As in the email, in its own direction."""
    markup = for_page("Text.\n\n*שלום.*", direction="ltr", page_url=URL)

    assert markup.body == "<p>Text.</p>"
    assert markup.takeaway == '<p dir="rtl" class="rtl">שלום.</p>'


def test_pictures_wait_until_they_are_seen() -> None:
    """And keep their words."""
    assert 'loading="lazy"' in shown("![A cup](https://www.example.com/cup.png)")


def test_text_outside_of_blocks_is_kept() -> None:
    """An empty tip is empty, and a character that means something is text."""
    assert shown("") == ""
    assert shown("a < b & c") == "<p>a &lt; b &amp; c</p>"


def test_an_excerpt_goes_over_paragraphs_up_to_its_length() -> None:
    """The opening words without marks, cut at a word."""
    markdown = "# Head\n\nOne *two*.\n\n- Three [four](https://a.test).\n\nFive six."

    assert excerpt(markdown, limit=99) == "One two. Three four. Five six."
    assert excerpt(markdown, limit=16) == "One two. Three…"
    assert excerpt("", limit=9) == ""


def test_all_words_are_found_for_a_search() -> None:
    """Headings, code, cells and quotations, too."""
    markdown = "# Head\n\n> *Quote*\n\n```\ncode\n```\n\n" + TABLE

    assert plain_words(markdown) == "Head Quote code A B C 1 2 3"
