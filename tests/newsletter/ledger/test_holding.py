"""Letters of the dead are free at once; those of the living stay in their hands."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from newsletter import ledger
from newsletter.ledger import Claim, Freed
from newsletter.outcome import Accepted
from newsletter.tables import Delivery, DeliveryStatus
from subscribers.audience import mailable
from tests.factories import OPENED_AT, make_issue, make_subscriber

LEASE = timedelta(minutes=30)


def claimed(
    session: Session, issue_id: int, holder: int, letters: int, *, now: datetime
) -> list[Claim]:
    """Claim so many letters as a holder does, and commit."""
    lease = LEASE + timedelta(microseconds=holder)
    claims = ledger.claim(session, issue_id, limit=letters, now=now, lease=lease)
    session.commit()
    return claims


def enrolled(session: Session, readers: int) -> int:
    """Return an issue with so many readers."""
    issue = make_issue(session)
    for number in range(readers):
        make_subscriber(session, f"r{number}@example.org")
    ledger.enrol(session, issue.id or 0, mailable(), due_at=OPENED_AT)
    session.commit()
    return issue.id or 0


def statuses(session: Session, claims: Sequence[Claim]) -> list[DeliveryStatus]:
    """Return how these letters stand."""
    numbers = [claim.delivery_id for claim in claims]
    found = select(Delivery).where(col(Delivery.id).in_(numbers))
    session.expire_all()
    return [row.status for row in session.exec(found.order_by(col(Delivery.id)))]


def test_only_the_letters_of_the_dead_are_freed(
    session: Session, now: datetime
) -> None:
    """Claimed ones wait again, marked ones are in doubt; others' are not touched."""
    issue_id = enrolled(session, 8)
    theirs = claimed(session, issue_id, 17, 4, now=now)
    lease = LEASE + timedelta(microseconds=17)
    ledger.mark_sending(session, theirs[:1], now=now, lease=lease)
    others = claimed(session, issue_id, 18, 4, now=now)

    freed = ledger.release_dead(session, issue_id, {17, 400}, now=now)

    assert freed == Freed(waiting=3, doubtful=1)
    pending, uncertain = DeliveryStatus.PENDING, DeliveryStatus.UNCERTAIN
    assert statuses(session, theirs) == [uncertain, pending, pending, pending]
    assert statuses(session, others) == [DeliveryStatus.CLAIMED] * 4


def test_a_late_holder_changes_nothing(session: Session, now: datetime) -> None:
    """Taken for dead, its letters given to another: neither marked nor recorded."""
    issue_id = enrolled(session, 2)
    late = claimed(session, issue_id, 17, 2, now=now)
    lease = LEASE + timedelta(microseconds=17)
    late = ledger.mark_sending(session, late[:1], now=now, lease=lease) + late[1:]
    ledger.release_dead(session, issue_id, {17}, now=now)
    ledger.resend_uncertain(session, issue_id, now=now)
    new = claimed(session, issue_id, 18, 2, now=now)
    assert len(new) == 2

    retry = ledger.RetryPolicy((timedelta(minutes=5),), timedelta(hours=48))
    ledger.record(session, [(late[0], Accepted("250 ok"))], now=now, retry=retry)

    assert ledger.mark_sending(session, late[1:], now=now, lease=lease) == []
    assert statuses(session, new) == [DeliveryStatus.CLAIMED] * 2


def test_without_dead_nothing_is_asked(session: Session, now: datetime) -> None:
    """Which is nearly always."""
    issue_id = enrolled(session, 1)
    claimed(session, issue_id, 17, 1, now=now)

    assert ledger.release_dead(session, issue_id, set(), now=now) == Freed()
    assert ledger.release_dead(session, issue_id, {18}, now=now) == Freed()
