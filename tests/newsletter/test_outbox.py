"""A letter that was posted is sent once, however many look, and then forgotten."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from newsletter import db, outbox
from newsletter.outbox import WaitingLetter
from newsletter.tables import AutomaticLetter, LetterKind
from subscribers.tables import SubscriberStatus
from tests.factories import make_subscriber

HASH = "ab" * 32
LEASE = timedelta(minutes=30)


def post(session: Session, now: datetime, **more: Any) -> bool:
    """Post a letter, of which only what matters is said."""
    facts: dict[str, Any] = {
        "kind": LetterKind.AGAIN,
        "address": "ada@example.org",
        "facts": {"words": "Grüße"},
        "subscriber_id": None,
        "to_hash": HASH,
        "now": now,
    }
    facts |= more
    return outbox.post(session, facts.pop("kind"), facts.pop("address"), **facts)


def claim(session: Session, now: datetime, **more: Any) -> list[WaitingLetter]:
    """Claim all that is due."""
    return outbox.claim(session, limit=10, now=now, lease=LEASE, **more)


def the_row(session: Session) -> AutomaticLetter:
    """Return the only letter, as it is stored."""
    session.expire_all()
    return session.scalars(select(AutomaticLetter)).one()


def test_a_letter_comes_out_as_it_went_in(session: Session, now: datetime) -> None:
    """With its facts, its reader's name, and an id for its Message-ID."""
    person = make_subscriber(session, name="Ada").id
    assert post(session, now, subscriber_id=person, kind=LetterKind.AGAIN)
    assert outbox.is_due(session, now=now)

    (letter,) = claim(session, now)

    assert (letter.kind, letter.address) == (LetterKind.AGAIN, "ada@example.org")
    assert (letter.name, letter.facts) == ("Ada", {"words": "Grüße"})
    assert letter.uid.startswith("again.")
    assert (letter.attempts, letter.was_in_doubt) == (1, False)
    assert not claim(session, now)


def test_nothing_is_due_before_its_time(session: Session, now: datetime) -> None:
    """A letter may be written for later."""
    later = now + timedelta(hours=1)
    post(session, now, due_at=later)

    assert not outbox.is_due(session, now=now)
    assert not claim(session, now)
    assert claim(session, later)


@pytest.mark.parametrize("kind", [LetterKind.CONFIRM, LetterKind.WELCOME])
def test_one_that_waits_says_it_all(
    session: Session, now: datetime, kind: LetterKind
) -> None:
    """A second press of a button writes no second letter; messages are all kept."""
    assert post(session, now, kind=kind)
    assert not post(session, now, kind=kind)
    assert post(session, now, kind=kind, to_hash="cd" * 32)
    assert post(session, now)
    assert post(session, now)


def test_two_workers_never_get_the_same_letter(engine: Engine, now: datetime) -> None:
    """Claims of one are not due for another, until their lease lapses."""
    with db.transaction(engine) as session:
        post(session, now)
        post(session, now)
    with db.transaction(engine) as session:
        (first,) = outbox.claim(session, limit=1, now=now, lease=LEASE)
    with db.transaction(engine) as session:
        others = claim(session, now)

    assert [letter.id for letter in others] != [first.id]
    assert len(others) == 1


def test_what_ended_keeps_no_address(session: Session, now: datetime) -> None:
    """Only the hash and the time stay, to limit what can be asked for."""
    post(session, now)
    (letter,) = claim(session, now)

    outbox.finish(session, letter, now=now)

    row = the_row(session)
    assert (row.to_address, row.facts, row.ended_at) == ("", "{}", now)
    assert not outbox.is_due(session, now=now + timedelta(days=1))
    assert outbox.asked_lately(session, HASH, since=now) == 1
    assert outbox.asked_lately(session, HASH, since=now + LEASE) == 0
    assert outbox.clear(session, ended_before=now) == 0
    assert outbox.clear(session, ended_before=now + LEASE) == 1


def test_a_letter_that_was_not_taken_is_tried_later(
    session: Session, now: datetime
) -> None:
    """With the same id, counted, and with the reason."""
    post(session, now)
    (first,) = claim(session, now)

    outbox.retry(session, first, at=now + LEASE, reason="greylisted")

    assert the_row(session).reason == "greylisted"
    assert not claim(session, now)
    (second,) = claim(session, now + LEASE)
    assert (second.uid, second.attempts) == (first.uid, 2)


def test_what_was_given_back_is_as_before(session: Session, now: datetime) -> None:
    """It never touched the wire, so no try is counted."""
    post(session, now)

    outbox.release(session, claim(session, now))

    (again,) = claim(session, now)
    assert (again.attempts, again.was_in_doubt) == (1, False)


def test_a_letter_in_doubt_is_sent_once_more_and_no_more(
    session: Session, now: datetime
) -> None:
    """A process died with it in hand, twice: it may have left both times."""
    post(session, now)
    (first,) = claim(session, now)
    (second,) = claim(session, now + LEASE)
    assert (second.uid, second.was_in_doubt) == (first.uid, True)

    assert not claim(session, now + 2 * LEASE)
    assert the_row(session).ended_at == now + 2 * LEASE


def test_a_letter_in_doubt_may_also_end(session: Session, now: datetime) -> None:
    """As the operator's setting for issues says, too."""
    post(session, now)
    claim(session, now)

    assert not claim(session, now + LEASE, resend=False)
    assert the_row(session).ended_at == now + LEASE


def test_whoever_lost_the_lease_changes_nothing(
    session: Session, now: datetime
) -> None:
    """A worker that comes back after its lease does not overrule the next one."""
    post(session, now)
    (late,) = claim(session, now)
    (letter,) = claim(session, now + LEASE)

    outbox.retry(session, late, at=now, reason="too late")
    assert the_row(session).lease_until == letter.lease_until


@pytest.mark.parametrize(
    ("kind", "status", "goes"),
    [
        (LetterKind.CONFIRM, SubscriberStatus.PENDING, True),
        (LetterKind.CONFIRM, SubscriberStatus.UNSUBSCRIBED, True),
        (LetterKind.CONFIRM, SubscriberStatus.ACTIVE, False),
        (LetterKind.REMIND, SubscriberStatus.ACTIVE, False),
        (LetterKind.WELCOME, SubscriberStatus.ACTIVE, True),
        (LetterKind.WELCOME, SubscriberStatus.UNSUBSCRIBED, False),
        (LetterKind.KNOWN, SubscriberStatus.UNSUBSCRIBED, False),
        (LetterKind.GOODBYE, SubscriberStatus.UNSUBSCRIBED, True),
    ],
)
def test_a_letter_that_comes_too_late_never_leaves(
    session: Session,
    now: datetime,
    kind: LetterKind,
    status: SubscriberStatus,
    goes: bool,
) -> None:
    """Nothing but a goodbye goes to whoever has left meanwhile."""
    person = make_subscriber(session, status=status).id
    post(session, now, kind=kind, subscriber_id=person)

    assert bool(claim(session, now)) is goes
    assert bool(the_row(session).ended_at) is not goes


def test_whoever_is_forgotten_gets_nothing_more(
    session: Session, now: datetime
) -> None:
    """What waits is dropped; of what was sent, only hash and time stay."""
    person = make_subscriber(session).id or 0
    post(session, now, subscriber_id=person)
    (letter,) = claim(session, now)
    outbox.finish(session, letter, now=now)
    post(session, now, subscriber_id=person)

    outbox.forget(session, person)

    row = the_row(session)
    assert (row.subscriber_id, row.to_address) == (None, "")
    assert outbox.count_waiting(session) == 0
    assert outbox.asked_lately(session, HASH, since=now) == 1


def test_a_message_to_the_operator_is_never_given_up(
    session: Session, now: datetime
) -> None:
    """Nobody could write it again, so it is taken again however often it was in doubt.

    A second copy of it does no harm.
    """
    post(session, now, kind=LetterKind.CONTACT)

    for tries in range(1, 5):
        (letter,) = claim(session, now + tries * LEASE, resend=False)
        assert letter.attempts == tries
        assert letter.facts


def test_messages_that_cannot_be_mailed_are_counted(
    session: Session, now: datetime
) -> None:
    """With the reason of the newest; those that were not tried yet are none of them."""
    assert outbox.messages_held_up(session) == (0, "")
    post(session, now, kind=LetterKind.CONTACT)
    post(session, now, kind=LetterKind.CONTACT)
    post(session, now, kind=LetterKind.AGAIN)
    assert outbox.messages_held_up(session) == (0, "")

    for letter in claim(session, now):
        reason = f"full {letter.kind}"
        outbox.retry(session, letter, at=now, reason=reason)

    assert outbox.messages_held_up(session) == (2, "full contact")
