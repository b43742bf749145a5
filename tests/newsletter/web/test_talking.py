"""What stands below a tip: threads that anybody can follow, and a form that works."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import html
from sqlalchemy import Engine

from newsletter import db
from newsletter.render import fill_template
from newsletter.web import Site
from newsletter.web.talking import NOTHING_TYPED, Talk, read_writing, talk_of
from tests.factories import make_comment, make_tip
from tests.sites import site_on

CountQueries = Callable[[], AbstractContextManager[list[str]]]
LATE = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def talk(site: Site) -> Talk:
    """Return what stands below a tip with a thread of three, and one of one."""
    with db.transaction(site.engine) as session:
        tip = make_tip(session, "listen")
        make_comment(
            session, tip, "First <b>.", author="Zoë", origin="1", written_at=LATE
        )
        make_comment(session, tip, "Second.", author="Bo", origin="2", reply_to="1")
        make_comment(session, tip, "Third.", author="", origin="3", reply_to="2")
        make_comment(session, tip, "שלום", author="שרה")
        return talk_of(site, session, tip.id or 0, tip.slug)


def shown(name: str, found: Talk) -> Any:
    """Return a part of the tip's page, parsed."""
    text = fill_template(f"web/{name}.html", {"talk": found}, own=None)
    return html.fragment_fromstring(text, create_parent="div")


def test_comments_stand_in_their_threads(engine: Engine) -> None:
    """Each with its name, its day in the newsletter's zone, and a link to answer it."""
    site = site_on(engine, schedule={"timezone": "Europe/Berlin"})

    page = shown("comments", talk(site))

    assert page.findtext(".//h2") == "4 comments"
    first, last = page.xpath("./section/ol/li")
    articles = first.xpath(".//article")
    words = [" ".join(article.text_content().split()) for article in articles]
    assert words == [
        "Zoë · Sunday, 22 November 2026 First <b>. Reply to Zoë",
        "Bo · " + words[1].partition(" · ")[2],
        "A reader to Bo · " + words[2].partition(" · ")[2],
    ]
    (stamp,) = articles[0].xpath(".//time/@datetime")
    assert stamp == "2026-11-21T23:30:00+00:00"
    assert [a.get("id") for a in page.xpath(".//article")] == [
        f"comment-{number}" for number in (1, 2, 3, 4)
    ]
    assert articles[1].xpath(".//a/@href") == ["/tips/listen/comments/2/"]
    assert last.xpath(".//p[@dir='auto']")[0].text_content() == "שלום"


def test_the_form_is_labelled_and_brings_its_guard(engine: Engine) -> None:
    """Every field has a label; what must be filled in is said to the browser, too."""
    page = shown("comments", talk(site_on(engine)))

    (form,) = page.forms
    assert (form.method, form.action) == ("POST", "/tips/listen/comments/")
    for name in ("name", "address", "text"):
        (field,) = form.xpath(f".//*[@name='{name}']")
        assert field.get("required") is not None
        assert form.xpath(f".//label[@for='{field.get('id')}']")
    assert form.fields["form_token"]
    assert form.xpath(".//input[@name='website'][@tabindex='-1']")
    assert page.xpath(".//*[@id='held']")


def test_without_a_form_comments_can_still_be_read(engine: Engine) -> None:
    """`comments.enabled = false`: nothing invites to write."""
    page = shown("comments", talk(site_on(engine, comments={"enabled": False})))

    assert len(page.xpath(".//article")) == 4
    assert not page.forms
    assert not page.xpath(".//a")


def test_useful_is_two_buttons_and_a_thank_you(engine: Engine) -> None:
    """A group with a name; the thank-you waits where the answer leads to."""
    page = shown("useful", talk(site_on(engine)))

    (form,) = page.forms
    assert (form.method, form.action) == ("POST", "/tips/listen/useful/")
    assert form.findtext(".//legend") == "Was this useful?"
    assert form.xpath(".//button/@value") == ["yes", "no"]
    assert page.xpath(".//*[@id='thanked']")


def test_all_comments_of_a_tip_are_one_statement(
    site: Site, count_queries: CountQueries
) -> None:
    """However many there are."""
    with db.transaction(site.engine) as session:
        tip = make_tip(session, "listen")
        for number in range(50):
            make_comment(session, tip, reply_to=f"{number}")

        with count_queries() as statements:
            talk_of(site, session, tip.id or 0, "listen")

    assert len(statements) == 1


@pytest.mark.parametrize("many", [0, 1])
def test_few_comments_are_counted_in_words(site: Site, many: int) -> None:
    """None, or one."""
    with db.transaction(site.engine) as session:
        tip = make_tip(session, "listen")
        for _ in range(many):
            make_comment(session, tip)
        found = talk_of(site, session, tip.id or 0, "listen")

    heading = shown("comments", found).findtext(".//h2")
    assert heading == ("1 comment" if many else "No comments yet")


def test_what_was_typed_is_cleaned() -> None:
    """Line ends as we keep them, and nothing that cannot be printed."""
    typed = {"name": " Zoë\x00 ", "address": "a@example.org", "text": "a\r\nb\x1b \n"}

    writing = read_writing(typed, longest=3)

    assert (writing.name, writing.text) == ("Zoë", "a\nb")
    assert not writing.is_wrong
    assert read_writing({}, longest=3).is_wrong
    assert not NOTHING_TYPED.is_wrong
