"""Leaving, end to end: in the middle of an issue, and the letter that says goodbye."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db
from newsletter.config import Security
from newsletter.sender import Desk, deliver, send_waiting
from newsletter.tables import DeliveryStatus
from newsletter.transport import Relay, SmtpTransport
from newsletter.web import Site, build
from subscribers import audience
from subscribers.tables import Subscriber
from subscribers.tokens import Purpose
from tests import relay as scripted
from tests.desks import SetClock, make_config, make_desk
from tests.newsletter.sender.week import MOMENT, found, open_week, standing
from tests.relay import Answer, ScriptedRelay, Step
from tests.waiting import until

READERS, LEAVERS = 250, 80
# Letters that are there before anybody leaves.
FIRST = 5


@dataclass
class WatchingRelay(ScriptedRelay):
    """A relay that notes when it was first asked to take whose message."""

    asked_at: dict[str, float] = field(default_factory=dict)

    def rule_for(self, step: Step, address: str) -> Answer | None:
        """Note the time of DATA."""
        if step is Step.DATA:
            self.asked_at.setdefault(address, time.monotonic())
        return super().rule_for(step, address)


@pytest.fixture
def relay() -> Iterator[WatchingRelay]:
    """A mail server that keeps what it gets."""
    with scripted.running(relay=WatchingRelay()) as relay:
        assert isinstance(relay, WatchingRelay)
        yield relay


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, relay: WatchingRelay) -> Iterator[Desk]:
    """What the sender works with."""
    transport = SmtpTransport(
        Relay("127.0.0.1", relay.port, Security.NONE, connections=3)
    )
    config = make_config(tmp_path, {"welcome": {"goodbye": True}})
    yield make_desk(engine, config, SetClock(MOMENT), transport)
    transport.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """A mailbox program's way to the site."""
    site = Site(desk.config, desk.engine, clock=desk.clock)
    with TestClient(build(site), follow_redirects=False) as client:
        yield client


def links(desk: Desk, issue: int) -> dict[str, str]:
    """Return everybody's unsubscribe link of one issue, by address."""
    sign = Site(desk.config, desk.engine).signer.sign
    with Session(desk.engine) as session:
        people = session.exec(select(Subscriber.id, Subscriber.address)).all()
    return {
        address: f"/u/{sign(Purpose.UNSUBSCRIBE, number or 0, issue)}"
        for number, address in people
    }


def test_nobody_who_was_told_so_gets_the_letter_that_was_about_to_go(
    client: TestClient, desk: Desk, engine: Engine, relay: WatchingRelay
) -> None:
    """People leave while an issue goes out: whoever heard 200 before DATA has none.

    Everybody else has exactly one.
    """
    found(engine, readers=READERS, tips=1)
    issue = open_week(desk)
    paths = links(desk, issue.id)
    leavers = sorted(paths)[::3][:LEAVERS]
    told: dict[str, float] = {}
    sending = Thread(target=deliver, args=(desk, issue))

    sending.start()
    until(lambda: len(relay.received) >= FIRST, say="the first letters")
    for address in leavers:
        assert client.post(paths[address]).status_code == 200
        told[address] = time.monotonic()
    sending.join(60)

    got = [letter.rcpt_to for letter in relay.received]
    assert len(got) == len(set(got))
    assert set(paths) - set(leavers) <= set(got)
    late = [one for one in set(got) & set(told) if relay.asked_at[one] > told[one]]
    assert late == []
    counts = standing(engine)
    assert counts[DeliveryStatus.SENT] == len(got)
    assert counts[DeliveryStatus.SKIPPED] == READERS - len(got) > 0
    with db.transaction(engine) as session:
        assert audience.count_mailable(session) == READERS - LEAVERS


def test_the_goodbye_says_how_to_come_back(
    client: TestClient, desk: Desk, engine: Engine, relay: WatchingRelay
) -> None:
    """One letter, marked as a machine's; its link leads to the goodbye page."""
    found(engine, readers=1)
    ((address, path),) = links(desk, 0).items()
    client.post(path)

    assert send_waiting(desk) == 1

    (received,) = relay.received
    message = message_from_bytes(received.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert received.rcpt_to == address
    assert message["Auto-Submitted"] == "auto-generated"
    assert "You have left" in str(message["Subject"])
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert path in str(body.get_content())
    assert "You have left" in client.get(path).text
    assert send_waiting(desk) == 0


def test_no_goodbye_to_somebody_who_is_back(
    client: TestClient, desk: Desk, engine: Engine, relay: WatchingRelay
) -> None:
    """What still waits when they change their mind is never sent."""
    found(engine, readers=1)
    ((_, path),) = links(desk, 0).items()
    client.post(path)
    client.post(f"{path}/back/")

    assert send_waiting(desk) == 0

    assert relay.received == []
