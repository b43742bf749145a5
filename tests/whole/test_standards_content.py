"""The bodies of real letters, held against section C of the standards, by its ids.

C15 and C16, which need every colour worked out, are in test_standards_legible.py. C18
is SpamAssassin's verdict, asked by hand: it is no library, and its rules change.
"""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml.html import HtmlElement

from newsletter.render import Level, lint
from newsletter.render.letters import PREVIEW_LENGTH
from newsletter.render.lint import COMFORTABLE_BYTES, LARGEST_STYLE
from tests.post import Post, Received

Letters = tuple[Received, ...]
POSTAL_ADDRESS = "12 Example Street, Springfield"
BLOCKS = ("p", "li", "td", "th", "dt", "dd", "pre", "h2", "h3", "h4", "h5", "h6")


@pytest.fixture(params=["one_of_each", "samples"])
def every(request: pytest.FixtureRequest) -> Letters:
    """One letter of each hostile tip, then of each of the demo's."""
    found: Letters = request.getfixturevalue(request.param)
    return found


def parts_of(letter: Received) -> list[EmailMessage]:
    """Return the parts inside the outermost one."""
    return [
        part for part in letter.message.iter_parts() if isinstance(part, EmailMessage)
    ]


def letters_in(words: str) -> str:
    """Return the letters and digits of *words*, without what is between them."""
    return "".join(re.findall(r"[^\W_]", words))


def paragraphs(page: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the innermost blocks of the tip and its takeaway."""
    for part in page.xpath("//td[contains(@class, 'serif')]"):
        for block in (part, *part.iter(*BLOCKS)):
            if not [*block.iterdescendants(*BLOCKS)]:
                yield block


def styles(element: HtmlElement) -> dict[str, str]:
    """Return the declarations that stand in *element* itself."""
    found = (each.partition(":") for each in element.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in found}


def test_c01_there_is_a_plain_and_a_rich_part(every: Letters) -> None:
    """One multipart/alternative, text first and HTML last, and MIME 1.0."""
    for letter in every:
        kinds = [part.get_content_type() for part in letter.message.walk()]

        assert letter.fields["MIME-Version"] == "1.0"
        assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_c02_parts_say_how_they_are_written(every: Letters) -> None:
    """UTF-8 that decodes, in quoted-printable, in lines of 76 columns at most."""
    for letter in every:
        for part in parts_of(letter):
            assert part.get_content_charset() == "utf-8"
            assert part["Content-Transfer-Encoding"] == "quoted-printable"
            part.get_payload(decode=True).decode("utf-8", "strict")
        body = letter.raw.partition(b"\r\n\r\n")[2]
        assert max(map(len, body.split(b"\r\n"))) <= 76


def test_c03_a_letter_is_seven_bits_wide(letters: Letters) -> None:
    """No relay needs 8BITMIME, and none has a reason to encode it again."""
    for letter in letters:
        assert letter.raw.isascii()


def test_c04_the_boundary_is_legal(letters: Letters) -> None:
    """Short, of legal characters, nowhere in the bodies, and closed at the end."""
    for letter in letters:
        boundary = str(letter.message.get_boundary())
        line = f"\r\n--{boundary}".encode()

        assert re.fullmatch(r"[0-9A-Za-z'()+_,./:=?-]{1,70}", boundary)
        assert letter.raw.count(line) == 3
        assert letter.raw.endswith(line + b"--\r\n")
        assert boundary not in letter.html + letter.text


def test_c05_the_text_says_what_the_html_says(every: Letters) -> None:
    """Every paragraph's words are in the text part, and every picture's."""
    checked = 0
    for letter in every:
        text = letters_in(re.sub(r"\[\d+\]", "", letter.text))
        for block in paragraphs(letter.page):
            words = letters_in(block.text_content())
            assert words in text, words
            checked += bool(words)
        for picture in letter.page.iter("img"):
            assert f"[Image: {picture.get('alt')}]" in letter.text
    assert checked > 8 * len(every) / 2


def test_c05_both_parts_have_the_same_links(every: Letters) -> None:
    """Each link of the HTML is in the text in one piece, and the other way round."""
    for letter in every:
        hrefs = {link.get("href") for link in letter.page.iter("a")}
        found = {*re.findall(r"https://[^\s>]+", letter.text)}

        assert hrefs <= found
        for url in found - hrefs:
            assert url in letter.page.text_content()


def test_c05_the_text_is_plain(samples: Letters) -> None:
    """No tags, entities, unfilled marks or mojibake; who sends it and the way out."""
    for letter in samples:
        assert not re.search(r"</?[a-z]+|&#?\w+;|\{\{|\{%|qz7hole", letter.text)
        assert not re.search("Ã.|â€|\ufffd", letter.text)
        assert POSTAL_ADDRESS in " ".join(letter.text.split())
        assert "\nUnsubscribe:\nhttps://tips.example/u/" in letter.text


def test_c06_gmail_does_not_clip_it(samples: Letters) -> None:
    """Each of the demo's tips is far below the 102 KB at which the foot is hidden."""
    assert len(samples) == 20
    for letter in samples:
        assert len(letter.html.encode()) < COMFORTABLE_BYTES / 3


def test_c06_lint_stops_what_gmail_would_clip(post: Post) -> None:
    """A tip that is too long is an error before anybody gets it."""
    letter = post.letters[0]
    long = letter.html.replace("</body>", f"{'x' * 102 * 1024}</body>")

    found = lint("Subject", long, letter.text, post.config.settings)

    (clipped,) = (each for each in found if "102 KB" in each.message)
    assert clipped.level is Level.ERROR


def test_c07_the_html_is_a_document(every: Letters) -> None:
    """Doctype first, then language, charset, title and viewport."""
    for letter in every:
        assert letter.html.startswith("<!DOCTYPE html>")
        assert letter.page.get("lang") == "en"
        assert letter.page.find("head/meta").get("charset") == "utf-8"
        assert letters_in(letter.page.findtext("head/title") or "")
        (viewport,) = letter.page.xpath("//meta[@name='viewport']")
        assert "width=device-width" in viewport.get("content")
        assert not {"maximum-scale", "user-scalable"} & {viewport.get("content")}


def test_c08_tables_of_the_layout_say_so(every: Letters) -> None:
    """Each has role=presentation and none is wider than 600; data tables have heads."""
    for letter in every:
        for table in letter.page.iter("table"):
            if table.get("role") != "presentation":
                assert table.xpath(".//th")
        (sheet,) = letter.page.xpath("//table[contains(@class, 'sheet')]")
        assert styles(sheet)["max-width"] == "600px"
        assert styles(sheet)["width"] == sheet.get("width") == "100%"
        assert 'width="600"' in re.findall(r"<!--\[if mso\]>(.*?)<!", letter.html)[0]


def test_c09_style_blocks_only_add(every: Letters) -> None:
    """What is not inlined is for phones and the dark, and short enough for Gmail."""
    for letter in every:
        for style in letter.page.iter("style"):
            sheet = style.text_content()
            outside = re.sub(r"(?s)@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", sheet)

            assert len(sheet.encode()) <= LARGEST_STYLE
            assert re.fullmatch(r"\s*:root \{[^{}]*\}\s*", outside)
        assert "@import" not in letter.html


def test_c10_nothing_can_run(every: Letters) -> None:
    """No script, form, frame, outside sheet or handler; comments are Outlook's."""
    for letter in every:
        names = {each.tag for each in letter.page.iter("*")}
        forbidden = {
            "script",
            "form",
            "input",
            "iframe",
            "link",
            "object",
            "base",
            "svg",
        }

        assert not names & forbidden
        for element in letter.page.iter("*"):
            for name, value in element.attrib.items():
                assert not name.startswith("on")
                assert "javascript:" not in value.lower()
                assert "url(" not in value
        for comment in re.findall(r"(?s)<!--(.*?)-->", letter.html):
            assert comment.startswith("[if mso]>")
        assert "qwertz" not in letter.raw.decode()


def test_c11_pictures_can_be_described_and_fetched(every: Letters) -> None:
    """With alternative text, over https; none inlined, hidden or used for tracking."""
    for letter in every:
        for picture in letter.page.iter("img"):
            assert picture.get("alt")
            assert picture.get("src").startswith("https://")
            assert "max-width:100%" in picture.get("style")
            assert {picture.get("width"), picture.get("height")} <= {None}
        assert "data:image" not in letter.html
        assert "pixel.gif" not in letter.html


def test_c11_lint_asks_for_missing_words(post: Post) -> None:
    """A picture that nobody described is found before anybody gets it."""
    letter = post.letters[0]
    html = letter.html.replace("</body>", '<img src="http://x.test/a" alt=""></body>')

    found = lint("Subject", html, letter.text, post.config.settings)
    said = " ".join(each.message for each in found)

    assert "has no description" in said
    assert "must have an https address" in said


def test_c12_links_go_where_they_say(every: Letters) -> None:
    """Absolute https to a named host, in words that say where."""
    for letter in every:
        for link in letter.page.iter("a"):
            words = " ".join(link.text_content().split())
            parts = urlsplit(link.get("href"))

            assert parts.scheme == "https"
            assert parts.port is None
            assert re.search(r"[a-z]$", parts.hostname or "")
            with pytest.raises(ValueError, match="does not appear to be"):
                ip_address(parts.hostname or "")
            assert words or [each.get("alt") for each in link.iter("img")]
            assert words.lower() not in ("here", "click here", "link", "more")
            if "://" in words or words.startswith("www."):
                assert (parts.hostname or "") in words


def test_c13_nothing_is_hidden_but_the_preview(every: Letters) -> None:
    """The words beside the subject, and they are few."""
    for letter in every:
        (preview,) = letter.page.xpath("//div[@class='preview']")
        assert len(preview.text_content()) <= PREVIEW_LENGTH
        # Words in the colour of their ground look like fraud to filters.
        ground = styles(letter.page.find("body"))["background-color"]
        assert styles(preview)["color"] != ground
        for element in letter.page.iterfind("body//*"):
            style = styles(element)
            hides = (
                style.get("display") == "none"
                or style.get("visibility") == "hidden"
                or style.get("opacity") == "0"
                or style.get("font-size") in ("0", "0px", "1px")
            )
            if hides and element is not preview:
                # The rule above the foot is a line without words.
                assert not element.text_content().strip()


def test_c14_both_schemes_are_declared(every: Letters) -> None:
    """In both metas and in :root, and the dark rules survived inlining."""
    for letter in every:
        for name in ("color-scheme", "supported-color-schemes"):
            (meta,) = letter.page.xpath(f"//meta[@name='{name}']")
            assert meta.get("content") == "light dark"
        (style,) = letter.page.iter("style")
        sheet = style.text_content()
        assert ":root { color-scheme: light dark;" in sheet
        assert sheet.count("@media (prefers-color-scheme: dark)") == 1
        assert re.search(r"\.sheet \{ background-color: #\w{6} !important;", sheet)


def test_c17_nobody_is_followed(letters: Letters, samples: Letters) -> None:
    """No tracking parameter, no pixel; links are the same for everybody but three."""
    own: dict[str, set[frozenset[str]]] = {}
    for letter in letters:
        hrefs = frozenset(str(link.get("href")) for link in letter.page.iter("a"))
        shared = {url for url in hrefs if not re.search(r"/[upv]/[\w-]{39}$", url)}
        own.setdefault(letter.slug, set()).add(frozenset(shared))

        assert len(hrefs - shared) == 3
        for url in shared:
            keys = {*parse_qs(urlsplit(url).query)}
            assert not {key for key in keys if key.startswith(("utm_", "mc_", "fb"))}
    assert {len(each) for each in own.values()} == {1}
    assert not [each for letter in samples for each in letter.page.iter("img")]
