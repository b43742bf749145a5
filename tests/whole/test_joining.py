"""Joining, end to end: the form, the letter on the wire, its link, the welcome."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter.config import Security
from newsletter.sender import Desk, Messenger, send_waiting
from newsletter.tables import Installation
from newsletter.transport import Relay, SmtpTransport
from newsletter.web import Site, build
from subscribers import consent, roster
from subscribers.tables import ConsentStep, SubscriberStatus
from tests import relay as scripted
from tests.conftest import NOW
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_issue, make_tip
from tests.newsletter.sender.week import UID
from tests.relay import ScriptedRelay
from tests.sites import fill_in
from tests.waiting import until

ADDRESS = "ada@example.org"


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
    """What the messenger works with."""
    with Session(engine) as session:
        session.add(Installation(uid=UID, created_at=NOW - timedelta(days=90)))
        tip = make_tip(session, "listen-first", title="Listen first")
        make_issue(session, tip, slot="2026-W47", due_at=NOW - timedelta(days=5))
        session.commit()
    transport = SmtpTransport(Relay("127.0.0.1", relay.port, Security.NONE))
    desk = make_desk(engine, make_config(tmp_path), clock, transport)
    yield desk
    transport.close()


@pytest.fixture
def client(desk: Desk, clock: SetClock) -> Iterator[TestClient]:
    """A browser that only knows HTTP."""
    site = Site(desk.config, desk.engine, clock=clock)
    with TestClient(
        build(site), base_url="https://tips.example", follow_redirects=False
    ) as client:
        yield client


def letters(relay: ScriptedRelay) -> list[EmailMessage]:
    """Return what the mail server got."""
    arrived = [letter.message for letter in relay.received]
    read = [message_from_bytes(raw, policy=policy.default) for raw in arrived]
    return [message for message in read if isinstance(message, EmailMessage)]


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a letter."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_reader_joins_by_the_link_in_the_letter(
    client: TestClient, desk: Desk, clock: SetClock, relay: ScriptedRelay
) -> None:
    """From the form to the welcome, with every step of the proof written down."""
    answer = client.post("/join/", data=fill_in(client, clock, address=ADDRESS))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/join/sent/"
    assert send_waiting(desk) == 1
    (asked,) = letters(relay)
    assert asked["To"] == ADDRESS
    assert asked["Auto-Submitted"] == "auto-generated"
    link = re.search(r"https://tips\.example(/c/\S+)", text_of(asked))
    assert link
    assert "Yes, send me the tips" in client.get(link[1]).text
    assert client.head(link[1]).status_code == 200
    with Session(desk.engine) as session:
        assert roster.find(session, ADDRESS).status is SubscriberStatus.PENDING

    pressed = client.post(link[1])

    assert pressed.status_code == 303
    assert "All is well" in client.get(pressed.headers["Location"]).text
    assert send_waiting(desk) == 1
    welcome = letters(relay)[1]
    assert welcome["Subject"] == "Welcome to The Tip of the Week"
    assert "Say what happens next." in text_of(welcome)
    with Session(desk.engine) as session:
        person = roster.find(session, ADDRESS)
        assert person.status is SubscriberStatus.ACTIVE
        steps = consent.history(session, person.id)
    assert [line.step for line in steps] == [ConsentStep.ASKED, ConsentStep.CONFIRMED]
    assert steps[0].wording == desk.config.settings.signup.wording
    assert steps[0].page == "https://tips.example/join/"


def test_the_letter_goes_out_at_once_beside_a_site(
    desk: Desk, clock: SetClock, relay: ScriptedRelay
) -> None:
    """The site wakes the messenger after its commit; nobody waits for a ring."""
    with Messenger(desk, look_seconds=3_600) as messenger:
        site = Site(desk.config, desk.engine, clock=clock, wake=messenger.wake)
        with TestClient(build(site), follow_redirects=False) as client:
            client.post("/join/", data=fill_in(client, clock, address=ADDRESS))

            until(lambda: relay.received, say="the letter")

    assert letters(relay)[0]["Subject"] == "Please confirm: The Tip of the Week"
