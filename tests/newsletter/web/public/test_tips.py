"""A tip's page, and its picture."""

import io
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from lxml import html as lxml_html
from PIL import Image

from newsletter.tables import Tip
from newsletter.web import Site

Page = Callable[[str], str]


@pytest.mark.usefixtures("shelf")
def test_a_tip_page_has_all_that_belongs_to_it(within_bounds: Page, site: Site) -> None:
    """Text, takeaway, labels, neighbours, what is related, and ways to pass it on."""
    root = lxml_html.document_fromstring(within_bounds("/tips/week-5/"))

    assert root.cssselect("h1")[0].text_content() == "Tip of week 5"
    text = " ".join(root.text_content().split())
    assert "Sunday, 18 October 2026 · by Ada Reyes" in text
    assert "Posted in Tip of the week · Empathy, Odd" in text
    assert root.cssselect(".takeaway")[0].text_content() == "See it once as they do."
    beside = [a.get("href") for a in root.cssselect(".beside a")]
    assert beside == ["/tips/week-6/", "/tips/week-4/"]
    related = [a.get("href") for a in root.cssselect(".short a")]
    assert related == ["/tips/week-1/", "/tips/week-3/", "/tips/week-7/"]
    address = site.url("/tips/week-5/")
    assert root.cssselect("#address")[0].get("value") == address
    (mail,) = [a for a in root.iter("a") if (a.get("href") or "").startswith("mailto")]
    assert "https%3A%2F%2F" in (mail.get("href") or "")
    assert root.cssselect("td.right")[0].text_content() == "5"


@pytest.mark.usefixtures("shelf")
def test_comments_show_below_the_tip_as_plain_text(within_bounds: Page) -> None:
    """What was said stands under what it answers; nothing in it is markup."""
    page = within_bounds("/tips/talked-about/")

    assert page.index("Said 1") < page.index("Said 2") < page.index("Said 3")
    assert "Said 1 &lt;script&gt;" in page
    assert "Zoë &lt;b&gt;" in page
    assert "<b>" not in page.partition('id="comments"')[2].partition("</section>")[0]


@pytest.mark.usefixtures("shelf")
def test_a_queued_tip_is_as_unknown_as_one_that_never_was(client: TestClient) -> None:
    """The same answer to the octet, for the page and for its picture."""
    for path in ("/tips/{}/", "/cards/{}.png"):
        queued = client.get(path.format("queued"))
        unknown = client.get(path.format("never-written"))

        assert queued.status_code == unknown.status_code == 404
        assert queued.content == unknown.content
        assert queued.headers == unknown.headers


@pytest.mark.usefixtures("shelf")
def test_the_picture_is_a_png_of_the_size_that_others_ask_for(
    client: TestClient,
) -> None:
    """1200 by 630; asked again with its tag, it is not sent again."""
    answer = client.get("/cards/week-1.png")
    again = client.get(
        "/cards/week-1.png", headers={"If-None-Match": answer.headers["ETag"]}
    )

    assert answer.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)
    assert "max-age" in answer.headers["Cache-Control"]
    assert (again.status_code, again.content) == (304, b"")


def test_text_from_right_to_left_says_so(
    within_bounds: Page, publish: Callable[..., Tip]
) -> None:
    """The title by itself, each block of the text by its own direction."""
    publish("rtl", title="שלום לכם", body="שלום לכולם.\n\nAnd then English.")

    page = within_bounds("/tips/rtl/")

    assert '<h1 dir="auto">שלום לכם</h1>' in page
    assert '<p dir="rtl" class="rtl">שלום לכולם.</p>' in page
    assert "<p>And then English.</p>" in page


def test_what_an_author_pasted_cannot_run(
    within_bounds: Page, publish: Callable[..., Tip]
) -> None:
    """Whatever is in the library, the page holds nothing but harmless elements."""
    body = (
        "<script>alert(1)</script><p onclick='x()' style='color:red'>Hello</p>\n\n"
        "[x](javascript:alert(1)) <img src=x onerror=y> "
        "![p](https://www.example.com/p.png)"
    )
    publish("pasted", title="<i>Title</i>", body=body)

    root = lxml_html.document_fromstring(within_bounds("/tips/pasted/"))

    for element in root.iter():
        for name, value in element.attrib.items():
            assert not str(name).startswith("on")
            assert not str(value).startswith("javascript")
    assert "alert(1)" not in {it.text for it in root.iter("script")}
    assert root.cssselect("h1")[0].text == "<i>Title</i>"
    assert root.cssselect(".tip img")[0].get("loading") == "lazy"
