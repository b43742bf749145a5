"""Every promise of the ledger can be seen broken, and none is by what is normal."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from newsletter.ledger import promises
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus, Tip
from subscribers.tables import SubscriberStatus
from tests.factories import (
    LEASE,
    OPENED_AT,
    make_delivery,
    make_issue,
    make_subscriber,
    make_tip,
)

Question = Callable[[Session], int]
QUESTIONS: tuple[Question, ...] = (
    promises.twice_in_an_issue,
    promises.twice_in_a_round,
    promises.with_a_wrong_end,
    promises.never_tried,
    promises.with_a_wrong_lease,
    promises.unlike_their_issue,
    promises.begun_after_leaving,
    promises.open_in_a_sent_issue,
)
LATER = OPENED_AT + timedelta(minutes=1)
DONE = {"dated_at": OPENED_AT, "finished_at": LATER, "attempts": 1}
IN_HAND = {"dated_at": OPENED_AT, "attempts": 1}


def broken(session: Session) -> dict[str, int]:
    """Return the promises that are not kept, with how often."""
    found = {ask.__name__: ask(session) for ask in QUESTIONS}
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def issue(session: Session) -> Issue:
    """An issue that goes out, with a letter in every state, all as they should be."""
    issue = make_issue(session)
    for status in DeliveryStatus:
        facts: dict[str, Any] = {}
        if status is DeliveryStatus.SENDING:
            facts = IN_HAND
        elif status in (
            DeliveryStatus.SENT,
            DeliveryStatus.FAILED,
            DeliveryStatus.UNCERTAIN,
            DeliveryStatus.SKIPPED,
        ):
            facts = DONE
        make_delivery(session, issue, status=status, **facts)
    issue.enrolled = len(DeliveryStatus)
    session.flush()
    return issue


def letter(session: Session, issue: Issue, **facts: Any) -> Delivery:
    """Write a letter of the issue that was sent, but for *facts*."""
    return make_delivery(
        session, issue, **{"status": DeliveryStatus.SENT, **DONE, **facts}
    )


@pytest.mark.usefixtures("issue")
def test_a_healthy_ledger_breaks_nothing(session: Session) -> None:
    """Every state that a letter can be in is fine by every question."""
    assert broken(session) == {}
    assert promises.held_beyond(session, OPENED_AT + LEASE) == 0
    assert promises.miscounted(session) == []


def test_two_letters_of_an_issue_are_found(session: Session, issue: Issue) -> None:
    """Without the unique indexes that forbid them, the questions see them."""
    for index in ("uq_delivery_issue", "uq_delivery_round"):
        session.execute(text(f"DROP INDEX {index}"))
    reader = make_subscriber(session)
    letter(session, issue, subscriber=reader)

    letter(session, issue, subscriber=reader)

    assert broken(session) == {"twice_in_an_issue": 1, "twice_in_a_round": 1}


def test_a_tip_twice_in_a_round_is_found(session: Session, issue: Issue) -> None:
    """In two issues of the same tip; not in two rounds."""
    session.execute(text("DROP INDEX uq_delivery_round"))
    reader = make_subscriber(session)
    letter(session, issue, subscriber=reader)
    tip = session.get_one(Tip, issue.tip_id)
    cancelled = IssueStatus.CANCELLED
    same = make_issue(session, tip, slot="2026-W48", status=cancelled)
    other = make_issue(session, tip, slot="2026-W49", round=2)

    letter(session, other, subscriber=reader)
    assert broken(session) == {}
    letter(session, same, subscriber=reader)

    assert broken(session) == {"twice_in_a_round": 1}


@pytest.mark.parametrize(
    ("facts", "promise"),
    [
        ({"finished_at": None}, "with_a_wrong_end"),
        ({"status": DeliveryStatus.PENDING}, "with_a_wrong_end"),
        ({"dated_at": None}, "never_tried"),
        ({"attempts": 0}, "never_tried"),
        ({"lease_until": LATER}, "with_a_wrong_lease"),
        (
            {
                "status": DeliveryStatus.CLAIMED,
                "finished_at": None,
                "lease_until": None,
            },
            "with_a_wrong_lease",
        ),
        ({"round": 2}, "unlike_their_issue"),
        ({"round": None}, "unlike_their_issue"),
    ],
)
def test_a_letter_that_cannot_be_is_found(
    session: Session, issue: Issue, facts: dict[str, Any], promise: str
) -> None:
    """One column that does not fit the others breaks one promise."""
    letter(session, issue, **facts)

    assert broken(session) == {promise: 1}


def test_a_letter_of_another_tip_is_found(session: Session, issue: Issue) -> None:
    """A letter says which tip it carries; it is the issue's."""
    letter(session, issue).tip_id = make_tip(session).id or 0
    session.flush()

    assert broken(session) == {"unlike_their_issue": 1}


def test_a_letter_of_no_issue_is_found(session: Session, issue: Issue) -> None:
    """No foreign key forbids it; see the table."""
    letter(session, issue).issue_id = (issue.id or 0) + 1
    session.flush()

    assert broken(session) == {"unlike_their_issue": 1}


def test_a_letter_begun_after_its_reader_left_is_found(
    session: Session, issue: Issue
) -> None:
    """Leaving while the letter is on its way is nobody's fault."""
    for left_at in (OPENED_AT - timedelta(seconds=1), OPENED_AT, LATER):
        gone = make_subscriber(
            session, status=SubscriberStatus.UNSUBSCRIBED, status_at=left_at
        )
        letter(session, issue, subscriber=gone)

    assert broken(session) == {"begun_after_leaving": 1}


def test_a_letter_that_waits_in_a_sent_issue_is_found(
    session: Session, issue: Issue
) -> None:
    """Pending, claimed, sending and deferred ones: nobody would take them up."""
    issue.status = IssueStatus.SENT
    session.flush()

    assert broken(session) == {"open_in_a_sent_issue": 4}


@pytest.mark.usefixtures("issue")
def test_a_letter_held_beyond_any_lease_is_found(session: Session) -> None:
    """A lease that ends later than one that began now would."""
    assert promises.held_beyond(session, OPENED_AT + LEASE - timedelta(seconds=1)) == 2


def test_an_issue_with_a_letter_too_few_is_found(
    session: Session, issue: Issue
) -> None:
    """Named by its slot; a cancelled one gave letters back."""
    issue.enrolled += 1
    make_issue(session, slot="2026-W48", status=IssueStatus.CANCELLED, enrolled=9)
    make_issue(session, slot="2026-W49", enrolled=1)
    session.flush()

    assert promises.miscounted(session) == ["2026-W47", "2026-W49"]
