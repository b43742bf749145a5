"""Tags and categories have pages of their own."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from lxml import html as lxml_html

from newsletter.tables import Tip

Page = Callable[[str], str]


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("base", ["/tags/empathy/", "/categories/tip-of-the-week/"])
def test_a_label_has_the_ten_newest_above_its_posts(
    within_bounds: Page, base: str
) -> None:
    """The short list stays the same on every page; the posts are whole."""
    root = lxml_html.document_fromstring(within_bounds(f"{base}page/2/"))

    short = [a.get("href") for a in root.cssselect(".short li a")]
    posts = [a.get("href") for a in root.cssselect("article.post > h2 a")]
    assert short == [f"/tips/week-{n}/" for n in range(10)]
    assert posts == [f"/tips/week-{n}/" for n in range(10, 20)]
    assert len(root.cssselect("article.post .takeaway")) == 10
    # Below the title of the post, which is below that of the page.
    assert len(root.cssselect("article.post .tip h3")) == 10
    assert "23 tips, newest first · page 2 of 3" in root.text_content()


@pytest.mark.usefixtures("shelf")
def test_pages_of_a_label_are_numbered(client: TestClient) -> None:
    """Stable addresses; the first has no number; none is beyond the last."""
    page = client.get("/tags/empathy/page/3/").text

    assert 'href="/tags/empathy/page/2/" rel="prev"' in page
    assert client.get("/tags/empathy/page/1/").headers["Location"] == "/tags/empathy/"
    assert client.get("/tags/empathy/page/4/").status_code == 404
    assert client.get("/tags/odd/page/0/").status_code == 404
    assert "/tags/empathy/feed.xml" in page


def test_a_long_list_leaves_numbers_out(
    client: TestClient, publish: Callable[..., Tip]
) -> None:
    """« Previous 1 … 3 4 5 … 14 Next » in the middle."""
    for weeks in range(131):
        publish(f"t-{weeks}", weeks_ago=weeks, tags=("Empathy",))

    page = client.get("/tags/empathy/page/14/")
    middle = lxml_html.document_fromstring(client.get("/tags/empathy/page/4/").text)

    assert page.status_code == 200
    (numbers,) = middle.cssselect("ul.pages")
    said = " ".join(numbers.text_content().replace("Page", "").split())
    assert said == "« Previous 1 2 3 4 5 … 14 Next »"


@pytest.mark.usefixtures("shelf")
def test_the_overview_has_every_label_with_its_tips(within_bounds: Page) -> None:
    """Only of what was sent."""
    text = lxml_html.document_fromstring(within_bounds("/tags/")).text_content()

    words = " ".join(text.split())
    assert "Empathy 23 tips Even 12 tips Odd 11 tips" in words
    assert "Categories Tip of the week 23 tips" in words


@pytest.mark.parametrize(
    "path", ["/tags/none/", "/categories/none/", "/tags/none/page/2/", "/tags/%00/"]
)
def test_an_unknown_label_is_no_page(client: TestClient, path: str) -> None:
    """404, with a way on."""
    assert client.get(path).status_code == 404


def test_the_overview_without_tips_is_a_page(within_bounds: Page) -> None:
    """And the address of all categories leads there."""
    assert "There are none yet" in within_bounds("/tags/")
