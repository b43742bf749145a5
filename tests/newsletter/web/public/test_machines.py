"""What search engines ask for."""

from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from lxml import etree

from newsletter.web import Site
from tests.conftest import NOW

SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.mark.usefixtures("shelf")
def test_the_sitemap_lists_every_page_and_nothing_hidden(
    client: TestClient, site: Site
) -> None:
    """Each of them is there, and what was not sent is not."""
    root = etree.fromstring(client.get("/sitemap.xml").content)
    found = [it.text or "" for it in root.iter(f"{SPACE}loc")]

    assert len(found) == len(set(found)) == 2 + 24 + 1 + 3 + 1
    assert site.url("/tips/week-3/") in found
    assert not any("queued" in address for address in found)
    for address in found:
        assert client.get(address.removeprefix(site.url(""))).status_code == 200
    days = [it.text or "" for it in root.iter(f"{SPACE}lastmod")]
    assert all(datetime.fromisoformat(day) for day in days)


def test_robots_are_told_where_not_to_look(client: TestClient, site: Site) -> None:
    """Everything but search and the pages of one person."""
    lines = client.get("/robots.txt").text.splitlines()

    assert lines[0] == "User-agent: *"
    assert "Disallow: /u/" in lines
    assert f"Sitemap: {site.url('/sitemap.xml')}" in lines


def test_a_hole_can_be_told_to_somebody(client: TestClient, site: Site) -> None:
    """RFC 9116: a contact, and an end within a year from now."""
    answer = client.get("/.well-known/security.txt")
    facts = dict(line.split(": ", 1) for line in answer.text.splitlines())

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert facts["Contact"] == site.url("/contact/")
    assert 30 < (datetime.fromisoformat(facts["Expires"]) - NOW).days < 365
