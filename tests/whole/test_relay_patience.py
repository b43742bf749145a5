"""A relay that is away, full, or closes the door: no storm, and nothing is lost."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import notices
from newsletter.config import Security
from newsletter.outcome import Accepted, Deferred
from newsletter.sender import Desk, deliver
from newsletter.tables import NoticeKind
from newsletter.transport import Envelope, Letter, Relay, SmtpTransport, send_all
from tests.desks import SetClock, Stopwatch, make_config, make_desk
from tests.newsletter.sender.week import FOUNDED, MOMENT, found, open_week
from tests.relay import Answer, ScriptedRelay, Silence, Step, running

TEXT = b"Subject: Hello\r\n\r\nSmile first.\r\n"
READERS = [f"r{number}@example.org" for number in range(1, 13)]


def transport_to(
    relay: ScriptedRelay, watch: Callable[[], float], *, connections: int = 1
) -> SmtpTransport:
    """Return a transport whose waits are measured by *watch*."""
    settings = Relay(
        "127.0.0.1",
        relay.port,
        Security.NONE,
        hello_name="news.example",
        timeout_seconds=30,
        connections=connections,
    )
    return SmtpTransport(settings, monotonic=watch)


def letters(number: int) -> list[Letter]:
    """Return so many letters."""
    return [
        Letter(Envelope("b@tips.example", f"r{at}@example.org"), TEXT)
        for at in range(1, number + 1)
    ]


def try_for(seconds: int, transport: SmtpTransport, watch: Stopwatch) -> None:
    """Have letters to send for so long, and ask for room every second."""
    for _ in range(seconds):
        transport.room(20)
        transport.turn(0.002)
        watch.now += 1


def wait_for_room(wanted: int, transport: SmtpTransport) -> None:
    """Let connections be opened until so many letters may start."""
    while transport.room(wanted) < wanted:
        transport.turn(0.01)


@pytest.mark.parametrize(
    "answer", ["421 4.3.2 too busy", "554 5.3.2 no service", Silence.HANG_UP]
)
def test_a_relay_that_lets_nobody_in_is_asked_ever_more_seldom(answer: Answer) -> None:
    """In ten minutes not twenty times, whatever the number of connections."""
    watch = Stopwatch()
    with running(pipelining=True) as relay:
        relay.answer(Step.CONNECT, answer)
        transport = transport_to(relay, watch, connections=20)

        try_for(600, transport, watch)
        transport.close()

    assert 2 <= relay.connects < 20


@pytest.mark.parametrize("farewell", ["421 4.7.0 too fast", Silence.HANG_UP])
def test_a_relay_that_closes_on_each_first_letter_is_left_alone_for_a_while(
    farewell: Answer,
) -> None:
    """Two such connections are a habit: the rest waits, and the relay is away."""
    watch = Stopwatch()
    with running(pipelining=True) as relay:
        relay.answer(Step.MAIL, farewell)
        transport = transport_to(relay, watch)

        outcomes = send_all(transport, letters(12))
        transport.close()

    assert all(isinstance(outcome, Deferred) for outcome in outcomes)
    assert [outcome.is_relay_away for outcome in outcomes if type(outcome) is Deferred][
        2:
    ] == [True] * 10
    assert relay.connects == 2


@pytest.mark.parametrize(
    "when_full", ["421 4.7.0 too many connections", Silence.HANG_UP]
)
def test_a_relay_that_takes_few_connections_is_asked_for_few(
    when_full: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything goes out on the three that there are; one more is tried at times."""
    watch = Stopwatch()
    with running(pipelining=True, connections=3, when_full=when_full) as relay:
        transport = transport_to(relay, watch, connections=8)
        outcomes = send_all(transport, letters(200))
        try_for(600, transport, watch)
        transport.close()

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert relay.most_open == 3
    assert relay.connects <= 8 + 11, "all at first, then one a minute"
    assert transport.trouble is None
    said = [r for r in caplog.records if r.name == "newsletter.transport.smtp"]
    assert 1 <= len(said) <= 5


def test_a_relay_that_takes_more_again_gets_more() -> None:
    """The limit that was learned is no limit for ever."""
    watch = Stopwatch()
    with running(pipelining=True, connections=2) as relay:
        transport = transport_to(relay, watch, connections=4)
        wait_for_room(2, transport)
        try_for(10, transport, watch)
        relay.connections = 10
        watch.now += 60
        wait_for_room(4, transport)
        transport.close()

    assert relay.most_open == 4


@pytest.mark.parametrize("each", [1, 2, 5])
def test_a_relay_that_takes_few_letters_a_connection_gets_as_many_connections(
    each: int,
) -> None:
    """No letter costs a try, no connection is made for nothing."""
    with running(pipelining=True, letters_each=each) as relay:
        transport = transport_to(relay, Stopwatch())
        outcomes = send_all(transport, letters(10))
        transport.close()

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert relay.connects == 10 // each
    assert [it.rcpt_to for it in relay.received] == READERS[:10]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_after_an_hour_without_a_relay_everything_goes_out_in_order(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once and logged once in that hour; nobody's letter lost a try."""
    caplog.set_level(logging.WARNING, "newsletter.sender.delivering")
    found(engine, readers=12, tips=1)
    clock, watch = SetClock(MOMENT), Stopwatch()
    with running() as relay:
        transport = transport_to(relay, watch)
        desk = make_desk(engine, make_config(tmp_path), clock, transport)
        issue = open_week(desk)
    # Nobody listens now.
    for _ in range(20):
        away = deliver(desk, issue)
        clock.now += timedelta(minutes=3)
        watch.now += 180
    assert (away.pending, away.total) == (12, 12)
    with running(relay=relay):
        tally = deliver(desk, issue)
        transport.close()

    assert (tally.sent, tally.total) == (12, 12)
    assert [it.rcpt_to for it in relay.received] == READERS
    assert relay.connects == 1
    assert told(desk, NoticeKind.RELAY_AWAY) == 1
    assert [record.message for record in caplog.records].count("relay away") == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("too_fast", ["450 4.7.1 too fast", "421 4.7.0 too fast"])
def test_a_relay_that_finds_us_too_fast_gets_letters_at_its_pace(
    engine: Engine, tmp_path: Path, too_fast: str
) -> None:
    """All in the end, and few are refused: without a pace it is all but a second's."""
    found(engine, readers=120, tips=1)
    clock = SetClock(MOMENT)
    with running(per_second=40, too_fast=too_fast, pipelining=True) as relay:
        transport = transport_to(relay, time.monotonic, connections=2)
        desk = make_desk(engine, make_config(tmp_path), clock, transport)
        issue = open_week(desk)
        while (tally := deliver(desk, issue)).open:
            # When it hangs up the relay is away for a second; a letter waits minutes.
            time.sleep(0.05)
            clock.now += timedelta(minutes=1)
        transport.close()

    assert (tally.sent, tally.total) == (120, 120)
    assert len({it.rcpt_to for it in relay.received}) == len(relay.received) == 120
    assert relay.times_too_fast <= 80 / 4
    assert relay.connects <= 20
    assert told(desk, NoticeKind.RELAY_LIMITS) == 1


def told(desk: Desk, kind: NoticeKind) -> int:
    """Return how many notices of a kind there are."""
    with Session(desk.engine) as session:
        said = notices.recent(session, since=FOUNDED)
    return sum(notice.kind is kind for notice in said)
