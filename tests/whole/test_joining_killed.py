"""A sign-up outlives the process that took it: no letter is lost, none goes out thrice.

The program itself serves and sends here, and is ended by SIGKILL with the letter in its
hands. What is left of its lease is waited for by moving the clock.
"""

import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
from lxml.html import document_fromstring
from sqlalchemy import Engine, select
from sqlmodel import Session

from newsletter import config, db
from newsletter.outbox import IN_DOUBT
from newsletter.sender import Desk, send_waiting, utc_now
from newsletter.tables import AutomaticLetter
from tests import relay as scripted
from tests.crash.house import House
from tests.desks import SetClock
from tests.relay import ScriptedRelay, Silence, Step
from tests.waiting import until

ADDRESS = "ada@example.org"
LEASE = timedelta(minutes=30)


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    """A mail server that keeps what it gets."""
    with scripted.running() as relay:
        yield relay


@pytest.fixture
def house(
    empty_engine: Engine, tmp_path: Path, relay: ScriptedRelay
) -> Iterator[House]:
    """An installation whose site takes a form however fast it comes."""
    settings = {
        "smtp.port": relay.port,
        "signup.fastest_seconds": 0,
        "web.port": _free_port(),
    }
    house = House(empty_engine, tmp_path, readers=1, settings=settings)
    house.found()
    yield house
    for process in house.processes:
        process.kill()


def test_a_letter_on_the_wire_goes_out_once_more(
    house: House, relay: ScriptedRelay
) -> None:
    """After its lease, the same to the last byte; a second loss of the answer ends it.

    The relay has both, and whoever reads them sees one: their Message-ID is the same.
    """
    relay.answer(Step.END, Silence.STALL)
    serving = house.start("serve")
    _sign_up(house)
    until(lambda: relay.received, say="the letter")
    assert serving.kill()
    clock = SetClock(utc_now())

    assert _send(house, clock) == 0
    assert len(relay.received) == 1
    clock.now += LEASE
    relay.rules.clear()
    assert _send(house, clock) == 1

    first, second = (letter.message for letter in relay.received)
    assert first == second
    message = message_from_bytes(first, policy=policy.default)
    assert re.fullmatch(r"<confirm\.[0-9a-f]{32}@tips\.example>", message["Message-ID"])
    clock.now += LEASE
    assert _send(house, clock) == 0
    row = _the_letter(house)
    assert (row.attempts, row.to_address) == (2, "")


def test_a_letter_in_doubt_twice_is_never_sent_again(
    house: House, relay: ScriptedRelay
) -> None:
    """RFC 1047: nobody can know, so two copies are the most there can be."""
    relay.answer(Step.END, Silence.STALL)
    serving = house.start("serve")
    _sign_up(house)
    until(lambda: relay.received, say="the letter")
    assert serving.kill()
    _let_lapse(house)
    serving = house.start("serve")
    until(lambda: len(relay.received) == 2, say="its second copy")
    assert serving.kill()
    relay.rules.clear()

    clock = SetClock(utc_now() + LEASE)
    assert _send(house, clock) == 0

    assert len(relay.received) == 2
    assert _the_letter(house).reason == IN_DOUBT


def test_a_letter_that_never_left_is_not_lost(
    house: House, relay: ScriptedRelay
) -> None:
    """Killed before the relay took the envelope: it goes out after the lease."""
    relay.answer(Step.RCPT, Silence.STALL)
    serving = house.start("serve")
    _sign_up(house)
    until(lambda: any("RCPT" in said for said in relay.said.values()), say="RCPT")
    assert serving.kill()
    relay.rules.clear()

    assert _send(house, SetClock(utc_now() + LEASE)) == 1

    assert [letter.rcpt_to for letter in relay.received] == [ADDRESS]


def _sign_up(house: House) -> None:
    """Fill the form in, as a browser does, as soon as the site is there."""
    where = f"http://127.0.0.1:{house.settings['web.port']}/join/"
    until(lambda: _is_there(where), say="the site")
    form = document_fromstring(httpx2.get(where).text).forms[0]
    fields = {field.name: field.value or "" for field in form.inputs if field.name}
    answer = httpx2.post(where, data=fields | {"address": ADDRESS})
    assert answer.headers["Location"] == "/join/sent/"


def _is_there(where: str) -> bool:
    try:
        return httpx2.get(where).is_success
    except httpx2.TransportError:
        return False


def _send(house: House, clock: SetClock) -> int:
    """Send what is due, as another process does later."""
    desk = Desk.of(house.engine, config.load(house.config, {}), clock=clock)
    taken = send_waiting(desk)
    desk.transport.close()
    return taken


def _let_lapse(house: House) -> None:
    with db.transaction(house.engine) as session:
        row = session.scalars(select(AutomaticLetter)).one()
        row.lease_until = utc_now()


def _the_letter(house: House) -> AutomaticLetter:
    with Session(house.engine) as session:
        return session.scalars(select(AutomaticLetter)).one()


def _free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port: int = probing.getsockname()[1]
        return port
