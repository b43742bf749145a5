"""Readers and operator, end to end: a comment below a tip, a message by mail."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml.html import HtmlElement, document_fromstring
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import comments, db
from newsletter.config import Security
from newsletter.sender import Desk, send_waiting, tell_operator
from newsletter.tables import Installation
from newsletter.transport import Relay, SmtpTransport
from newsletter.web import Site, build
from tests import relay as scripted
from tests.conftest import NOW
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_tip
from tests.newsletter.sender.week import UID
from tests.relay import ScriptedRelay
from tests.sites import fill_in

TIP = "/tips/listen-first/"
TYPED = {"name": "Zoë", "address": "zoe@example.org"}


@pytest.fixture
def clock() -> SetClock:
    """A clock that both the site and the sender look at."""
    return SetClock(NOW)


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    """A mail server that keeps what it gets."""
    with scripted.running() as relay:
        yield relay


@pytest.fixture
def desk(
    engine: Engine, tmp_path: Path, clock: SetClock, relay: ScriptedRelay
) -> Iterator[Desk]:
    """What the sender works with; the operator reads ops@example.org."""
    with Session(engine) as session:
        session.add(Installation(uid=UID, created_at=NOW))
        make_tip(session, "listen-first", title="Listen first", published_at=NOW)
        session.commit()
    transport = SmtpTransport(Relay("127.0.0.1", relay.port, Security.NONE))
    config = make_config(
        tmp_path, {"identity": {"operator_address": "ops@example.org"}}
    )
    desk = make_desk(engine, config, clock, transport)
    yield desk
    transport.close()


@pytest.fixture
def client(desk: Desk, clock: SetClock) -> Iterator[TestClient]:
    """A browser without script that follows where it is led."""
    site = Site(desk.config, desk.engine, clock=clock)
    with TestClient(build(site), base_url="https://tips.example") as client:
        yield client


def mail(relay: ScriptedRelay) -> list[Any]:
    """Return what the mail server got."""
    return [
        message_from_bytes(letter.message, policy=policy.default)
        for letter in relay.received
    ]


def talk(page: str) -> HtmlElement:
    """Return the part of a tip's page that readers write."""
    return document_fromstring(page).get_element_by_id("comments")


def send_form(client: TestClient, path: str, clock: SetClock, text: str) -> str:
    """Send the form to comment that is on a page, and return where it leads."""
    fields = fill_in(client, clock, path, **TYPED, text=text)
    answer = client.post(f"{TIP}comments/", data=fields)
    assert answer.status_code == 200, answer.text
    assert answer.url.path == TIP
    return answer.url.fragment


def test_a_comment_is_held_shown_and_answered(
    client: TestClient, desk: Desk, clock: SetClock, relay: ScriptedRelay
) -> None:
    """The operator hears of the first by mail; the next one need not wait."""
    page = client.get(TIP).text
    assert "No comments yet" in page
    assert 'action="/tips/listen-first/comments/"' in page

    where = send_form(client, f"{TIP}comments/", clock, "It works: https://a.example/!")

    assert where == "held"
    waiting = talk(client.get(TIP).text)
    assert "It works" not in waiting.text_content()
    assert "has arrived" in waiting.get_element_by_id("held").text_content()
    tell_operator(desk)
    (told,) = mail(relay)
    assert told["To"] == "ops@example.org"
    assert "It works" in told.get_body(("plain",)).get_content()
    # In the operator's terminal: another process, of which the site hears nothing.
    with db.transaction(desk.engine) as session:
        (held,) = comments.list_comments(session)
        comments.show(session, [held.id])

    where = send_form(client, f"{TIP}comments/{held.id}/", clock, "And again.")

    section = talk(client.get(TIP).text)
    assert section.findtext("h2") == "2 comments"
    (link,) = section.xpath(".//a[@rel='nofollow ugc']/@href")
    assert link == "https://a.example/"
    answer = section.get_element_by_id(where)
    assert "And again." in answer.text_content()
    assert answer.getparent().getparent().get("class") == "replies"
    tell_operator(desk)
    assert len(mail(relay)) == 1


def test_one_tap_says_that_a_tip_was_useful(client: TestClient, desk: Desk) -> None:
    """Back on the tip's page, at a thank-you; no cookie remembers it."""
    (form,) = [
        form
        for form in document_fromstring(client.get(TIP).text).forms
        if form.action == f"{TIP}useful/"
    ]
    button = form.xpath(".//button")[0]

    answer = client.post(form.action, data={button.get("name"): button.get("value")})

    assert (answer.url.path, answer.url.fragment) == (TIP, "thanked")
    page = document_fromstring(answer.text)
    assert "Thank you" in page.get_element_by_id("thanked").text_content()
    assert not client.cookies
    with Session(desk.engine) as session:
        tip = comments.tip_to_discuss(session, "listen-first")
        assert comments.votes(session, tip.id).useful == 1


def test_a_message_reaches_the_operator(
    client: TestClient, desk: Desk, clock: SetClock, relay: ScriptedRelay
) -> None:
    """From the form to their mailbox, to be answered with one press."""
    text = "One question:\n.\nwhy?\n\nBcc: all@example.org"

    answer = client.post(
        "/contact/", data=fill_in(client, clock, "/contact/", **TYPED, text=text)
    )

    assert answer.url.path == "/contact/sent/"
    assert send_waiting(desk) == 1
    (message,) = mail(relay)
    assert message["To"] == "ops@example.org"
    assert message["Reply-To"] == "Zoë <zoe@example.org>"
    assert message["Bcc"] is None
    body = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text in body
