"""The messenger: letters leave when it is woken, and nothing stops it but its end."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, get_ident

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db, fence, outbox
from newsletter.config import Security
from newsletter.outcome import Accepted, Outcome
from newsletter.sender import Desk, Messenger, send_waiting
from newsletter.tables import AutomaticLetter, LetterKind
from newsletter.transport import Letter, MemoryTransport, Relay, SmtpTransport
from subscribers.tables import SubscriberStatus
from tests.factories import make_subscriber
from tests.newsletter.sender.week import MOMENT, found
from tests.waiting import until

MakeDesk = Callable[..., Desk]
# Longer than any test: what it does then, it does because it was woken.
NEVER = 3_600.0
OFTEN = 0.05


class Taker(MemoryTransport):
    """Takes every letter, after what a test wants to happen first; knows its thread."""

    def __init__(self, before: Callable[[Letter], None] = lambda _: None) -> None:
        self.before = before
        self.threads: set[int] = set()
        self.closed = Event()
        super().__init__(self._say)

    def _say(self, letter: Letter) -> Outcome:
        self.threads.add(get_ident())
        self.before(letter)
        return Accepted()

    def close(self) -> None:
        """Note that the connection was closed."""
        self.closed.set()
        super().close()


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """An installation with nothing in it."""
    found(engine)


def post(engine: Engine, name: str = "ada", *, later: timedelta | None = None) -> None:
    """Commit a letter, as a page does."""
    with db.transaction(engine) as session:
        pending = SubscriberStatus.PENDING
        outbox.post(
            session,
            LetterKind.CONFIRM,
            f"{name}@example.org",
            facts={"asked_at": MOMENT.isoformat(), "network": ""},
            subscriber_id=make_subscriber(session, status=pending).id,
            to_hash=name,
            now=MOMENT,
            due_at=MOMENT + later if later else None,
        )


def test_it_sends_when_it_is_woken(engine: Engine, desk_with: MakeDesk) -> None:
    """In a thread of its own, not in that of whoever wakes it."""
    relay = Taker()
    with Messenger(desk_with(relay), look_seconds=NEVER) as messenger:
        post(engine)
        messenger.wake()

        until(lambda: relay.sent, say="the letter")

    assert get_ident() not in relay.threads


def test_what_waits_already_leaves_when_it_starts(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """After a restart nobody waits for somebody else's letter to wake it."""
    relay = Taker()
    post(engine)
    with Messenger(desk_with(relay), look_seconds=NEVER):
        until(lambda: relay.sent, say="the letter")


def test_it_looks_by_itself_too(engine: Engine, desk_with: MakeDesk) -> None:
    """For letters whose time has come, and those that another process wrote."""
    relay = Taker()
    with Messenger(desk_with(relay), look_seconds=OFTEN):
        post(engine)

        until(lambda: relay.sent, say="the letter")


def test_a_wake_during_the_work_is_heard_after_it(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """A letter that is committed while another is on the wire does not wait."""
    relay = Taker()
    messenger = Messenger(desk_with(relay), look_seconds=NEVER)

    def second(letter: Letter) -> None:
        if letter.envelope.rcpt_to == "ada@example.org":
            post(engine, "eve")
            messenger.wake()

    relay.before = second
    with messenger:
        post(engine)
        messenger.wake()

        until(lambda: len(relay.sent) == 2, say="both letters")


def test_trouble_ends_no_thread(
    engine: Engine, desk_with: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is in the log, and the next look tries again."""
    fail = [RuntimeError("nobody foresaw it")]

    def once(_: Letter) -> None:
        if fail:
            raise fail.pop()

    relay = Taker(once)
    with Messenger(desk_with(relay), look_seconds=NEVER) as messenger:
        post(engine)
        messenger.wake()
        until(lambda: not fail, say="the trouble")
        post(engine, "eve")
        messenger.wake()

        until(lambda: relay.sent, say="the next letter")

    assert "automatic letters wait; the next look tries again" in caplog.text


def test_a_copied_database_is_told_once(
    engine: Engine, desk_with: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Not every fifteen seconds for as long as it is one."""
    relay = Taker()
    post(engine)
    with db.transaction(engine) as session:
        fence.withhold(session)
    looks: list[datetime] = []

    def clock() -> datetime:
        looks.append(MOMENT)
        return MOMENT

    with Messenger(replace(desk_with(relay), clock=clock), look_seconds=OFTEN):
        until(lambda: len(looks) >= 3, say="three looks")

    assert relay.sent == []
    assert caplog.text.count("automatic letters wait") == 1


def test_it_ends_with_its_block(desk_with: MakeDesk) -> None:
    """At once, with its connection closed, and its desk told to stop."""
    relay = Taker()
    desk = desk_with(relay)

    with Messenger(desk, look_seconds=NEVER):
        pass

    assert relay.closed.is_set()
    assert desk.stop.is_set()


def test_nothing_is_written_for_a_relay_that_is_away(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Each sign-up wakes us; its letter is left alone until the relay may be back."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        # Its clock stands still, so that it is not asked once more meanwhile.
        relay = SmtpTransport(
            Relay("127.0.0.1", port, Security.NONE), monotonic=lambda: 0.0
        )
        desk = desk_with(relay)
        post(engine)
        send_waiting(desk)

        post(engine, "eve")
        send_waiting(desk)
        relay.close()

    with Session(engine) as session:
        tries = session.exec(select(AutomaticLetter.attempts)).all()
    assert sorted(tries) == [0, 1]
