"""A reader's own page, end to end: the letters that it causes, as they arrive."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter.config import Security
from newsletter.sender import Desk, deliver, send_waiting
from newsletter.transport import Relay, SmtpTransport
from newsletter.web import Site, build
from subscribers.tables import Subscriber
from subscribers.tokens import Purpose
from tests import relay as scripted
from tests.desks import SetClock, make_config, make_desk
from tests.newsletter.sender.week import MOMENT, found, open_week
from tests.relay import ScriptedRelay

OLD, NEW = "r1@example.org", "new@example.net"


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    """A mail server that keeps what it gets."""
    with scripted.running() as relay:
        yield relay


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, relay: ScriptedRelay) -> Iterator[Desk]:
    """One reader, who has just had a tip."""
    found(engine, readers=1, tips=1)
    transport = SmtpTransport(Relay("127.0.0.1", relay.port, Security.NONE))
    desk = make_desk(engine, make_config(tmp_path), SetClock(MOMENT), transport)
    deliver(desk, open_week(desk))
    yield desk
    transport.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """A browser that only knows HTTP."""
    site = Site(desk.config, desk.engine, clock=desk.clock)
    with TestClient(
        build(site), base_url="https://tips.example", follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def path(desk: Desk) -> str:
    """The reader's own page."""
    site = Site(desk.config, desk.engine)
    return f"/p/{site.signer.sign(Purpose.PREFERENCES, 1, 1)}"


def letters(relay: ScriptedRelay) -> list[EmailMessage]:
    """Return what arrived, oldest first."""
    read = [
        message_from_bytes(letter.message, policy=policy.default)
        for letter in relay.received
    ]
    return [message for message in read if isinstance(message, EmailMessage)]


def words(message: EmailMessage, kind: str = "plain") -> str:
    """Return one of the bodies of a letter."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_tip_comes_again_as_it_was(
    client: TestClient, desk: Desk, relay: ScriptedRelay, path: str
) -> None:
    """Subject, bodies and links are those of the issue; only the message is new."""
    client.post(f"{path}/again/", data={"issue": "1"})

    assert send_waiting(desk) == 1

    first, again = letters(relay)
    assert again["To"] == first["To"]
    assert again["Subject"] == first["Subject"]
    assert again["List-Unsubscribe"] == first["List-Unsubscribe"]
    assert again["Message-ID"] != first["Message-ID"]
    for kind in ("plain", "html"):
        assert words(again, kind) == words(first, kind)


def test_a_new_address_is_confirmed_from_there(
    client: TestClient, desk: Desk, engine: Engine, relay: ScriptedRelay, path: str
) -> None:
    """Its letter has nothing of the reader's but the one link; then the old is told."""
    client.post(f"{path}/address/", data={"address": NEW})
    assert send_waiting(desk) == 1
    asked = letters(relay)[-1]
    assert relay.received[-1].rcpt_to == NEW
    assert asked["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        body = words(asked, kind)
        assert "/p/" not in body
        assert "/u/" not in body
        assert "Reader 1" not in body
        assert OLD not in body
    found_link = re.search(r"https://[^/\s]+(/a/\S+)", words(asked))
    assert found_link

    client.post(found_link[1])

    assert send_waiting(desk) == 1
    told = letters(relay)[-1]
    assert relay.received[-1].rcpt_to == OLD
    assert "n…@example.net" in words(told)
    assert "answer it" in words(told, "html")
    with Session(engine) as session:
        assert session.exec(select(Subscriber.address)).one() == NEW
