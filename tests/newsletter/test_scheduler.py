"""The alarm clock: it rings, an error does not stop it, and the stop sign does."""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import db, issues, notices, scheduler
from newsletter.errors import DatabaseProblem
from newsletter.outcome import Outcome
from newsletter.sender import Desk
from newsletter.tables import Installation, IssueStatus, NoticeKind
from newsletter.transport import Letter, MemoryTransport
from tests.desks import SetClock, make_config, make_desk
from tests.newsletter.sender.week import FOUNDED, MOMENT, SLOT, found

PATIENCE = 20.0


class Watched(MemoryTransport):
    """Keeps letters, and whether somebody said goodbye."""

    closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


class RingingClock(SetClock):
    """A clock that counts how often it is looked at, and may break."""

    looks = 0
    breaks = 0
    broken: Exception = RuntimeError("the clock is broken")

    def __call__(self) -> object:  # type: ignore[override]
        """Return the time, unless the clock is broken just now."""
        self.looks += 1
        if self.breaks:
            self.breaks -= 1
            raise self.broken
        return super().__call__()


@pytest.fixture
def clock() -> RingingClock:
    """A clock at the moment of the week."""
    return RingingClock(MOMENT)


@pytest.fixture
def transport() -> Watched:
    """A transport that keeps letters."""
    return Watched()


@pytest.fixture
def desk(
    engine: Engine, tmp_path: Path, clock: RingingClock, transport: Watched
) -> Desk:
    """A desk with two readers and a tip."""
    found(engine, readers=2, tips=1)
    return make_desk(engine, make_config(tmp_path), clock, transport)  # type: ignore[arg-type]


def until(condition: object, *, say: str) -> None:
    """Wait for something that happens in another thread."""
    deadline = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"waited in vain for {say}"
        time.sleep(0.01)


def start(desk: Desk, *, ring_seconds: float = 0.05) -> Thread:
    """Let the clock ring in a thread of its own."""
    thread = Thread(
        target=scheduler.run, args=[desk], kwargs={"ring_seconds": ring_seconds}
    )
    thread.start()
    return thread


def stop(desk: Desk, thread: Thread) -> None:
    """Ask it to end, and see that it does."""
    desk.stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_it_rings_at_once_and_again(
    desk: Desk, clock: RingingClock, transport: Watched
) -> None:
    """The week that is due goes out when the program starts, the next when it comes."""
    thread = start(desk)
    try:
        until(lambda: len(transport.sent) == 2, say="the first letters")
        looks = clock.looks
        until(lambda: clock.looks > looks, say="another ring")
    finally:
        stop(desk, thread)

    assert len(transport.sent) == 2


def test_an_error_in_one_ring_does_not_stop_the_next(
    desk: Desk,
    clock: RingingClock,
    transport: Watched,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged with its traceback, and the round after sends everything."""
    clock.breaks = 2

    thread = start(desk)
    try:
        until(lambda: len(transport.sent) == 2, say="the letters")
    finally:
        stop(desk, thread)

    failed = [r for r in caplog.records if r.message.startswith("this round failed")]
    assert len(failed) == 2
    assert failed[0].exc_info


def test_a_database_that_is_away_is_one_line(
    desk: Desk,
    clock: RingingClock,
    transport: Watched,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its reason is logged at every ring, without a traceback, and no notice kept."""
    clock.breaks = 2
    clock.broken = DatabaseProblem("The database is away.")

    thread = start(desk)
    try:
        until(lambda: len(transport.sent) == 2, say="the letters")
    finally:
        stop(desk, thread)

    failed = [r for r in caplog.records if r.message == scheduler.FAILED]
    assert [(r.exc_info, r.__dict__["reason"]) for r in failed] == [
        (None, "The database is away.")
    ] * 2
    with Session(desk.engine) as session:
        posted = notices.recent(session, since=FOUNDED)
    assert NoticeKind.CANNOT_START not in {notice.kind for notice in posted}


def test_the_stop_sign_ends_it_and_says_goodbye(desk: Desk, transport: Watched) -> None:
    """Set before the start, nothing is opened or sent at all."""
    desk.stop.set()

    scheduler.run(desk)

    assert transport.sent == []
    assert transport.closed


def test_it_waits_for_the_letters_in_hand(
    engine: Engine, tmp_path: Path, clock: RingingClock
) -> None:
    """Asked to end in the middle of a volley, it finishes what it has begun first.

    That is the volley on the wire, and the next one, whose envelopes are said already.
    """

    class Slow(Watched):
        def send(self, letters: Sequence[Letter]) -> list[Outcome]:
            desk.stop.set()
            time.sleep(0.2)
            return super().send(letters)

    found(engine, readers=5, tips=1)
    slow = Slow(width=2)
    desk = make_desk(engine, make_config(tmp_path), clock, slow)  # type: ignore[arg-type]

    scheduler.run(desk, ring_seconds=0.05)

    assert len(slow.sent) == 4
    with Session(engine) as session:
        issue = issues.find(session, SLOT)
    assert issue.status is IssueStatus.SENDING


def test_rings_that_come_late_are_one_ring(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A round that takes as long as many rings is followed by one, not by many.

    No round runs beside another, and a long one is no reason to warn anybody.
    """
    began: list[float] = []

    class Slow(RingingClock):
        def __call__(self) -> object:  # type: ignore[override]
            began.append(time.monotonic())
            time.sleep(0.15)
            return super().__call__()

    with db.transaction(engine) as session:
        session.add(Installation(uid="0f3c2a17", created_at=FOUNDED))
    slow = Slow(FOUNDED)
    desk = make_desk(engine, make_config(tmp_path), slow)  # type: ignore[arg-type]

    thread = start(desk)
    until(lambda: len(began) > 4, say="two rounds")
    stop(desk, thread)

    gaps = [after - before for before, after in pairwise(began)]
    assert min(gaps) >= 0.14
    assert caplog.records == []
