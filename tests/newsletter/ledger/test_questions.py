"""What the operator asks of an issue, and what is known of a person."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from newsletter import ledger
from newsletter.ledger import HistoryLine, Tally, Trouble
from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus
from tests.factories import (
    OPENED_AT,
    make_delivery,
    make_issue,
    make_subscriber,
    make_tip,
)

S = DeliveryStatus
FINAL = {S.SENT, S.FAILED, S.SKIPPED}


def test_a_tally_counts_each_status_of_one_issue(session: Session) -> None:
    """One letter of the first status, two of the second; other issues do not count."""
    issue = make_issue(session)
    for number, status in enumerate(DeliveryStatus, 1):
        for _ in range(number):
            make_delivery(session, issue, status=status)
    make_delivery(session, make_issue(session, slot="2026-W46"))

    tally = ledger.tally(session, issue.id or 0)

    assert tally == Tally(**{s.value: n for n, s in enumerate(DeliveryStatus, 1)})
    assert tally.total == 36


def test_a_tally_is_one_question(
    session: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """Whatever the number of letters."""
    issue = make_issue(session)
    for status in DeliveryStatus:
        make_delivery(session, issue, status=status)

    with count_queries() as statements:
        ledger.tally(session, issue.id or 0)

    assert len(statements) == 1


def test_an_issue_without_letters_is_finished(session: Session) -> None:
    """Nobody to send to: nothing to wait for, and nothing to count."""
    issue = make_issue(session)
    make_delivery(session, make_issue(session, slot="2026-W46"))

    assert ledger.is_finished(session, issue.id or 0, resending=True)
    assert ledger.tally(session, issue.id or 0) == Tally()


@pytest.mark.parametrize("status", [s for s in S if s is not S.UNCERTAIN])
def test_an_issue_is_finished_when_every_letter_is(
    session: Session, status: DeliveryStatus
) -> None:
    """One letter that waits or is in hand keeps the issue open."""
    issue = make_issue(session)
    for final in FINAL:
        make_delivery(session, issue, status=final)
    make_delivery(session, issue, status=status)

    for resending in (True, False):
        finished = ledger.is_finished(session, issue.id or 0, resending=resending)
        assert finished is (status in FINAL)


@pytest.mark.parametrize(
    ("doubts", "resending", "finished"),
    [(1, True, False), (2, True, True), (1, False, True), (2, False, True)],
)
def test_a_doubt_keeps_the_issue_open_only_while_it_will_be_resent(
    session: Session, *, doubts: int, resending: bool, finished: bool
) -> None:
    """In doubt twice, or on hold, there is nothing more the sender would do."""
    issue = make_issue(session)
    make_delivery(session, issue, status=S.UNCERTAIN, doubts=doubts)

    found = ledger.is_finished(session, issue.id or 0, resending=resending)

    assert found is finished


def test_a_persons_history_is_newest_first(session: Session, now: datetime) -> None:
    """Every tip they were or are to be sent, and nobody else's."""
    reader = make_subscriber(session)
    for week, slug in ((52, "smile-first"), (9, "name-the-customer")):
        issue = make_issue(session, make_tip(session, slug), slot=Slot(2026, week))
        make_delivery(session, issue)
        make_delivery(
            session,
            issue,
            reader,
            status=S.SENT,
            finished_at=now,
            attempts=week,
            doubts=1,
            reason="2.0.0 queued",
        )

    newest, older = ledger.history(session, reader.id or 0)

    assert newest == HistoryLine(
        slot=Slot(2026, 52),
        tip_slug="smile-first",
        tip_title="Smile first",
        status=S.SENT,
        at=now,
        attempts=52,
        doubts=1,
        reason="2.0.0 queued",
    )
    assert older.tip_slug == "name-the-customer"


def test_the_history_of_a_stranger_is_empty(session: Session) -> None:
    """Somebody who was never sent anything."""
    make_delivery(session, make_issue(session))

    assert ledger.history(session, make_subscriber(session).id or 0) == []


def test_history_is_one_question(
    session: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """Ten years of tips are not five hundred look-ups."""
    reader = make_subscriber(session)
    for week in range(1, 21):
        make_delivery(session, make_issue(session, slot=Slot(2026, week)), reader)
    person = reader.id or 0

    with count_queries() as statements:
        assert len(ledger.history(session, person)) == 20

    assert len(statements) == 1


def test_troubles_are_what_did_not_simply_go_out(session: Session) -> None:
    """Failed, deferred and uncertain letters of this issue, in order, with why."""
    issue = make_issue(session)
    for status in DeliveryStatus:
        reader = make_subscriber(session, f"{status}@example.org")
        facts = {"attempts": 2, "code": 451, "reason": f"{status}, because"}
        make_delivery(session, issue, reader, status=status, **facts)
    make_delivery(session, make_issue(session, slot="2026-W46"), status=S.FAILED)

    found = ledger.troubles(session, issue.id or 0)

    assert found == [
        Trouble(f"{status}@example.org", status, 2, 451, f"{status}, because")
        for status in (S.DEFERRED, S.FAILED, S.UNCERTAIN)
    ]
    assert ledger.troubles(session, issue.id or 0, limit=1) == found[:1]


def test_times_come_back_in_utc(session: Session) -> None:
    """Whatever the engine keeps them as."""
    reader = make_subscriber(session)
    facts = {"status": S.SENT, "finished_at": OPENED_AT}
    make_delivery(session, make_issue(session), reader, **facts)
    session.expire_all()

    (line,) = ledger.history(session, reader.id or 0)

    assert line.at == OPENED_AT
    assert line.at.tzinfo is OPENED_AT.tzinfo


def test_letters_are_due_when_they_may_be_claimed(session: Session) -> None:
    """Pending and deferred ones whose moment has come; of this issue alone."""
    issue = make_issue(session)
    for status in DeliveryStatus:
        make_delivery(session, issue, status=status)
    later = OPENED_AT + timedelta(seconds=1)
    make_delivery(session, issue, status=S.DEFERRED, due_at=later)
    make_delivery(session, make_issue(session, slot="2026-W46"))

    def due(now: datetime, limit: int = 10) -> int:
        return ledger.count_due(session, issue.id or 0, now=now, limit=limit)

    assert due(OPENED_AT - timedelta(seconds=1)) == 0
    assert due(OPENED_AT) == 2
    assert due(later) == 3
    assert [due(later, limit) for limit in (1, 2, 3)] == [1, 2, 3]


def test_the_last_letter_that_was_sent_is_known(session: Session) -> None:
    """By its time, whatever else ended later; none before the first."""
    assert ledger.last_sent(session) is None
    later = OPENED_AT + timedelta(minutes=1)
    for slot, status, at in (
        ("2026-W46", S.SENT, later),
        ("2026-W47", S.SENT, OPENED_AT),
        ("2026-W48", S.FAILED, later + timedelta(minutes=1)),
    ):
        issue = make_issue(session, slot=slot)
        make_delivery(session, issue, status=status, finished_at=at)

    assert ledger.last_sent(session) == (Slot(2026, 46), later)


def test_letters_in_hand_are_counted(session: Session) -> None:
    """Those that a process claimed or marked, of every issue."""
    for slot in ("2026-W46", "2026-W47"):
        issue = make_issue(session, slot=slot)
        for status in S:
            make_delivery(session, issue, status=status)

    assert ledger.in_hand(session) == 4


def test_when_a_persons_letter_went_is_known(session: Session) -> None:
    """What is on the wire left us, too; what waits did not."""
    issue = make_issue(session)
    wire = make_delivery(session, issue, status=S.SENDING, dated_at=OPENED_AT)
    done = OPENED_AT + timedelta(seconds=3)
    times = {"dated_at": OPENED_AT, "finished_at": done}
    sent = make_delivery(session, issue, status=S.SENT, **times)
    waits = make_delivery(session, issue, status=S.DEFERRED, dated_at=OPENED_AT)

    def went(person: int) -> datetime | None:
        return ledger.went_at(session, person, issue.id or 0)

    assert went(wire.subscriber_id) == OPENED_AT
    assert went(sent.subscriber_id) == done
    assert went(waits.subscriber_id) is None
    assert went(4_711) is None
