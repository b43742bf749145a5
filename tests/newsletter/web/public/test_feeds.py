"""Feeds are valid, whole, and sent again only when they changed."""

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient
from lxml import etree
from sqlalchemy import Engine, text

from newsletter.tables import Tip
from newsletter.tips.sources import read_source
from newsletter.web import Site
from newsletter.web.app import build
from tests.sites import site_on

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
ALL = ["/feed.xml", "/rss.xml", "/tags/odd/feed.xml", "/tags/odd/rss.xml"]


@pytest.mark.usefixtures("shelf")
def test_an_atom_feed_has_what_its_standard_asks_for(
    client: TestClient, site: Site
) -> None:
    """RFC 4287: id, title, updated, self; for each entry too, with its whole text."""
    answer = client.get("/feed.xml")
    root = etree.fromstring(answer.content)

    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": site.url("/feed.xml"), "alternate": site.url("/")}
    entries = root.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert ids == [site.url(f"/tips/week-{n}/") for n in range(20)]
    for element in (root, *entries):
        updated = element.findtext(f"{ATOM}updated") or ""
        assert datetime.fromisoformat(updated).tzinfo is not None
        assert element.findtext(f"{ATOM}title")
    content = entries[0].find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert "<h2>What to do</h2>" in (content.text or "")
    assert "See it once as they do." in (content.text or "")
    tags = [it.get("label") for it in entries[1].findall(f"{ATOM}category")]
    assert tags == ["Empathy", "Odd"]


@pytest.mark.usefixtures("shelf")
def test_an_rss_feed_has_what_its_standard_asks_for(
    client: TestClient, site: Site
) -> None:
    """RSS 2.0: title, link, description; items with a guid, a date, the whole text."""
    answer = client.get("/rss.xml")
    root = etree.fromstring(answer.content)
    channel = root.find("channel")

    assert answer.headers["Content-Type"].startswith("application/rss+xml")
    assert channel is not None
    assert root.get("version") == "2.0"
    assert channel.findtext("link") == site.url("/")
    self_link = channel.find(f"{ATOM}link")
    assert self_link is not None
    assert self_link.get("href") == site.url("/rss.xml")
    first = channel.findall("item")[0]
    assert first.findtext("guid") == first.findtext("link")
    assert first.findtext("guid") == site.url("/tips/week-0/")
    assert parsedate_to_datetime(first.findtext("pubDate") or "").tzinfo is not None
    assert "<h2>What to do</h2>" in (first.findtext(f"{CONTENT}encoded") or "")
    assert (first.findtext("description") or "").startswith("Borrow their glasses")


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("path", ALL)
def test_a_feed_can_be_read_by_our_own_importer(
    client: TestClient, path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Which takes what the web has; nothing is refused, and all is there."""
    file = tmp_path_factory.mktemp("feed") / "feed.xml"
    file.write_bytes(client.get(path).content)

    found = list(read_source(file))

    assert len(found) == (11 if "odd" in path else 20)
    assert all(type(draft).__name__ == "TipDraft" for draft in found)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("path", ALL)
def test_a_feed_is_sent_again_only_when_it_changed(engine: Engine, path: str) -> None:
    """By tag and by date, with the pages kept in memory or not."""
    for seconds in (0, 5):
        with TestClient(build(site_on(engine, web={"cache_seconds": seconds}))) as ask:
            whole = ask.get(path)
            tag, date = whole.headers["ETag"], whole.headers["Last-Modified"]
            by_tag = ask.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
            by_date = ask.get(path, headers={"If-Modified-Since": date})
            other = ask.get(path, headers={"If-None-Match": '"x"'})

        assert (by_tag.status_code, by_tag.content) == (304, b"")
        assert by_tag.headers["ETag"] == tag
        assert by_date.status_code == 304
        assert (other.status_code, other.content) == (200, whole.content)
    with engine.begin() as connection:
        at = "2027-01-01 00:00:00+00:00"
        change = "UPDATE tip SET title = 'New', updated_at = :at WHERE slug = 'week-1'"
        connection.execute(text(change), {"at": at})
    with TestClient(build(site_on(engine))) as ask:
        changed = ask.get(
            path, headers={"If-None-Match": tag, "If-Modified-Since": date}
        )
    assert changed.status_code == 200


def test_an_empty_feed_is_a_feed(client: TestClient) -> None:
    """Whoever subscribes to it before the first tip."""
    for path in ("/feed.xml", "/rss.xml"):
        assert etree.fromstring(client.get(path).content) is not None
    assert client.get("/tags/none/feed.xml").status_code == 404


def test_odd_characters_do_not_break_a_feed(
    client: TestClient, publish: Callable[..., Tip]
) -> None:
    """What markup would be is text in it."""
    publish("odd", title='a < b & "c" ]]>', body="x ]]> & <b>y</b> \u2028 z")

    root = etree.fromstring(client.get("/feed.xml").content)

    assert root.findtext(f"{ATOM}entry/{ATOM}title") == 'a < b & "c" ]]>'
