"""A year in the life: one tip a week, none twice, whatever the clock does."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import db, issues, notices
from newsletter.issues import IssueView
from newsletter.sender import Desk, tick, utc_now
from newsletter.slots import Slot
from newsletter.tables import Installation, IssueStatus, NoticeKind
from newsletter.transport import MemoryTransport
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_subscriber, make_tip

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LAST = datetime(2027, 1, 1, tzinfo=UTC)
READERS = ("zoe@example.org", "olga@example.org")


def found(engine: Engine, *, tips: int) -> None:
    """Found an installation with *tips* tips and two readers."""
    with db.transaction(engine) as session:
        session.add(Installation(uid="0f3c2a17", created_at=FIRST))
        for number in range(tips):
            make_tip(session, slug=f"tip-{number:02}", position=number)
        for address in READERS:
            make_subscriber(session, address=address)


def rings(desk: Desk) -> Iterator[datetime]:
    """Yield the rings of a year: closely around each moment, and between them."""
    timetable = desk.timetable
    slot = timetable.slot_at(FIRST)
    while timetable.moment(slot) < LAST:
        for minutes in (-61, -1, 0, 61, 60 * 24 * 3):
            yield timetable.moment(slot) + timedelta(minutes=minutes)
        slot = slot.shift(1)


def all_issues(engine: Engine) -> list[IssueView]:
    """Return every issue, oldest first."""
    with Session(engine) as session:
        return issues.newest(session, limit=100)[::-1]


@pytest.mark.parametrize(
    ("zone", "weekday", "time"),
    [
        ("Europe/Berlin", "tuesday", "09:00"),
        # Its clocks go forward at midnight from Saturday to Sunday: 00:30 is left out.
        ("America/Santiago", "sunday", "00:30"),
        # Half an hour, at two in the morning of a Sunday.
        ("Australia/Lord_Howe", "sunday", "02:15"),
        # Forward at midnight from Thursday to Friday.
        ("Africa/Cairo", "friday", "00:30"),
    ],
)
def test_every_week_of_the_year_has_one_issue(
    engine: Engine, tmp_path: Path, zone: str, weekday: str, time: str
) -> None:
    """52 or 53 issues, none twice, each in its own week, across both clock changes."""
    schedule = {"timezone": zone, "weekday": weekday, "time": time}
    config = make_config(tmp_path, {"schedule": schedule})
    transport = MemoryTransport(width=10)
    found(engine, tips=60)
    desk = make_desk(engine, config, utc_now, transport)

    with freeze_time(FIRST) as frozen:
        for ring in sorted(rings(desk)):
            frozen.move_to(ring)
            tick(desk)

    opened = all_issues(engine)
    timetable = desk.timetable
    weeks = [timetable.slot_at(FIRST).shift(n) for n in range(54)]
    due = [slot for slot in weeks if FIRST <= timetable.moment(slot) < LAST]
    assert [issue.slot for issue in opened] == due
    assert len(due) in (52, 53)
    assert [issue.tip_slug for issue in opened] == [
        f"tip-{number:02}" for number in range(len(due))
    ]
    assert {issue.status for issue in opened} == {IssueStatus.SENT}
    assert all(issue.created_at == issue.due_at for issue in opened)
    received = Counter(letter.envelope.rcpt_to for letter in transport.sent)
    assert received == dict.fromkeys(READERS, len(due))


def test_a_machine_asleep_for_a_day_sends_late(engine: Engine, tmp_path: Path) -> None:
    """A tip whose moment was slept through goes out within the hours to catch up."""
    found(engine, tips=3)
    desk = make_desk(engine, make_config(tmp_path), clock := SetClock(FIRST))
    moment = desk.timetable.moment(Slot(2026, 2))

    clock.now = moment - timedelta(minutes=1)
    tick(desk)
    clock.now = moment + timedelta(hours=30)
    tick(desk)

    assert [issue.slot for issue in all_issues(engine)] == [Slot(2026, 2)]


def test_a_week_slept_through_is_reported_and_loses_no_tip(
    engine: Engine, tmp_path: Path
) -> None:
    """The operator is told once, and the tip goes out in the week after."""
    found(engine, tips=3)
    desk = make_desk(engine, make_config(tmp_path), clock := SetClock(FIRST))
    timetable = desk.timetable

    for slot, late in ((Slot(2026, 2), 1), (Slot(2026, 3), 49), (Slot(2026, 4), 1)):
        clock.now = timetable.moment(slot) + timedelta(hours=late)
        tick(desk)
        tick(desk)

    assert [(issue.slot, issue.tip_slug) for issue in all_issues(engine)] == [
        (Slot(2026, 2), "tip-00"),
        (Slot(2026, 4), "tip-01"),
    ]
    with Session(engine) as session:
        said = notices.recent(session, since=FIRST)
    missed = [notice for notice in said if notice.kind is NoticeKind.SLOT_MISSED]
    assert [notice.key for notice in missed] == ["2026-W03"]


def test_a_clock_set_back_repeats_nothing(engine: Engine, tmp_path: Path) -> None:
    """A clock that goes back over the moment, even a week, opens no week twice."""
    found(engine, tips=5)
    transport = MemoryTransport()
    clock = SetClock(FIRST)
    desk = make_desk(engine, make_config(tmp_path), clock, transport)
    moment = desk.timetable.moment(Slot(2026, 5))

    for hours in (0, 1, -1, 0, -24 * 7, 0, 24):
        clock.now = moment + timedelta(hours=hours)
        tick(desk)

    slots = [issue.slot for issue in all_issues(engine)]
    assert slots == sorted(set(slots))
    letters = Counter(letter.message for letter in transport.sent)
    assert set(letters.values()) == {1}


def test_two_schedulers_on_one_database_open_a_week_once(
    engine: Engine, tmp_path: Path
) -> None:
    """Both ring at the same instant; one opens the week, and nobody is mailed twice."""
    found(engine, tips=3)
    config = make_config(tmp_path)
    moment = make_desk(engine, config, SetClock(FIRST)).timetable.moment(Slot(2026, 2))
    transports = [MemoryTransport(), MemoryTransport()]
    desks = [make_desk(engine, config, SetClock(moment), t) for t in transports]
    start = threading.Barrier(len(desks))
    errors: list[BaseException] = []

    def ring(desk: Desk) -> None:
        try:
            start.wait()
            tick(desk)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=ring, args=[desk]) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert [issue.slot for issue in all_issues(engine)] == [Slot(2026, 2)]
    sent = [letter for transport in transports for letter in transport.sent]
    assert sorted(letter.envelope.rcpt_to for letter in sent) == sorted(READERS)


def test_a_new_installation_leaves_the_past_alone(
    engine: Engine, tmp_path: Path
) -> None:
    """Founded after this week's moment, it begins with the next week."""
    found(engine, tips=3)
    desk = make_desk(engine, make_config(tmp_path), clock := SetClock(FIRST))
    clock.now = FIRST + timedelta(hours=1)

    tick(desk)

    assert all_issues(engine) == []


def test_an_empty_library_is_told_once_a_week(engine: Engine, tmp_path: Path) -> None:
    """Nothing is sent, and the operator hears it once for each week, by mail."""
    found(engine, tips=1)
    operator = {"operator_address": "boss@example.net", "announce_issues": False}
    transport = MemoryTransport()
    clock = SetClock(FIRST)
    config = make_config(tmp_path, {"identity": operator})
    desk = make_desk(engine, config, clock, transport)

    for week in (2, 3):
        for minutes in (0, 1, 2):
            moment = desk.timetable.moment(Slot(2026, week))
            clock.now = moment + timedelta(minutes=minutes)
            tick(desk)

    told = [s for s in transport.sent if s.envelope.rcpt_to == "boss@example.net"]
    subjects = [m for s in told for m in s.message.split(b"\r\n") if b"Subject:" in m]
    assert len(subjects) == 2, subjects
    assert b"Auto-Submitted: auto-generated" in told[0].message
    assert [issue.slot for issue in all_issues(engine)] == [Slot(2026, 2)]
