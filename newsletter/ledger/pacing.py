"""Letters that wait for their place in the rate of their domain.

Such a letter is pending, and due at its place. Its `paced_attempt` says for which try
the place is, so that it goes without asking then, and asks again for a later try.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, case, func, literal, select, update
from sqlmodel import Session, col

from newsletter.ledger.entries import Claim
from newsletter.ledger.rows import ROWS, TABLE
from newsletter.tables import DeliveryStatus
from subscribers.tables import Subscriber

_POSTPONE = (
    update(TABLE)
    .where(
        ROWS.id == bindparam("of"),
        ROWS.status == DeliveryStatus.CLAIMED,
        ROWS.lease_until == bindparam("held_until"),
    )
    .values(
        status=DeliveryStatus.PENDING,
        lease_until=None,
        due_at=bindparam("place"),
        # What was never tried has no Date yet: waiting makes no letter expire.
        dated_at=case((ROWS.attempts + ROWS.doubts > 0, ROWS.dated_at)),
        paced_attempt=ROWS.attempts + 1,
    )
)
# Written out, not bound: only then does SQLite use the small index on such letters.
_PENDING = literal(DeliveryStatus.PENDING, ROWS.status.type, literal_execute=True)
_HAS_A_PLACE = (
    ROWS.issue_id == bindparam("issue"),
    ROWS.status == _PENDING,
    ROWS.paced_attempt.is_not(None),
)
_NEXT_PLACE = select(ROWS.due_at).where(*_HAS_A_PLACE).order_by(ROWS.due_at).limit(1)


def postpone(session: Session, later: Sequence[tuple[Claim, datetime]]) -> None:
    """Give claims back until their places come; nothing touched the wire.

    Args:
        later: claims that were never marked, each with its place.
    """
    rows = [
        {"of": claim.delivery_id, "held_until": claim.lease_until, "place": place}
        for claim, place in later
    ]
    if rows:
        session.connection().execute(_POSTPONE, rows)


def next_place(session: Session, issue_id: int) -> datetime | None:
    """Return when the first letter of the issue that waits for its place may go."""
    return session.scalar(_NEXT_PLACE, {"issue": issue_id})


def last_place(session: Session, domain: str) -> datetime | None:
    """Return the latest place that a letter to the domain waits for, in any issue.

    Reads all letters that wait for a place: for when an issue is cancelled.
    """
    found: datetime | None = session.scalar(
        select(func.max(ROWS.due_at))
        .join(Subscriber, col(Subscriber.id) == ROWS.subscriber_id)
        .where(
            ROWS.status == _PENDING,
            ROWS.paced_attempt.is_not(None),
            col(Subscriber.address).endswith(f"@{domain}", autoescape=True),
        )
    )
    return found


def whose_place_has_come(issue_id: int, *, limit: int, now: datetime) -> Select[int]:
    """Return a question for the ids of letters whose places have come, in order."""
    return (
        select(ROWS.id)
        .where(*_HAS_A_PLACE, ROWS.due_at <= now)
        .order_by(ROWS.due_at)
        .limit(limit)
        .params(issue=issue_id)
    )
