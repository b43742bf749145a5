"""Each fault of a relay, done by a real server, and every consequence of it.

The rows are those of `docs/relay-faults.md`; see `tests/faults.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from newsletter import db, issues, notices
from newsletter.sender import Desk, deliver, open_transport
from newsletter.tables import Delivery, DeliveryStatus, IssueStatus, NoticeKind
from subscribers import roster
from subscribers.addresses import on_the_wire
from subscribers.tables import Subscriber
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_subscriber
from tests.faults import FAULTS, STALLS, Fault, Line
from tests.newsletter.sender.week import FOUNDED, MOMENT, SLOT, found, open_week
from tests.relay import CA_FILE, ScriptedRelay, Step, running

READERS = ("r1@example.org", "r2@example.org", "r3@example.org", "r4@example.org")
# Two in a row are enough here, so that four readers show what many would.
PAUSE_AFTER = 2
# Steps at which the relay knows whose letter it is.
OF_A_READER = (Step.RCPT, Step.DATA, Step.END)

Deliver = Callable[[], Desk]


def readers_of(fault: Fault) -> list[str]:
    """Return the readers, the second of whom is the one that the fault is about."""
    return [READERS[0], fault.reader, *READERS[2:]]


def concerned(fault: Fault) -> str:
    """Return whose letter meets the fault; who is first, where no reader is named."""
    first = fault.step is Step.MAIL and not fault.every
    return READERS[0] if first else fault.reader


def script(relay: ScriptedRelay, fault: Fault) -> None:
    """Tell the relay what to do."""
    if fault.answer is None:
        return
    to = "" if fault.every or fault.step not in OF_A_READER else fault.reader
    times = 1_000_000 if fault.every else 1
    relay.answer(fault.step, fault.answer, to=to, times=times)
    if fault.step is Step.OLD_HELLO:
        relay.answer(Step.HELLO, fault.answer)


@contextmanager
def desk_for(
    relay: ScriptedRelay, fault: Fault, engine: Engine, clock: SetClock, folder: Path
) -> Iterator[Desk]:
    """Lay out a desk whose transport speaks with the relay, and is closed after."""
    smtp = {
        "host": "localhost",
        "port": relay.port,
        "security": "none",
        "connections": 1,
        "hello_name": "news.example",
        "ca_file": str(CA_FILE),
        # Nobody waits for it but where a relay says nothing.
        "timeout_seconds": 1 if fault.answer is STALLS else 60,
        **fault.smtp,
    }
    sections = {
        "smtp": smtp,
        "delivery": {"allow_reserved": True, "pause_after": PAUSE_AFTER},
        "library": {"warn_weeks": 0},
    }
    config = make_config(folder, sections)
    desk = make_desk(engine, config, clock, open_transport(config))
    try:
        yield desk
    finally:
        desk.transport.close()


def statuses(engine: Engine) -> dict[str, DeliveryStatus]:
    """Return where the letter of each reader stands."""
    with Session(engine) as session:
        rows = session.execute(
            select(col(Subscriber.address), col(Delivery.status)).where(
                col(Delivery.subscriber_id) == col(Subscriber.id)
            )
        )
        return {row.address: row.status for row in rows}


def bounces(engine: Engine, address: str) -> int:
    """Return how many letters in a row came to nobody."""
    with Session(engine) as session:
        return roster.find(session, address).bounces


def told(engine: Engine) -> list[NoticeKind]:
    """Return what the operator was told, oldest first."""
    with Session(engine) as session:
        said = notices.recent(session, since=FOUNDED)
    return [notice.kind for notice in reversed(said)]


def check_the_line(relay: ScriptedRelay, line: Line) -> None:
    """See that there were as many connections as there must be, and no more."""
    match line:
        case Line.KEPT:
            assert relay.most_open == 1
            assert len(relay.said) == 1
        case Line.ANOTHER:
            assert relay.connects == 2
        case Line.NONE:
            assert relay.connects <= 1
            assert relay.received == []


def cases() -> Iterator[object]:
    """Yield each fault with and without PIPELINING, if it could make a difference."""
    for fault in FAULTS:
        name = fault.name.replace("`", "")
        yield pytest.param(fault, False, id=f"{name}-lockstep")
        if not fault.is_before_any_letter:
            yield pytest.param(fault, True, id=f"{name}-pipelining")


@pytest.mark.parametrize(("fault", "pipelining"), [*cases()])
def test_what_follows_from_a_fault(
    engine: Engine, tmp_path: Path, fault: Fault, pipelining: bool
) -> None:
    """For the letter, its reader, the issue, the connection and the operator."""
    found(engine, tips=1)
    with db.transaction(engine) as session:
        for address in readers_of(fault):
            make_subscriber(session, address)
    clock = SetClock(MOMENT)
    with running(pipelining=pipelining, **fault.relay) as relay:
        script(relay, fault)
        with desk_for(relay, fault, engine, clock, tmp_path) as desk:
            deliver(desk, open_week(desk))

        stand = statuses(engine)
        assert stand[concerned(fault)] is fault.letter
        if not fault.every:
            del stand[concerned(fault)]
            assert set(stand.values()) == {DeliveryStatus.SENT}
        counts = [bounces(engine, address) for address in readers_of(fault)]
        assert counts == [0, int(fault.counted), 0, 0]
        with Session(engine) as session:
            assert issues.find(session, SLOT).status is fault.issue
        started = [NoticeKind.ISSUE_STARTED]
        assert told(engine) == [*started, *([fault.told] if fault.told else [])]
        check_the_line(relay, fault.line)

        if fault.answer is not None and not fault.stays:
            mend(relay, fault, engine, clock)
            with desk_for(relay, fault, engine, clock, tmp_path) as desk:
                with Session(engine) as session:
                    issue = issues.find(session, SLOT)
                if issue.status is IssueStatus.SENDING:
                    deliver(desk, issue)
            check_that_all_is_well(relay, fault, engine)


def mend(relay: ScriptedRelay, fault: Fault, engine: Engine, clock: SetClock) -> None:
    """End the fault, let the time to the next try pass, and let a paused issue go."""
    relay.rules.clear()
    clock.now += timedelta(minutes=5)
    if fault.issue is IssueStatus.PAUSED:
        with db.transaction(engine) as session:
            issues.resume(session, SLOT)


def check_that_all_is_well(relay: ScriptedRelay, fault: Fault, engine: Engine) -> None:
    """Everybody has the letter once, but who failed, and who was in doubt."""
    failed = fault.letter is DeliveryStatus.FAILED
    expected = Counter(on_the_wire(address) for address in readers_of(fault))
    if failed:
        del expected[concerned(fault)]
    if fault.letter is DeliveryStatus.UNCERTAIN:
        expected[concerned(fault)] += 1

    assert Counter(it.rcpt_to for it in relay.received) == expected
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENT
    assert told(engine).count(NoticeKind.ISSUE_FINISHED) == 1
