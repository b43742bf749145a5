"""The archive, page by page."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from lxml import html as lxml_html
from sqlalchemy import Engine

from newsletter.web import Site
from newsletter.web.app import build
from tests.sites import site_on

Page = Callable[[str], str]


@pytest.mark.usefixtures("shelf")
def test_every_tip_is_on_one_page_of_the_archive(within_bounds: Page) -> None:
    """Newest first, ten a page, with date, labels and an excerpt."""
    found: list[str] = []
    for path in ("/archive/", "/archive/page/2/", "/archive/page/3/"):
        root = lxml_html.document_fromstring(within_bounds(path))
        titles = root.cssselect("ol.list > li > h2 a")
        found += [title.get("href") or "" for title in titles]

    assert found == [*(f"/tips/week-{n}/" for n in range(23)), "/tips/talked-about/"]


@pytest.mark.usefixtures("shelf")
def test_an_excerpt_ends_in_read_more_with_the_title_for_those_who_listen(
    within_bounds: Page,
) -> None:
    """Opening words, then a link that makes sense on its own."""
    page = within_bounds("/archive/")

    root = lxml_html.document_fromstring(page)
    first = root.cssselect("ol.list > li")[0]
    text = " ".join(first.text_content().split())
    assert "Sunday, 22 November 2026" in text
    assert "Posted in Tip of the week · Empathy, Even" in text
    assert "Borrow their glasses, and read it once as a stranger would." in text
    assert text.endswith("Read more: Tip of week 0")


@pytest.mark.usefixtures("shelf")
def test_pages_are_numbered_and_lead_on(client: TestClient, site: Site) -> None:
    """« Previous 1 2 3 Next », in the text and for machines; page 1 has one address."""
    page = client.get("/archive/page/2/").text

    root = lxml_html.document_fromstring(page)
    (numbers,) = root.cssselect("ul.pages")
    said = " ".join(numbers.text_content().split())
    assert said == "« Previous Page 1 Page 2 Page 3 Next »"
    heads = {link.get("rel"): link.get("href") for link in root.cssselect("head link")}
    assert (heads["prev"], heads["next"]) == ("/archive/", "/archive/page/3/")
    assert heads["canonical"] == site.url("/archive/page/2/")
    moved = client.get("/archive/page/1/")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/archive/")


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    "number", ["0", "-1", "4", "9999", "02", "x", "²", "1" * 40, "%00"]
)
def test_a_page_that_is_not_there_says_which_are(
    client: TestClient, number: str
) -> None:
    """404 in words, whatever is asked for."""
    answer = client.get(f"/archive/page/{number}/")

    assert answer.status_code == 404
    assert "numbered from 1 to 3" in answer.text


def test_an_empty_archive_is_a_page(within_bounds: Page) -> None:
    """Nothing was sent yet."""
    assert "Nothing was sent yet" in within_bounds("/archive/")


def test_an_operators_own_template_takes_the_place_of_ours(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One by one: the archive is theirs, the rest of the site stays ours."""
    own = tmp_path_factory.mktemp("own") / "web"
    own.mkdir()
    (own / "archive.html").write_text(
        '{% extends "web/layout.html" %}{% block content %}Mine{% endblock %}'
    )
    site = site_on(engine, email={"templates": str(own.parent)})

    with TestClient(build(site)) as client:
        page = client.get("/archive/").text

    assert "Mine" in page
    assert 'class="top"' in page
