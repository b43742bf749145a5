"""A tip and a notice as whole emails: what is in them, and how they look."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from lxml import html as lxml_html
from lxml.html import HtmlElement

from newsletter import holes
from newsletter.config import Settings
from newsletter.config.contrast import contrast
from newsletter.errors import BadTemplate, ReservedWords
from newsletter.holes import MARKS, Hole
from newsletter.render import (
    Article,
    Edition,
    Label,
    NoticeContent,
    Rendered,
    lint,
    render_notice,
    render_tip,
)

MakeSettings = Callable[..., Settings]
FOOTER = (
    ("Sign up for free tips", "https://tips.example/sign-up"),
    ("Contact us", "https://tips.example/contact"),
    ("More resources for you", "https://www.example.com/resources"),
    ("Visit our home page", "https://www.example.com"),
)
EVERYTHING = """\
Before [this](https://example.org/guide).

## A heading

| a | b |
|---|---|
| 1 | 2 |

> quoted

`code` and ![A van](https://example.org/van.jpg)

```
block
```

*The takeaway.*
"""


@pytest.fixture
def rendered(article: Article, edition: Edition) -> Rendered:
    """The tip as an email, its holes empty still."""
    return render_tip(article, edition)


@pytest.fixture
def page(article: Article, edition: Edition) -> HtmlElement:
    """The HTML of a tip that has everything in it, parsed."""
    full = replace(article, body=EVERYTHING)
    return lxml_html.document_fromstring(render_tip(full, edition).html)


def words(root: HtmlElement) -> str:
    """Return what is read, spaces made one."""
    return " ".join(root.text_content().split())


def test_the_head_of_a_row_stands_beside_its_cells(
    article: Article, edition: Edition
) -> None:
    """At the top with them, on the same thin line; the head of a column has its own."""
    rows = "<tr><th>Ann</th><td>$1</td></tr>"
    table = f"<table><thead><tr><th>Who</th></tr></thead><tbody>{rows}</tbody></table>"
    root = lxml_html.document_fromstring(
        render_tip(replace(article, body=table), edition).html
    )

    column, row = root.xpath("//th")
    assert "vertical-align:bottom" in column.get("style")
    assert "border-bottom:2px" in column.get("style")
    assert "vertical-align:top" in row.get("style")
    assert "border-bottom-width:1px" in row.get("style")
    assert row.get("valign") == "top"


def test_the_parts_come_in_their_order(rendered: Rendered) -> None:
    """Newsletter, day, title, greeting, body, takeaway, author, tags, then the foot."""
    order = (
        "The Tip of the Week", "Tuesday, 24 November 2026", MARKS[Hole.GREETING],
        "The plumber has looked", "Close the gap before it opens.", "By Ada Reyes",
        "expectations", "waiting", "Leave a comment", *(each for each, _ in FOOTER),
        "sent by Example Service Co., 12 Example Street, Springfield",
        "because you signed up", "Preferences", "Unsubscribe", "View in browser",
    )  # fmt: skip
    body = lxml_html.document_fromstring(rendered.html).find("body/table")
    assert body is not None
    # In the text the title comes first; behind it the parts are in the same order.
    text = " ".join(rendered.text.split()).partition("=====")[2]

    for part in (words(body), text):
        places = [part.find(each) for each in order]
        assert -1 not in places
        assert places == sorted(places)


def test_both_parts_have_the_same_links(article: Article, edition: Edition) -> None:
    """Every address in the HTML is in the text, each whole on one line."""
    rendered = render_tip(replace(article, body=EVERYTHING), edition)
    links = re.findall('href="(.*?)"', rendered.html)

    assert all(link.startswith("https://") for link in links)
    for link in links:
        assert re.search(rf"(^|\] ){re.escape(link)}$", rendered.text, re.MULTILINE)
    assert f"https://tips.example/u/{MARKS[Hole.UNSUBSCRIBE]}" in links
    assert f"https://tips.example/p/{MARKS[Hole.PREFERENCES]}" in links
    assert f"https://tips.example/v/{MARKS[Hole.VIEW]}" in links
    assert "https://tips.example/tips/say-what-happens-next/" in links
    assert "https://tips.example/tags/waiting/" in links


@pytest.mark.parametrize("left_out", ["sign_up", "contact", "resources", "home"])
def test_a_footer_link_that_is_not_set_is_left_out(
    make_settings: MakeSettings, article: Article, left_out: str
) -> None:
    """The others keep their order, in both parts."""
    keys = ("sign_up", "contact", "resources", "home")
    expected = [link for key, link in zip(keys, FOOTER, strict=True) if key != left_out]
    settings = make_settings(links={
        key: url for key, (_, url) in zip(keys, FOOTER, strict=True) if key != left_out
    })  # fmt: skip

    rendered = render_tip(article, Edition.of(settings, day=date(2026, 11, 24)))
    found = re.findall(r'<a class="way.*?" href="(.*?)".*?>(.*?)</a>', rendered.html)

    assert [(said, url) for url, said in found] == expected
    assert [
        (said, url) for said, url in re.findall(r"(.+):\n(\S+)", rendered.text)
        if (said, url) in FOOTER
    ] == expected  # fmt: skip


def test_nothing_is_missing_when_a_tip_has_no_extras(edition: Edition) -> None:
    """Without author, tags, takeaway, summary and footer, nothing empty is shown."""
    bare = Article(title="T", slug="t", body="Words.")
    rendered = render_tip(bare, replace(edition, footer=()))

    for absent in ("By ", "Filed under", 'class="takeaway', 'class="pad ways'):
        assert absent not in rendered.html
        assert absent not in rendered.text


def test_the_html_is_what_mail_programs_take(page: HtmlElement) -> None:
    """No script, form, external style or pixel; tables are for layout; one h1."""
    for forbidden in ("script", "form", "iframe", "link", "object", "svg"):
        assert not list(page.iter(forbidden))
    assert not [
        name for each in page.iter("*") for name in each.attrib if name[:2] == "on"
    ]
    assert [each.text_content() for each in page.iter("h1")] == [
        "Say what happens next"
    ]
    assert all(image.get("alt") for image in page.iter("img"))
    for table in page.iter("table"):
        assert table.get("role") == "presentation" or table.findtext(".//th") == "a"


def test_the_html_says_what_it_is(page: HtmlElement) -> None:
    """Language, direction, title, viewport and both colour schemes are declared."""
    metas = {meta.get("name"): meta.get("content") for meta in page.iter("meta")}

    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert page.findtext(".//title") == "Say what happens next"
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "width=device-width" in metas["viewport"]


def test_an_ordinary_tip_is_small(article: Article, edition: Edition) -> None:
    """Gmail clips at 102 KB; 25 paragraphs are a third of it, a style block 8 KB."""
    html = render_tip(replace(article, body="Some words. " * 40 + "\n\n"), edition).html
    long = render_tip(
        replace(article, body=("Some words. " * 40 + "\n\n") * 25), edition
    ).html

    assert len(long.encode()) < 34_000
    assert len(html.encode()) < 14_000
    for style in re.findall("<style.*?>(.*?)</style>", long, re.DOTALL):
        assert len(style.encode()) < 8192


LIGHT_SHEET, DARK_SHEET = "#FFFFFF", "#171B1A"


def test_every_text_is_readable_in_the_light_scheme(page: HtmlElement) -> None:
    """Each colour on the background it really stands on reaches 4.5:1."""
    checked = 0
    for element in page.iterfind("body//*"):
        style = element.get("style", "")
        colour = re.search(r"(?<![-\w])color:(#\w+)", style)
        if not colour or "display:none" in style:
            continue
        assert contrast(six(colour[1]), behind(element)) >= 4.5, style
        checked += 1
    assert checked > 20


def behind(element: HtmlElement) -> str:
    """Return the background that *element* stands on."""
    for each in (element, *element.iterancestors()):
        found = re.search(r"background-color:(#\w+)", each.get("style", ""))
        if found:
            return six(found[1])
    return "#F4F1EA"


def six(colour: str) -> str:
    """Return a short colour in its long form."""
    return colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])


def test_every_text_is_readable_in_the_dark_scheme(rendered: Rendered) -> None:
    """The dark rules survive inlining, and each of their colours reaches 4.5:1."""
    dark = rendered.html.partition("prefers-color-scheme: dark")[2].partition(
        "</style"
    )[0]
    grounds = set(re.findall(r"background-color: (#\w+)", dark))
    colours = set(re.findall(r"(?<![-\w])color: (#\w+)", dark)) - grounds

    assert len(grounds) == 3
    assert colours == {"#ECEAE4", "#A9B0AB", "#7CD6C5"}
    for colour in colours:
        assert min(contrast(colour, ground) for ground in grounds) >= 4.5


def test_the_operators_accent_is_used(make_settings: MakeSettings) -> None:
    """Both accents come from the settings."""
    settings = make_settings(email={"accent": "#7A1F5C", "accent_dark": "#FFB3DD"})
    edition = Edition.of(settings, day=date(2026, 11, 24))

    html = render_tip(Article(title="T", slug="t", body="*W*"), edition).html

    assert "border-left:4px solid #7A1F5C" in html
    assert "color: #FFB3DD !important" in html
    assert "#0B6157" not in html
    assert "#7CD6C5" not in html


def test_links_are_large_enough_to_touch(page: HtmlElement) -> None:
    """Lines with links are 24 px high at least, and on a phone 44."""
    for link in page.iter("a"):
        lines = [
            int(found[1])
            for each in (link, *link.iterancestors())
            if (found := re.search(r"line-height:(\d+)px", each.get("style", "")))
        ]
        assert lines[0] >= 24
    phone = page.findtext(".//style") or ""
    assert ".way, .leave { display: block !important;" in phone
    assert "padding: 10px 0 !important; line-height: 24px !important" in phone


def test_the_text_on_a_phone_is_never_small(page: HtmlElement) -> None:
    """No text is under 14 px, but for the preview that nobody sees."""
    for element in page.iterfind("body//*"):
        style = element.get("style", "")
        size = re.search(r"font-size:(\d+)px", style)
        if size and "display:none" not in style and words(element):
            assert int(size[1]) >= 14


@pytest.mark.parametrize(
    ("title", "summary", "body", "preview"),
    [
        ("T", "A summary.", "Body.", "A summary."),
        ("T", "", "# Head\n\nBody *words*.", "Body words."),
        ("Say it", "Say it, and mean it.", "Body.", "Body."),
        ("T", "word " * 40, "Body.", "word " * 17 + "word…"),
        ("T", "", "", ""),
    ],
)
def test_the_preview_adds_to_the_title(
    edition: Edition, title: str, summary: str, body: str, preview: str
) -> None:
    """The summary or the opening words, 90 characters at most, not the title again."""
    article = Article(title=title, slug="t", body=body, summary=summary)
    html = render_tip(article, edition).html

    found = re.search(r'<div class="preview".*?>(.*?)</div>', html)

    assert found is not None
    assert found[1] == preview


def test_a_right_to_left_newsletter_is_mirrored(
    make_settings: MakeSettings, article: Article
) -> None:
    """The document, its text and the takeaway's edge are on the right."""
    settings = make_settings(newsletter={"language": "he"})
    html = render_tip(article, Edition.of(settings, day=date(2026, 11, 24))).html

    assert '<html lang="he" dir="rtl">' in html
    assert "border-right:4px solid #0B6157" in html
    assert "text-align:right" in html
    assert (
        '<ul dir="ltr" class="ltr" style="margin:0 0 18px; padding:0 0 0 26px' in html
    )


def test_what_people_write_is_escaped(edition: Edition) -> None:
    """A title, author or tag with markup in it is text, and braces do nothing."""
    evil = '<script>"&{{ 7 * 7 }}'
    article = Article(
        title=evil, slug="t", body="W.", author=evil, tags=(Label(evil, "e"),)
    )
    rendered = render_tip(article, edition)

    assert "<script>" not in rendered.html
    assert rendered.html.count("&lt;script&gt;") == 4
    assert rendered.subject == evil
    assert "49" not in rendered.html


def test_a_title_is_one_line_of_subject(article: Article, edition: Edition) -> None:
    """Line breaks and runs of spaces in a title become one space."""
    assert render_tip(replace(article, title="a\r\n b\t c"), edition).subject == "a b c"


def test_a_tip_without_a_title_is_refused(article: Article, edition: Edition) -> None:
    """An empty subject never leaves the house."""
    with pytest.raises(BadTemplate, match=r"subject\.txt: it came out empty"):
        render_tip(replace(article, title=" "), edition)


def test_a_tip_that_contains_a_mark_is_refused(
    article: Article, edition: Edition
) -> None:
    """Nobody can have a reader's token printed into a tip."""
    body = f"See {MARKS[Hole.UNSUBSCRIBE]}"

    with pytest.raises(ReservedWords, match="say-what-happens-next"):
        render_tip(replace(article, body=body), edition)


def test_every_hole_is_in_both_parts(rendered: Rendered) -> None:
    """What differs between readers has its place in the HTML and in the text."""
    for body in (rendered.html, rendered.text):
        assert {piece for piece in holes.split(body) if isinstance(piece, Hole)} == {
            *Hole
        }


def test_our_own_email_has_no_problems(rendered: Rendered, settings: Settings) -> None:
    """What we send passes our own lint."""
    assert lint(rendered.subject, rendered.html, rendered.text, settings) == ()


def test_the_text_is_tidy(rendered: Rendered) -> None:
    """No trailing space, no run of empty lines, no markup; a line end at the end."""
    lines = rendered.text.split("\n")

    assert rendered.text.endswith("\n")
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n" not in rendered.text
    assert not re.search(r"</?\w+>|&\w+;|\{\{", rendered.text)
    assert all(len(line) <= 72 for line in lines if "https://" not in line)


def test_a_notice_tells_the_operator(edition: Edition) -> None:
    """Title, paragraphs and facts are in both parts; there is no hole and no list."""
    notice = NoticeContent(
        title="Six weeks of tips are left",
        paragraphs=("The library has 6 tips to send.", "Write some <more>."),
        facts=(("Last tip", "Say what happens next"), ("Goes out on", "2027-01-05")),
    )
    rendered = render_notice(notice, edition)

    assert rendered.subject == "Six weeks of tips are left"
    for body in (rendered.text, rendered.html):
        assert "The library has 6 tips to send." in body
        assert "2027-01-05" in body
        assert holes.split(body) == [body]
        assert "nsubscribe" not in body
    assert "Write some &lt;more&gt;." in rendered.html
    assert "Last tip: Say what happens next" in rendered.text
