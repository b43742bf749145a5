"""The home page says what this is, and shows what people have had lately."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from newsletter.tables import Tip
from newsletter.web import Site

Page = Callable[[str], str]


@pytest.mark.usefixtures("shelf")
def test_home_shows_this_weeks_tip_and_the_ones_before(within_bounds: Page) -> None:
    """The newest in full, five before it as excerpts, and the form."""
    page = within_bounds("/")

    assert "This week’s tip" in page
    assert '<div class="takeaway"><p>See it once as they do.</p>' in page
    assert 'action="/join/"' in page
    for weeks in range(6):
        assert f'href="/tips/week-{weeks}/"' in page
    assert "week-6/" not in page
    assert "queued" not in page


def test_home_before_the_first_tip_has_the_form(within_bounds: Page) -> None:
    """Somebody must be able to join before anything was sent."""
    page = within_bounds("/")

    assert 'action="/join/"' in page
    assert "tip" in page


def test_an_old_tip_is_not_this_weeks(
    within_bounds: Page, publish: Callable[..., Tip]
) -> None:
    """Nothing was sent for two weeks, and the page does not say otherwise."""
    publish("old", weeks_ago=2)

    page = within_bounds("/")

    assert "The newest tip" in page
    assert "This week" not in page


def test_links_that_are_shown_elsewhere_have_words_and_a_picture(
    client: TestClient, site: Site, publish: Callable[..., Tip]
) -> None:
    """OpenGraph, with absolute addresses of the settings."""
    publish("new")

    page = client.get("/").text

    card = site.url("/cards/new.png")
    assert f'<meta property="og:image" content="{card}">' in page
    assert f'<link rel="canonical" href="{site.url("/")}">' in page
    assert client.get("/icon.svg").headers["Content-Type"] == "image/svg+xml"
