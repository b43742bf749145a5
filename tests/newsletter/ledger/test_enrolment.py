"""Who is enrolled, in one statement, and who is let go again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from sqlalchemy import Engine, insert, text
from sqlmodel import Session, col, select

from newsletter import ledger
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.audience import mailable
from subscribers.tables import Subscriber, SubscriberStatus
from tests.factories import (
    LEASE,
    OPENED_AT,
    make_delivery,
    make_issue,
    make_subscriber,
    make_tip,
)


def enrol(session: Session, issue: Issue) -> int:
    """Enrol everybody who may be mailed."""
    return ledger.enrol(session, issue.id or 0, mailable(), due_at=OPENED_AT)


def people(session: Session, issue: Issue) -> set[int]:
    """Return who has a letter of *issue*."""
    found = select(Delivery.subscriber_id).where(col(Delivery.issue_id) == issue.id)
    return set(session.exec(found))


def test_enrolling_writes_a_pending_letter_for_each(session: Session) -> None:
    """Due at once, never tried, in the issue's tip and round."""
    reader, issue = make_subscriber(session), make_issue(session, round=3)

    assert enrol(session, issue) == 1

    (letter,) = session.exec(select(Delivery))
    assert letter.issue_id == issue.id
    assert letter.tip_id == issue.tip_id
    assert letter.subscriber_id == reader.id
    assert letter.round == 3
    assert letter.status is DeliveryStatus.PENDING
    assert letter.due_at == OPENED_AT
    assert (letter.attempts, letter.doubts, letter.code) == (0, 0, None)
    assert letter.lease_until is None
    assert letter.dated_at is None
    assert letter.finished_at is None


def test_old_statistics_do_not_make_it_slow(session: Session) -> None:
    """A ledger that was looked at while it was empty is not read for each person."""
    issue = make_issue(session)
    session.execute(insert(Subscriber), [_reader(n) for n in range(30_000)])
    session.execute(text("ANALYZE"))
    if session.get_bind().dialect.name == "postgresql":
        # Read for each person it takes minutes, and else a second.
        session.execute(text("SET LOCAL statement_timeout = '15s'"))

    assert enrol(session, issue) == 30_000


def _reader(number: int) -> dict[str, object]:
    address = f"reader-{number}@example.org"
    facts = {"address": address, "address_key": address, "created_at": OPENED_AT}
    return facts | {"status": SubscriberStatus.ACTIVE, "status_at": OPENED_AT}


def test_enrolling_is_one_statement(
    session: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """A hundred people cost what one costs: a single INSERT … SELECT."""
    for _ in range(100):
        make_subscriber(session)
    issue = make_issue(session)

    with count_queries() as statements:
        enrolled = enrol(session, issue)

    assert enrolled == 100
    assert [statement.split()[0] for statement in statements] == ["INSERT"]


def test_only_active_people_are_enrolled(session: Session) -> None:
    """Whoever is pending, left, bounced or complained gets nothing."""
    for status in SubscriberStatus:
        make_subscriber(session, f"{status}@example.org", status=status)
    active = make_subscriber(session)
    issue = make_issue(session)

    assert enrol(session, issue) == 2
    assert active.id in people(session, issue)


def test_nobody_gets_the_same_tip_twice_in_a_round(session: Session) -> None:
    """A tip sent again in the same round goes to those only who do not have it."""
    tip = make_tip(session)
    first = make_issue(session, tip, slot="2026-W46", status=IssueStatus.CANCELLED)
    make_subscriber(session)
    assert enrol(session, first) == 1
    newcomer = make_subscriber(session)

    again = make_issue(session, tip, slot="2026-W47")

    assert enrol(session, again) == 1
    assert people(session, again) == {newcomer.id}


def test_a_new_round_goes_to_everybody(session: Session) -> None:
    """When the library comes round to the tip again, all get it once more."""
    tip = make_tip(session)
    make_subscriber(session)
    assert enrol(session, make_issue(session, tip, slot="2025-W46")) == 1

    second = make_issue(session, tip, slot="2026-W47", round=2)

    assert enrol(session, second) == 1


def test_another_tip_is_another_letter(session: Session) -> None:
    """Having one tip does not keep anybody from getting the next."""
    make_subscriber(session)
    assert enrol(session, make_issue(session, slot="2026-W46")) == 1
    assert enrol(session, make_issue(session, slot="2026-W47")) == 1


def test_enrolling_twice_adds_only_newcomers(session: Session) -> None:
    """Doing it again harms nobody."""
    make_subscriber(session)
    issue = make_issue(session)
    assert enrol(session, issue) == 1
    make_subscriber(session)

    assert enrol(session, issue) == 1
    assert enrol(session, issue) == 0


def test_whoever_was_skipped_has_their_place_in_the_round_back(
    session: Session,
) -> None:
    """Left and came back: the tip they were not sent can still reach them."""
    tip, reader = make_tip(session), make_subscriber(session)
    first = make_issue(session, tip, slot="2026-W46", status=IssueStatus.CANCELLED)
    make_delivery(session, first, reader, status=DeliveryStatus.SKIPPED)

    again = make_issue(session, tip, slot="2026-W47")

    assert enrol(session, again) == 1


@pytest.mark.parametrize("status", DeliveryStatus)
def test_withdrawing_takes_what_never_left(
    session: Session, status: DeliveryStatus
) -> None:
    """What waits or is merely claimed goes; what touched the wire keeps its row."""
    issue = make_issue(session)
    make_delivery(session, issue, status=status)
    other = make_delivery(session, make_issue(session, slot="2026-W46"))

    withdrawn = ledger.withdraw(session, issue.id or 0)

    never_left = {
        DeliveryStatus.PENDING,
        DeliveryStatus.DEFERRED,
        DeliveryStatus.CLAIMED,
    }
    assert withdrawn == (status in never_left)
    assert len(people(session, issue)) == 1 - withdrawn
    assert session.get_one(Delivery, other.id).status is DeliveryStatus.PENDING


def test_whoever_was_withdrawn_can_get_the_tip_later(session: Session) -> None:
    """A cancelled issue costs nobody a tip that they were never sent."""
    tip = make_tip(session)
    issue = make_issue(session, tip, slot="2026-W46", status=IssueStatus.CANCELLED)
    make_subscriber(session)
    enrol(session, issue)
    ledger.withdraw(session, issue.id or 0)

    assert enrol(session, make_issue(session, tip, slot="2026-W47")) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_withdrawing_waits_for_nobody_who_may_wait_for_it(
    engine: Engine, now: datetime
) -> None:
    """A page of the ledger in another order was a deadlock: one of the two failed."""
    with Session(engine) as session:
        issue = make_issue(session)
        for _ in range(3):
            make_delivery(session, issue)
        session.commit()
        number = issue.id or 0
        first, second, third = ledger.claim(
            session, number, limit=3, now=now, lease=LEASE
        )
        session.commit()
    with Session(engine) as worker, Session(engine) as operator:
        ledger.release(worker, [third])
        ledger.release(worker, [second])
        operator.execute(text("SET LOCAL lock_timeout = '5s'"))

        assert ledger.withdraw(operator, number) == 1

        operator.commit()
        ledger.release(worker, [first])
        worker.commit()
        # What it gave back is withdrawn by the worker, which notices.
        assert ledger.withdraw(worker, number) == 2
        worker.commit()
