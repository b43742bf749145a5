"""Search, with what was found marked."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from lxml import html as lxml_html

from newsletter.tables import Tip

Page = Callable[[str], str]


def test_what_is_found_is_marked(
    within_bounds: Page, publish: Callable[..., Tip]
) -> None:
    """In the title and in the words around it; as text, whatever it holds."""
    publish("a", title="Over a Café <b>", body="# Head\n\nThe **cafés** & `bars`.")
    publish("b", title="Elsewhere", body="No such word.")

    page = within_bounds("/search/?q=cafe")

    assert "Over a <mark>Café</mark> &lt;b&gt;" in page
    assert "Head The <mark>café</mark>s &amp; bars." in page
    assert "1 tip with all of these words" in page
    assert "Elsewhere" not in page
    assert 'name="robots" content="noindex"' in page


@pytest.mark.usefixtures("shelf")
def test_results_go_on_over_pages(within_bounds: Page) -> None:
    """The question stays in the addresses of the pages."""
    root = lxml_html.document_fromstring(within_bounds("/search/?q=stranger&page=2"))

    hrefs = [a.get("href") for a in root.cssselect("ul.pages a")]
    assert hrefs[0] == "/search/?q=stranger"
    assert "/search/?q=stranger&page=3" in hrefs


@pytest.mark.parametrize("query", ["", "?q=", "?q=%22%27--", "?q=%00", "?q=%ff&x=1"])
def test_odd_questions_are_a_page(client: TestClient, query: str) -> None:
    """Nothing is found, and nothing breaks."""
    answer = client.get(f"/search/{query}")

    assert answer.status_code == 200
    assert '<input id="q"' in answer.text


@pytest.mark.parametrize("number", ["0", "-1", "9999", "x"])
def test_a_page_of_results_that_is_not_there_is_said(
    client: TestClient, number: str
) -> None:
    """404 in words."""
    assert client.get(f"/search/?q=word&page={number}").status_code == 404


@pytest.mark.usefixtures("shelf")
def test_what_was_not_sent_is_not_found(client: TestClient) -> None:
    """Not by its title, not by its text."""
    assert "No tip with" in client.get("/search/?q=not+sent+yet").text
