"""Only the owner of an address puts it on the list; who never does is forgotten."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from subscribers import confirming, consent
from subscribers.confirming import Reminder, Request, Standing
from subscribers.consent import Trace
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    Consent,
    ConsentStep,
    Subscriber,
    SubscriberStatus,
    Suppression,
    SuppressionReason,
)
from tests.factories import make_subscriber

WEEK = timedelta(days=7)
HASHER = AddressHasher([b"a secret of the tests"])
TRACE = Trace("https://tips.example/c/", "203.0.113.0/24", "Yes, send me the tips")
PENDING = SubscriberStatus.PENDING


def look(
    session: Session, person: Subscriber, issued: datetime, now: datetime
) -> Request:
    """Look a link up that works for a week."""
    return confirming.look_up(
        session, person.id or 0, issued, confirm_within=WEEK, now=now
    )


def confirm(session: Session, request: Request, now: datetime) -> bool:
    """Press the button."""
    return confirming.confirm(session, request, hasher=HASHER, trace=TRACE, now=now)


@pytest.mark.parametrize(
    ("status", "days", "standing"),
    [
        (PENDING, 6, Standing.WAITING),
        (PENDING, 8, Standing.EXPIRED),
        (SubscriberStatus.ACTIVE, 0, Standing.CONFIRMED),
        (SubscriberStatus.ACTIVE, 400, Standing.CONFIRMED),
        (SubscriberStatus.UNSUBSCRIBED, 1, Standing.WAITING),
        (SubscriberStatus.UNSUBSCRIBED, 8, Standing.EXPIRED),
        (SubscriberStatus.ERASED, 0, Standing.FORGOTTEN),
    ],
)
def test_a_link_says_what_it_is_good_for(
    session: Session,
    now: datetime,
    status: SubscriberStatus,
    days: int,
    standing: Standing,
) -> None:
    """By where its owner stands, and by its age."""
    asked = now - timedelta(days=days)
    person = make_subscriber(session, status=status, status_at=asked)

    assert look(session, person, asked, now).standing is standing


def test_a_link_of_nobody_is_forgotten(session: Session, now: datetime) -> None:
    """The row was deleted; its number is never given to another."""
    found = confirming.look_up(session, 99, now, confirm_within=WEEK, now=now)

    assert found == Request(Standing.FORGOTTEN, 99)


def test_a_link_from_before_somebody_left_brings_nobody_back(
    session: Session, now: datetime
) -> None:
    """Whoever has an old letter of theirs cannot undo their leaving."""
    left = make_subscriber(session, status=SubscriberStatus.UNSUBSCRIBED, status_at=now)
    request = look(session, left, now - timedelta(minutes=1), now)

    assert request.standing is Standing.LEFT
    assert not confirm(session, request, now)
    assert left.status is SubscriberStatus.UNSUBSCRIBED


def test_confirming_is_done_once(session: Session, now: datetime) -> None:
    """The person is active, since now; a second press changes nothing."""
    person = make_subscriber(session, status=PENDING, bounces=2, signed_up_at=None)
    request = look(session, person, now, now)

    assert confirm(session, request, now)
    assert not confirm(session, request, now + timedelta(seconds=1))

    session.refresh(person)
    assert person.status is SubscriberStatus.ACTIVE
    assert (person.status_at, person.signed_up_at) == (now, now)
    assert person.bounces == 0
    (line,) = consent.history(session, request.subscriber_id)
    assert (line.step, line.wording) == (ConsentStep.CONFIRMED, TRACE.wording)


def test_whoever_comes_back_lifts_what_kept_them_away(
    session: Session, now: datetime
) -> None:
    """They asked and confirmed, so their address may be mailed again."""
    person = make_subscriber(
        session,
        "Ada@example.org",
        status=SubscriberStatus.COMPLAINED,
        status_at=now - timedelta(days=1),
    )
    for key in ("ada@example.org", "eve@example.org"):
        reason = SuppressionReason.COMPLAINED
        session.add(
            Suppression(address_hash=HASHER.hash(key), reason=reason, since=now)
        )
    session.flush()

    assert confirm(session, look(session, person, now, now), now)

    (line,) = consent.history(session, person.id or 0)
    assert line.step is ConsentStep.CAME_BACK
    kept = session.scalars(select(Suppression.address_hash)).all()
    assert kept == [HASHER.hash("eve@example.org")]


def test_who_is_silent_is_reminded_once(session: Session, now: datetime) -> None:
    """Only those who asked, long enough ago, and never a second time."""
    long_ago = now - timedelta(days=3)
    silent = make_subscriber(session, status=PENDING, status_at=long_ago)
    fresh = make_subscriber(session, status=PENDING, status_at=now)
    active = make_subscriber(session, status_at=long_ago)
    make_subscriber(session, status=PENDING, status_at=long_ago)  # imported
    for person in (silent, fresh, active):
        consent.note(session, person.id or 0, ConsentStep.ASKED, now=now)
    before = now - timedelta(days=2)

    due = confirming.remind(session, asked_before=before, limit=10, now=now)

    assert due == [Reminder(silent.id or 0, silent.address, long_ago)]
    assert not confirming.remind(session, asked_before=before, limit=10, now=now)


def test_who_never_confirms_leaves_no_trace(session: Session, now: datetime) -> None:
    """Row and proof are deleted; nobody else's are."""
    long_ago = now - timedelta(days=15)
    gone = make_subscriber(session, status=PENDING, status_at=long_ago)
    kept = make_subscriber(session, status_at=long_ago)
    make_subscriber(session, status=PENDING, status_at=now)
    for person in (gone, kept):
        consent.note(session, person.id or 0, ConsentStep.ASKED, now=now)

    found = confirming.never_confirmed(
        session, asked_before=now - timedelta(days=14), limit=10
    )
    assert found == [gone.id]
    confirming.forget(session, found)

    assert session.scalar(select(func.count()).select_from(Subscriber)) == 2
    assert session.scalars(select(Consent.subscriber_id)).all() == [kept.id]
