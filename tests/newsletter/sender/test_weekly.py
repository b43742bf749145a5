"""One round of the main job, and the end of an issue by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import archive, db, issues, ledger
from newsletter.errors import IssueRefused, UnknownIssue
from newsletter.outcome import Accepted, Command, Deferred, Outcome
from newsletter.sender import Desk, cancel, deliver, tick
from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus, IssueStatus
from newsletter.transport import MemoryTransport
from subscribers import roster
from subscribers.tables import SubscriberStatus
from tests.desks import SetClock
from tests.factories import make_subscriber
from tests.newsletter.sender.week import MOMENT, SLOT, found, letters, open_week

MakeDesk = Callable[..., Desk]
AWAY = Deferred(None, "relay.test:587 cannot be reached", Command.CONNECT)


def test_a_round_opens_sends_and_tells(engine: Engine, desk_with: MakeDesk) -> None:
    """The operator hears of the start and the runway first, and of the end last."""
    found(engine, readers=2, tips=2)
    transport = MemoryTransport()
    desk = desk_with(transport, identity={"operator_address": "boss@example.net"})

    tick(desk)
    tick(desk)

    got = [letter.envelope.rcpt_to for letter in transport.sent]
    boss = "boss@example.net"
    assert got == [boss, boss, "r1@example.org", "r2@example.org", boss]


def test_before_the_moment_a_round_does_nothing(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """A second early is early."""
    found(engine, readers=1, tips=1)
    transport = MemoryTransport()
    clock.now = MOMENT - timedelta(seconds=1)

    tick(desk_with(transport))

    assert transport.sent == []
    assert letters(engine) == []


def test_a_round_goes_on_with_every_issue_that_is_open(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """The week before that the relay slept through is sent before the new one."""
    found(engine, readers=1, tips=2)
    answers: list[Outcome] = [AWAY]
    transport = MemoryTransport(lambda _: answers[0])
    desk = desk_with(transport)

    tick(desk)
    clock.now += timedelta(weeks=1)
    answers[0] = Accepted()
    tick(desk)

    subjects = [b"Tip 1" in letter.message for letter in transport.sent]
    assert subjects == [True, False]
    with Session(engine) as session:
        states = {issue.status for issue in issues.newest(session)}
    assert states == {IssueStatus.SENT}


def test_a_round_leaves_a_paused_issue_alone(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Paused means paused, however often the clock rings."""
    found(engine, readers=1, tips=1)
    transport = MemoryTransport()
    desk = desk_with(transport)
    open_week(desk)
    with db.transaction(engine) as session:
        issues.pause(session, SLOT, because="by hand")

    tick(desk)

    assert transport.sent == []


def test_a_round_that_was_asked_to_stop_sends_nothing(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The issue may be open; its letters wait for the next start."""
    found(engine, readers=1, tips=1)
    transport = MemoryTransport()
    desk = replace(desk_with(transport), stop=Event())
    desk.stop.set()

    tick(desk)

    assert transport.sent == []
    assert len(letters(engine)) == 1


def test_cancel_withdraws_what_never_left(engine: Engine, desk: Desk) -> None:
    """The issue comes back with the number of letters taken out of the ledger."""
    found(engine, readers=3, tips=1)
    open_week(desk)

    issue, withdrawn = cancel(desk, SLOT)

    assert (issue.status, withdrawn) == (IssueStatus.CANCELLED, 3)
    assert issue.finished_at == MOMENT
    assert letters(engine) == []


def test_cancel_gives_the_places_in_a_domains_rate_back(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Another tip for the same week does not wait behind the one that was cancelled."""
    found(engine, readers=50, tips=2)
    transport = MemoryTransport()
    desk = desk_with(transport, smtp={"per_domain": {"example.org": 0.01}})
    deliver(desk, open_week(desk))
    assert len(transport.sent) == 1
    cancel(desk, SLOT)
    # The one that was sent had its place, too.
    clock.now += timedelta(seconds=100)

    deliver(desk, open_week(desk))

    assert len(transport.sent) == 2


def test_cancel_takes_a_tip_that_nobody_had_off_the_site(
    engine: Engine, desk: Desk
) -> None:
    """It was public from the opening on; now it is as if it had never been opened."""
    found(engine, readers=3, tips=1)
    open_week(desk)
    with Session(engine) as session:
        assert [tip.slug for tip in archive.latest(session)] == ["tip-1"]

    cancel(desk, SLOT)

    with Session(engine) as session:
        assert archive.latest(session) == []


def test_cancel_refuses_what_is_over_or_never_was(engine: Engine, desk: Desk) -> None:
    """A sent issue stays sent; a week without an issue has none."""
    found(engine, readers=1, tips=1)
    deliver(desk, open_week(desk))

    with pytest.raises(IssueRefused, match="it is sent, so it cannot be cancelled"):
        cancel(desk, SLOT)
    with pytest.raises(UnknownIssue, match="2026-W02"):
        cancel(desk, Slot(2026, 2))


def test_an_issue_can_be_forwarded_instead_of_sent(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Where other machines send, a round opens the week and hands it on."""
    found(engine, readers=2, tips=1)
    transport = MemoryTransport()
    forwarded: list[Slot] = []

    tick(desk_with(transport), forward=lambda _, issue: forwarded.append(issue.slot))

    assert forwarded == [SLOT]
    assert transport.sent == []


def test_letters_that_a_killed_process_had_of_a_cancelled_issue_end(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Killed, then cancelled by hand: what was in hand is withdrawn, or in doubt."""
    found(engine, readers=3, tips=1)
    desk = desk_with(MemoryTransport())
    issue = open_week(desk)
    with db.transaction(engine) as session:
        claims = ledger.claim(
            session, issue.id, limit=2, now=clock.now, lease=desk.lease
        )
        ledger.mark_sending(session, claims[:1], now=clock.now, lease=desk.lease)
    cancel(desk, SLOT)

    tick(desk)
    before = [letter.status for letter in letters(engine)]
    clock.now += desk.lease
    tick(desk)

    assert before == [DeliveryStatus.SENDING]
    assert [letter.status for letter in letters(engine)] == [DeliveryStatus.UNCERTAIN]


def test_a_round_erases_who_left_longer_ago_than_people_are_kept(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Only if the operator wants that; who left since then stays."""
    found(engine, readers=0, tips=1)
    gone, now = SubscriberStatus.UNSUBSCRIBED, clock.now
    with db.transaction(engine) as session:
        for days in (29, 31):
            make_subscriber(
                session,
                f"left{days}@example.org",
                status=gone,
                status_at=now - timedelta(days=days),
            )

    tick(desk_with(MemoryTransport()))
    with db.transaction(engine) as session:
        kept = roster.count_by_status(session)
    tick(desk_with(MemoryTransport(), privacy={"keep_left_days": 30}))
    with db.transaction(engine) as session:
        left = roster.count_by_status(session)

    assert (kept[gone], kept[SubscriberStatus.ERASED]) == (2, 0)
    assert (left[gone], left[SubscriberStatus.ERASED]) == (1, 1)
