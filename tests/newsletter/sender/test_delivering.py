"""The recipe kept: nobody twice, nobody forgotten, whatever happens in the middle."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import archive, db, issues
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected
from newsletter.sender import Desk, cancel, deliver
from newsletter.tables import DeliveryStatus, Issue, IssueStatus
from newsletter.transport import Letter, MemoryTransport
from subscribers import roster
from tests.desks import SetClock
from tests.factories import make_subscriber
from tests.newsletter.sender.week import (
    SLOT,
    found,
    letters,
    open_week,
    standing,
)

MakeDesk = Callable[..., Desk]
AWAY = Deferred(None, "relay.test:587 cannot be reached", Command.CONNECT)
GREYLISTED = Deferred(451, "4.7.1 come back later", Command.RCPT)
UNKNOWN_USER = Rejected(550, "5.1.1 no such mailbox", Command.RCPT)


class Doing(MemoryTransport):
    """Does something while its n-th volley is on the wire."""

    def __init__(self, act: Callable[[], object], *, volley: int, width: int) -> None:
        super().__init__(width=width)
        self.volleys: list[int] = []
        self._act = act
        self._at = volley

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Take the letters; act first when the volley has come."""
        self.volleys.append(len(letters))
        if len(self.volleys) == self._at:
            self._act()
        return super().send(letters)


def issue_status(engine: Engine) -> IssueStatus:
    """Return where the only issue stands."""
    with Session(engine) as session:
        return session.exec(select(Issue)).one().status


def recipients(transport: MemoryTransport) -> list[str]:
    """Return whom the transport took letters for, in their order."""
    return [letter.envelope.rcpt_to for letter in transport.sent]


def do(engine: Engine, verb: Callable[..., object], *words: object, **more: Any) -> Any:
    """Let somebody else do something in a transaction of their own."""
    with db.transaction(engine) as session:
        return verb(session, *words, **more)


def test_everybody_gets_one_letter_and_the_issue_is_closed(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Each active reader is sent the tip once, and the ledger says so."""
    found(engine, readers=7, tips=1)
    transport = MemoryTransport(width=3)
    desk = desk_with(transport)

    tally = deliver(desk, open_week(desk))
    again = deliver(desk, do(engine, issues.find, SLOT))

    assert (tally.sent, tally.total) == (7, 7)
    assert again == tally
    assert recipients(transport) == [f"r{n}@example.org" for n in range(1, 8)]
    assert issue_status(engine) is IssueStatus.SENT


def test_progress_counts_every_letter_once(engine: Engine, desk_with: MakeDesk) -> None:
    """What is reported on the way adds up to all letters."""
    found(engine, readers=7, tips=1)
    desk = desk_with(MemoryTransport(width=3))
    told: list[int] = []

    deliver(desk, open_week(desk), on_progress=told.append)

    assert [done for done in told if done] == [3, 3, 1]


def test_no_more_letters_are_on_the_wire_than_the_transport_is_wide(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Seen from the database while a volley is sent: exactly that volley is `sending`.

    What went before is recorded, what comes after is only claimed.
    """
    found(engine, readers=10, tips=1)
    seen: list[tuple[int, dict[DeliveryStatus, int]]] = []

    class Watching(MemoryTransport):
        def send(self, letters: Sequence[Letter]) -> list[Outcome]:
            seen.append((len(letters), standing(engine)))
            return super().send(letters)

    desk = desk_with(Watching(width=4))

    deliver(desk, open_week(desk))

    assert [size for size, _ in seen] == [4, 4, 2]
    for before, (size, statuses) in zip((0, 4, 8), seen, strict=True):
        left = 10 - before - size
        expected = {
            DeliveryStatus.SENT: before,
            DeliveryStatus.SENDING: size,
            DeliveryStatus.CLAIMED: left,
        }
        assert statuses == {status: n for status, n in expected.items() if n}


def test_one_refused_address_never_stops_the_rest(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Refused and deferred readers are marked; all the others get their letter."""
    found(engine, readers=6, tips=1)
    answers = {"r2@example.org": UNKNOWN_USER, "r3@example.org": GREYLISTED}
    transport = MemoryTransport(
        lambda letter: answers.get(letter.envelope.rcpt_to, Accepted()), width=2
    )
    desk = desk_with(transport)

    tally = deliver(desk, open_week(desk))

    assert (tally.sent, tally.failed, tally.deferred) == (4, 1, 1)
    refused, deferred = letters(engine)[1:3]
    assert (refused.code, refused.reason) == (550, "5.1.1 no such mailbox")
    assert deferred.due_at > desk.clock()
    assert issue_status(engine) is IssueStatus.SENDING


def test_a_deferred_letter_is_sent_later_and_the_issue_closed(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Not before its time, and then with the very same bytes."""
    found(engine, readers=1, tips=1)
    tried: list[Letter] = []

    def answer(letter: Letter) -> Outcome:
        tried.append(letter)
        return Accepted() if len(tried) > 1 else GREYLISTED

    desk = desk_with(MemoryTransport(answer))
    issue = open_week(desk)

    deliver(desk, issue)
    clock.now += timedelta(minutes=4)
    deliver(desk, issue)
    too_early = len(tried)
    clock.now += timedelta(minutes=1)
    tally = deliver(desk, issue)

    assert (too_early, len(tried), tally.sent) == (1, 2, 1)
    assert tried[0] == tried[1]
    assert issue_status(engine) is IssueStatus.SENT


def test_the_rate_is_kept(engine: Engine, desk_with: MakeDesk, clock: SetClock) -> None:
    """Ten letters at two a second take four and a half seconds of the clock.

    Whatever is on the wire is recorded before the program waits.
    """
    found(engine, readers=10, tips=1)
    desk = desk_with(MemoryTransport(width=4), smtp={"max_per_second": 2})
    began = clock.now
    doubtful: list[int] = []

    class Waiting(Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock.now += timedelta(seconds=timeout or 0)
            doubtful.append(standing(engine).get(DeliveryStatus.SENDING, 0))
            return False

    desk = replace(desk, stop=Waiting())

    tally = deliver(desk, open_week(desk))

    assert tally.sent == 10
    assert (clock.now - began).total_seconds() == pytest.approx(4.5)
    assert set(doubtful) == {0}


def test_pause_in_mid_issue_ends_after_the_volley_and_resume_finishes(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Paused while four are on the wire: those four count, the others wait."""
    found(engine, readers=10, tips=1)
    transport = Doing(
        lambda: do(engine, issues.pause, SLOT, because="by hand"), volley=1, width=4
    )
    desk = desk_with(transport)
    issue = open_week(desk)

    paused = deliver(desk, issue)
    do(engine, issues.resume, SLOT)
    resumed = deliver(desk, issue)

    assert (paused.sent, paused.pending) == (4, 6)
    assert resumed.sent == 10
    assert len(set(recipients(transport))) == len(transport.sent) == 10


def test_cancel_in_mid_issue_withdraws_what_never_left(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """What was on the wire is recorded as it went; the rest leaves the ledger."""
    found(engine, readers=10, tips=1)
    withdrawn: list[int] = []
    transport = Doing(
        lambda: withdrawn.append(cancel(desk, SLOT)[1]), volley=2, width=4
    )
    desk = desk_with(transport)

    tally = deliver(desk, open_week(desk))

    assert withdrawn == [2]
    assert (tally.sent, tally.total) == (8, 8)
    assert issue_status(engine) is IssueStatus.CANCELLED
    with Session(engine) as session:
        # Eight people have it, and their letters link to its page.
        assert [tip.slug for tip in archive.latest(session)] == ["tip-1"]


def test_whoever_leaves_in_mid_issue_is_skipped(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Gone before their letter was claimed: skipped, with the reason."""
    found(engine, readers=3, tips=1)
    desk = desk_with()
    issue = open_week(desk)
    do(engine, roster.remove, "r2@example.org", now=clock.now)

    tally = deliver(desk, issue)

    assert (tally.sent, tally.skipped) == (2, 1)
    assert letters(engine)[1].reason == "left or paused before the letter went out"
    assert issue_status(engine) is IssueStatus.SENT


def test_whoever_leaves_while_their_letter_waits_in_hand_is_skipped(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Claimed, but not on the wire yet: the way out works even then."""
    found(engine, readers=6, tips=1)
    transport = Doing(
        lambda: do(engine, roster.remove, "r6@example.org", now=clock.now),
        volley=1,
        width=2,
    )
    desk = desk_with(transport)

    tally = deliver(desk, open_week(desk))

    assert "r6@example.org" not in recipients(transport)
    assert (tally.sent, tally.skipped) == (5, 1)


def test_a_relay_that_is_away_leaves_everything_pending(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """No reader pays for it, no attempt is counted, and the next go sends it all."""
    found(engine, readers=5, tips=1)
    answers: list[Outcome] = [AWAY]
    transport = MemoryTransport(lambda _: answers[0], width=2)
    desk = desk_with(transport)
    issue = open_week(desk)

    away = deliver(desk, issue)
    attempts = {letter.attempts for letter in letters(engine)}
    answers[0] = Accepted()
    back = deliver(desk, issue)

    assert (away.pending, away.total) == (5, 5)
    assert attempts == {0}
    assert back.sent == 5


def test_the_stop_sign_finishes_what_was_begun_and_releases_the_rest(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Asked to end: what is on the wire or offered goes out, the others are free."""
    found(engine, readers=10, tips=1)
    stop = Event()
    transport = Doing(stop.set, volley=2, width=3)
    desk = replace(desk_with(transport), stop=stop)
    issue = open_week(desk)

    tally = deliver(desk, issue)
    desk.stop.clear()
    rest = deliver(desk, issue)

    assert (tally.sent, tally.pending) == (9, 1)
    assert rest.sent == 10
    assert len(set(recipients(transport))) == len(transport.sent) == 10


def test_reserved_addresses_fail_without_touching_the_wire(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """example.org and its kind are never mailed through a relay."""
    found(engine, readers=2, tips=1)
    do(engine, make_subscriber, "ada@tips.co")
    transport = MemoryTransport(width=4)
    desk = desk_with(transport, delivery={"allow_reserved": False})

    tally = deliver(desk, open_week(desk))

    assert (tally.sent, tally.failed) == (1, 2)
    assert recipients(transport) == ["ada@tips.co"]
    assert "RFC 2606" in letters(engine)[0].reason


def test_addresses_beyond_ascii_go_out(engine: Engine, desk_with: MakeDesk) -> None:
    """An IDN domain becomes A-labels; a local part beyond ASCII asks for SMTPUTF8."""
    found(engine, readers=1, tips=1)
    do(engine, make_subscriber, "ada@bücher.example", name="Ada")
    do(engine, make_subscriber, "用户@example.net", name="用户")
    transport = MemoryTransport(width=4)
    desk = desk_with(transport)

    tally = deliver(desk, open_week(desk))

    assert tally.sent == 3
    assert [(it.envelope.rcpt_to, it.envelope.smtputf8) for it in transport.sent] == [
        ("r1@example.org", False),
        ("ada@xn--bcher-kva.example", False),
        ("用户@example.net", True),
    ]
    assert b"\r\nTo: Ada <ada@xn--bcher-kva.example>\r\n" in transport.sent[1].message


class Passing(Event):
    """A stop sign that nobody raises; waiting for it moves the clock."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        self._clock.now += timedelta(seconds=timeout or 0)
        return False


def test_an_issue_that_waits_for_the_hour_goes_on_by_itself(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Nothing is held meanwhile, nothing fails, and a restart forgets nothing."""
    found(engine, readers=10, tips=1)
    desk = desk_with(MemoryTransport(width=4), smtp={"max_per_hour": 4})
    issue = open_week(desk)
    sent = []

    for _ in range(5):
        # Another process each time: what it may send is in the database.
        desk = replace(desk)
        tally = deliver(desk, issue)
        sent.append(tally.sent)
        assert tally.claimed == 0
        clock.now += timedelta(minutes=31)

    assert sent == [4, 4, 8, 8, 10]
    assert issue_status(engine) is IssueStatus.SENT


def test_a_new_sender_takes_days_for_an_issue_and_no_letter_expires(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """The rest goes on the following days; a first greylisting fails nobody then."""
    found(engine, readers=7, tips=1)
    answers = iter([Accepted()] * 6 + [GREYLISTED, Accepted()])
    smtp = {"warm_up": {"start": 1, "factor": 1.5}}
    desk = desk_with(MemoryTransport(lambda _: next(answers)), smtp=smtp)
    issue = open_week(desk)
    sent = []

    for _ in range(6):
        tally = deliver(desk, issue)
        sent.append(tally.sent)
        assert tally.failed == 0
        clock.now += timedelta(days=1)

    # 1, 1.5, 2.25, 3.4: the seventh letter is deferred on the fourth day.
    assert sent == [1, 2, 4, 6, 7, 7]
    assert issue_status(engine) is IssueStatus.SENT


def test_a_slow_domain_holds_up_nobody_else(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """The others are sent at once, its own readers at its rate, in one run."""
    found(engine, readers=30, tips=1)
    with db.transaction(engine) as session:
        for number in range(21):
            make_subscriber(session, f"m{number}@mail.example")
    times = []

    def answer(letter: Letter) -> Outcome:
        if letter.envelope.rcpt_to.endswith("mail.example"):
            times.append((clock.now - began).total_seconds())
        else:
            assert clock.now == began
        return Accepted()

    smtp = {"per_domain": {"mail.example": 2}}
    desk = desk_with(MemoryTransport(answer, width=4), smtp=smtp)
    desk, began = replace(desk, stop=Passing(clock)), clock.now

    tally = deliver(desk, open_week(desk))

    assert tally.sent == 51
    assert max(times) == pytest.approx(10, abs=0.3)
    for start in times:
        assert sum(start <= time < start + 2 for time in times) <= 2 * 2 + 3


def test_without_a_rate_nothing_is_asked_or_kept(
    engine: Engine,
    desk_with: MakeDesk,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """No limit in the settings, no statement about one."""
    found(engine, readers=5, tips=1)
    desk = desk_with()
    issue = open_week(desk)

    with count_queries() as statements:
        deliver(desk, issue)

    assert not [statement for statement in statements if "rate_" in statement]


def test_a_slow_rate_claims_few_letters(engine: Engine, desk_with: MakeDesk) -> None:
    """So few that their leases outlive them: the others are free for other workers."""
    found(engine, readers=60, tips=1)
    seen: list[int] = []
    transport = Doing(
        lambda: seen.append(standing(engine).get(DeliveryStatus.PENDING, 0)),
        volley=1,
        width=2,
    )
    delivery = {"lease_seconds": 160}
    smtp = {"max_per_second": 1, "timeout_seconds": 30}
    desk = desk_with(transport, smtp=smtp, delivery=delivery)
    desk = replace(desk, stop=Passing(cast(SetClock, desk.clock)))

    deliver(desk, open_week(desk))

    assert seen == [50]
