"""From HTML to Markdown: what Markdown can say, and HTML for what it cannot."""

import pytest

from newsletter.tips.to_markdown import render, to_markdown, top_heading


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>a <strong>b</strong> <em>c</em></p>", "a **b** *c*"),
        ("<h2>a</h2><p>b</p>", "## a\n\nb"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n  - b"),
        ('<ol start="4"><li>a</li><li>b</li></ol>', "4. a\n5. b"),
        ("<p>a<br>b</p>", "a\\\nb"),
        ("<blockquote><p>a</p></blockquote>", "> a"),
        (
            '<p><a href="https://a.example/(b)">c</a></p>',
            "[c](<https://a.example/(b)>)",
        ),
        (
            '<p><a href="https://a.example/">https://a.example/</a></p>',
            "<https://a.example/>",
        ),
        ('<p><img src="a.png" alt="b"></p>', "![b](a.png)"),
        ("<pre><code>a\n\n```\n</code></pre>", "````\na\n\n```\n````"),
        (
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b|c</td></tr></tbody></table>",
            "| a |\n| --- |\n| b\\|c |",
        ),
        ("<hr>", "---"),
    ],
)
def test_markdown_says_what_it_can(html: str, markdown: str) -> None:
    """Common HTML becomes plain, readable Markdown."""
    assert to_markdown(html) == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<dl><dt>a</dt><dd>b</dd></dl>",
        '<figure><img src="a.png" alt=""><figcaption>b</figcaption></figure>',
        '<p dir="rtl">a</p>',
        '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        "<table><tbody><tr><td>a</td></tr></tbody></table>",
    ],
)
def test_what_markdown_cannot_say_stays_html_on_one_line(html: str) -> None:
    """Such a block renders to itself."""
    assert render(to_markdown(html)).strip() == to_markdown(html)
    assert to_markdown(html).startswith("<")


@pytest.mark.parametrize(
    "text",
    [
        "1. a",
        "# a",
        "- a",
        "&gt; a",
        "a * b * c",
        "_a_",
        "`a`",
        "a|b",
        "~~a~~",
        "&amp;copy;",
        "[a](b)",
        "===",
        "---",
        "a \\ b",
        "&lt;b&gt;",
        "&lt;script&gt;",
    ],
)
def test_signs_of_markdown_in_a_text_stay_signs(text: str) -> None:
    """A paragraph that looks like Markdown comes back as the paragraph it was."""
    assert render(to_markdown(f"<p>{text}</p>")).strip() == f"<p>{text}</p>"


def test_two_lists_in_a_row_stay_two() -> None:
    """The second list is written so that it does not join the first."""
    rendered = render(to_markdown("<ul><li>a</li></ul><ul><li>b</li></ul>"))

    assert rendered.count("<ul>") == 2


def test_an_inline_tag_without_a_sign_keeps_its_name() -> None:
    """Sub, sup and a phrase in another language stay HTML within the Markdown."""
    html = '<p>H<sub>2</sub>O, <em lang="fr">eau</em></p>'

    assert to_markdown(html) == 'H<sub>2</sub>O, <em lang="fr">eau</em>'


def test_the_top_heading_is_found_wherever_it_stands() -> None:
    """Only a first-rank heading counts, and not one within code."""
    found = top_heading("```\n# no\n```\n\n## no\n\n# Yes *sir*\n")

    assert found
    assert (found.start, found.end, found.html) == (6, 7, "Yes <em>sir</em>")
    assert top_heading("no heading") is None
