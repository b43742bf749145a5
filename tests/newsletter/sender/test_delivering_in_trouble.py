"""Crashes, refusals of us, and a long list: what `deliver` does when it matters."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert
from sqlmodel import Session, SQLModel

from newsletter import db, issues, notices
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected, Uncertain
from newsletter.sender import Desk, deliver, tell_operator
from newsletter.tables import DeliveryStatus, IssueStatus, NoticeKind
from newsletter.transport import Letter, MemoryTransport
from subscribers.tables import Subscriber, SubscriberStatus
from tests.desks import SetClock, make_config, make_desk
from tests.factories import OPENED_AT
from tests.newsletter.sender.week import (
    FOUNDED,
    MOMENT,
    SLOT,
    found,
    open_week,
    standing,
)

MakeDesk = Callable[..., Desk]
BAD_LOGIN = Rejected(535, "5.7.8 wrong password", Command.LOGIN)
SPAM = Rejected(554, "5.7.1 looks like spam", Command.DATA)
UNKNOWN_USER = Rejected(550, "5.1.1 no such mailbox", Command.RCPT)
BOSS = {"operator_address": "boss@example.net"}


class Killed(BaseException):
    """The process ends at once, as by SIGKILL."""


class Dying(MemoryTransport):
    """Takes a number of volleys, and dies with the next one on the wire."""

    closed = False

    def __init__(self, *, after: int, width: int) -> None:
        super().__init__(width=width)
        self.lost: list[Letter] = []
        self._left = after

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Take the letters, or die."""
        if not self._left:
            self.lost += letters
            raise Killed
        self._left -= 1
        return super().send(letters)

    def close(self) -> None:
        """Note it."""
        self.closed = True


def crash(desk: Desk) -> None:
    """Open the week and die in the middle of it."""
    with pytest.raises(Killed):
        deliver(desk, open_week(desk))


def test_whoever_lives_on_after_a_failure_hangs_up(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Answers to letters of a run that failed must not reach the next run."""
    found(engine, readers=10, tips=1)
    dying = Dying(after=1, width=3)

    crash(desk_with(dying))

    assert dying.closed


def test_a_crash_leaves_exactly_the_volley_in_doubt(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Everything before it is recorded, and nothing after it touched the wire."""
    found(engine, readers=10, tips=1)

    crash(desk_with(Dying(after=1, width=3)))

    assert standing(engine) == {
        DeliveryStatus.SENT: 3,
        DeliveryStatus.SENDING: 3,
        DeliveryStatus.CLAIMED: 4,
    }


def test_nothing_is_taken_up_before_the_lease_is_over(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """A process on another machine may be alive and only slow."""
    found(engine, readers=4, tips=1)
    crash(desk_with(Dying(after=0, width=2)))
    transport = MemoryTransport()
    desk = desk_with(transport)
    for note in desk.mark.parent.glob("*.holder"):
        note.unlink()
    with Session(engine) as session:
        issue = issues.find(session, SLOT)

    clock.now += desk.lease - timedelta(seconds=1)
    deliver(desk, issue)

    assert transport.sent == []


def test_letters_in_doubt_are_resent_once_with_the_same_bytes(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """After the lease the rest goes out, and the doubtful ones look as they did.

    The same Message-ID and Date let a receiver that has the first copy drop the second.
    """
    found(engine, readers=6, tips=1)
    dying = Dying(after=1, width=2)
    crash(desk_with(dying))
    survivor = MemoryTransport(width=2)
    desk = desk_with(survivor)
    with Session(engine) as session:
        issue = issues.find(session, SLOT)

    clock.now += desk.lease
    tally = deliver(desk, issue)

    assert (tally.sent, tally.total) == (6, 6)
    assert [sent for sent in survivor.sent if sent in dying.lost] == dying.lost
    reached = [sent.envelope.rcpt_to for sent in dying.sent + survivor.sent]
    assert sorted(reached) == [f"r{n}@example.org" for n in range(1, 7)]


def test_a_letter_twice_in_doubt_is_not_sent_a_third_time(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """One copy more is the most that anybody can get (RFC 1047)."""
    found(engine, readers=1, tips=1)
    tried: list[Letter] = []

    def answer(letter: Letter) -> Outcome:
        tried.append(letter)
        return Uncertain("no answer after the message")

    desk = desk_with(MemoryTransport(answer))
    issue = open_week(desk)

    for _ in range(4):
        tally = deliver(desk, issue)
        clock.now += timedelta(hours=1)

    assert len(tried) == 2
    assert tally.uncertain == 1
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENT


def test_letters_in_doubt_are_held_when_the_operator_says_so(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """With `hold` the others go out, and those stay for the operator to decide."""
    found(engine, readers=6, tips=1)
    dying = Dying(after=1, width=2)
    crash(desk_with(dying))
    survivor = MemoryTransport(width=2)
    desk = desk_with(survivor, delivery={"uncertain": "hold"})
    with Session(engine) as session:
        issue = issues.find(session, SLOT)

    clock.now += desk.lease
    tally = deliver(desk, issue)

    assert (tally.sent, tally.uncertain) == (4, 2)
    assert not {s.envelope for s in survivor.sent} & {s.envelope for s in dying.lost}
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENT


def test_refusals_of_us_pause_the_issue_and_fail_nobody(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """After `pause_after` of them in a row; the operator reads the relay's words."""
    found(engine, readers=12, tips=1)
    answers = {"r1@example.org": UNKNOWN_USER, "r2@example.org": Accepted()}
    transport = MemoryTransport(
        lambda letter: answers.get(letter.envelope.rcpt_to, SPAM)
    )
    desk = desk_with(transport, delivery={"pause_after": 3}, identity=BOSS)

    tally = deliver(desk, open_week(desk))
    transport.sent.clear()
    answers["boss@example.net"] = Accepted()
    tell_operator(desk)
    tell_operator(desk)

    assert (tally.sent, tally.failed) == (1, 1)
    assert (tally.deferred, tally.pending) == (3, 7)
    with Session(engine) as session:
        issue = issues.find(session, SLOT)
        said = notices.recent(session, since=FOUNDED)
    assert issue.status is IssueStatus.PAUSED
    assert issue.paused_because == "5.7.1 looks like spam"
    (paused,) = [notice for notice in said if notice.kind is NoticeKind.ISSUE_PAUSED]
    assert "5.7.1 looks like spam" in paused.message
    assert "newsletter issues resume 2026-W48" in paused.message
    mails = [
        letter for letter in transport.sent if b"issue is paused" in letter.message
    ]
    assert [mail.envelope.rcpt_to for mail in mails] == ["boss@example.net"]


def test_a_short_list_is_paused_too_when_the_login_is_refused(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Two readers never make five refusals; a wrong password is told all the same."""
    found(engine, readers=2, tips=1)
    answers: list[Outcome] = [BAD_LOGIN]
    desk = desk_with(MemoryTransport(lambda _: answers[0]))
    issue = open_week(desk)

    refused = deliver(desk, issue)
    with db.transaction(engine) as session:
        paused = issues.find(session, SLOT)
        issues.resume(session, SLOT)
    answers[0] = Accepted()
    clock.now += timedelta(minutes=5)
    tally = deliver(desk, issue)

    assert (refused.failed, refused.deferred) == (0, 2)
    assert paused.status is IssueStatus.PAUSED
    assert paused.paused_because == "5.7.8 wrong password"
    assert tally.sent == 2


def test_one_odd_letter_does_not_pause_the_others(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """One host that calls us spam, again and again, stops nobody."""
    found(engine, readers=2, tips=1)
    answers: dict[str, Outcome] = {"r2@example.org": SPAM}
    desk = desk_with(
        MemoryTransport(lambda it: answers.get(it.envelope.rcpt_to, Accepted()))
    )
    issue = open_week(desk)

    for _ in range(2):
        tally = deliver(desk, issue)
        clock.now += timedelta(hours=1)

    assert (tally.sent, tally.deferred) == (1, 1)
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENDING


def test_a_short_list_is_paused_when_nobody_takes_the_letter(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """All three call it spam: that is not one odd host, and the operator hears."""
    found(engine, readers=3, tips=1)
    desk = desk_with(MemoryTransport(lambda _: SPAM))

    tally = deliver(desk, open_week(desk))

    assert (tally.deferred, tally.failed) == (3, 0)
    with Session(engine) as session:
        issue = issues.find(session, SLOT)
    assert issue.status is IssueStatus.PAUSED
    assert issue.paused_because == "5.7.1 looks like spam"


def test_a_login_that_may_work_later_is_the_relay_away(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """454: the letter is where it was, the issue waits, and it is said once a day."""
    found(engine, readers=1, tips=1)
    later = Deferred(454, "4.7.0 try later", Command.LOGIN)
    desk = desk_with(MemoryTransport(lambda _: later))
    issue = open_week(desk)

    for _ in range(3):
        tally = deliver(desk, issue)

    assert (tally.pending, tally.deferred) == (1, 0)
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENDING
        said = notices.recent(session, since=FOUNDED)
    away = [notice for notice in said if notice.kind is NoticeKind.RELAY_AWAY]
    assert len(away) == 1


def test_a_relay_that_writes_pages_is_quoted_in_a_line(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """A reason of any length fits where it is kept."""
    found(engine, readers=1, tips=1)
    endless = Rejected(550, "5.7.1 " + "no " * 1_000, Command.MAIL)
    desk = desk_with(MemoryTransport(lambda _: endless))

    deliver(desk, open_week(desk))

    with Session(engine) as session:
        assert len(issues.find(session, SLOT).paused_because) <= 500


def add_many(engine: Engine, number: int) -> None:
    """Put many readers on the list at once."""
    people = SQLModel.metadata.tables[str(Subscriber.__tablename__)]
    rows = [
        {
            "address": f"reader{n}@example.org",
            "address_key": f"reader{n}@example.org",
            "name": f"Reader {n}",
            "status": SubscriberStatus.ACTIVE,
            "created_at": OPENED_AT,
            "status_at": OPENED_AT,
            "timezone": "",
            "language": "",
            "source": "",
        }
        for n in range(number)
    ]
    with engine.begin() as connection:
        connection.execute(insert(people), rows)


class Dropping(MemoryTransport):
    """Accepts everything and keeps nothing."""

    _volleys = 0

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Drop the letters, and now and then the garbage, which nobody needs."""
        self._volleys += 1
        if self._volleys % 5 == 0:
            gc.collect()
        return [Accepted() for _ in letters]


def peak_of_sending(folder: Path, readers: int) -> int:
    """Return the most memory, in bytes, that sending to *readers* people takes."""
    engine = db.connect(f"sqlite:///{folder / f'{readers}.db'}")
    SQLModel.metadata.create_all(engine)
    found(engine, tips=1)
    add_many(engine, readers)
    clock = SetClock(MOMENT)
    desk = make_desk(engine, make_config(folder), clock, Dropping(width=100))
    issue = open_week(desk)
    gc.collect()
    tracemalloc.start()
    try:
        tally = deliver(desk, issue)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        engine.dispose()
    assert tally.sent == readers
    return peak


def test_memory_stays_flat_while_sending(tmp_path: Path) -> None:
    """Four times as many readers need no more memory, but for a tenth of slack.

    Three chunks at the least: one is let go while the next one is fetched.
    """
    peak_of_sending(tmp_path, 10)
    some = peak_of_sending(tmp_path, 1_500)
    many = peak_of_sending(tmp_path, 6_000)

    assert many < some * 1.1 + 100_000


class TooFast(MemoryTransport):
    """Finds everything too fast, and sees what is in hand after a second of that."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(width=4)
        self.engine = engine
        self.desk: Desk | None = None
        self.in_hand = 0

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Say so; the second time, ask to stop."""
        assert self.desk is not None
        if self.sent:
            self.in_hand = standing(self.engine)[DeliveryStatus.CLAIMED]
            self.desk.stop.set()
        self.sent += letters
        return [Deferred(450, "4.7.1 not so fast", Command.RCPT) for _ in letters]


def test_at_the_pace_of_the_relay_no_more_is_in_hand_than_leaves_in_time(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The rest goes back, before its lease is over; the operator is told once."""
    found(engine, readers=600, tips=1)
    transport = TooFast(engine)
    desk = desk_with(transport)
    transport.desk = desk

    tally = deliver(desk, open_week(desk))

    lease = desk.lease.total_seconds()
    assert 0 < transport.in_hand < min(500, desk.allowance.per_second * lease)
    assert tally.pending + tally.deferred == tally.total == 600
    with Session(engine) as session:
        said = notices.recent(session, since=FOUNDED)
    (notice,) = [it for it in said if it.kind is NoticeKind.RELAY_LIMITS]
    assert "since the relay asks for it: 4.7.1 not so fast." in notice.message
