"""What the ledger can be asked: counts of an issue, the history of a person."""

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlmodel import Session, col

from newsletter.ledger.entries import HistoryLine, Tally, TipHad, Trouble
from newsletter.ledger.rows import MOST_DOUBTS, ROWS, UNFINISHED, WAITING
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus, Tip
from subscribers.tables import Subscriber


def tally(session: Session, issue_id: int) -> Tally:
    """Count the letters of an issue by where they stand."""
    rows = session.execute(
        select(col(Delivery.status), func.count())
        .where(col(Delivery.issue_id) == issue_id)
        .group_by(col(Delivery.status))
    )
    return Tally(**{status.value: count for status, count in rows})


def is_finished(session: Session, issue_id: int, *, resending: bool) -> bool:
    """Tell whether no letter of the issue waits for anything.

    Args:
        resending: whether letters of unknown outcome are sent once more.
    """
    open_rows: ColumnElement[bool] = col(Delivery.status).in_(UNFINISHED)
    if resending:
        doubtful = col(Delivery.status) == DeliveryStatus.UNCERTAIN
        open_rows = or_(open_rows, doubtful & (col(Delivery.doubts) <= MOST_DOUBTS))
    found = session.scalar(
        select(col(Delivery.id))
        .where(col(Delivery.issue_id) == issue_id, open_rows)
        .limit(1)
    )
    return found is None


def left_open(session: Session) -> list[int]:
    """Return the cancelled issues that a process still had letters of in hand.

    It was killed, or the issue was cancelled in the moment between two looks.
    """
    in_hand = (
        select(col(Delivery.id))
        .where(
            col(Delivery.issue_id) == col(Issue.id),
            col(Delivery.status).in_(UNFINISHED),
        )
        .exists()
    )
    found = select(col(Issue.id)).where(
        col(Issue.status) == IssueStatus.CANCELLED, in_hand
    )
    return list(session.scalars(found))


def count_due(session: Session, issue_id: int, *, now: datetime, limit: int) -> int:
    """Count the letters that may be claimed now, looking at *limit* of them at most."""
    found = 0
    # One status at a time, as in `claim`: the index then holds them side by side.
    for status in WAITING:
        due = (
            select(col(Delivery.id))
            .where(
                col(Delivery.issue_id) == issue_id,
                col(Delivery.status) == status,
                col(Delivery.due_at) <= now,
            )
            .limit(limit - found)
        )
        counted = select(func.count()).select_from(due.subquery())
        found += session.scalar(counted) or 0
    return found


def last_sent(session: Session) -> tuple[Slot, datetime] | None:
    """Return the issue and time of the last letter recorded as sent, if any was."""
    row = session.execute(
        select(col(Issue.slot), col(Delivery.finished_at))
        .join(Issue, col(Issue.id) == col(Delivery.issue_id))
        .where(col(Delivery.status) == DeliveryStatus.SENT)
        .order_by(col(Delivery.finished_at).desc())
        .limit(1)
    ).first()
    return (Slot.parse(row[0]), row[1]) if row else None


def went_at(session: Session, subscriber_id: int, issue_id: int) -> datetime | None:
    """Return when a person's letter of an issue left us; None when it did not."""
    whose = {"person": subscriber_id, "issue": issue_id}
    row = session.connection().execute(_WENT, whose).first()
    # What is on the wire has no end yet.
    return (row.finished_at or row.dated_at) if row else None


# Made once: hundreds of people may leave in a second, right after their letters.
_WENT = select(ROWS.finished_at, ROWS.dated_at).where(
    ROWS.issue_id == bindparam("issue"),
    ROWS.subscriber_id == bindparam("person"),
    or_(
        ROWS.status == DeliveryStatus.SENT,
        ROWS.status == DeliveryStatus.SENDING,
        ROWS.status == DeliveryStatus.UNCERTAIN,
    ),
)


def in_hand(session: Session) -> int:
    """Return how many letters a process has in hand, or had when it ended."""
    held = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
    found = select(func.count()).where(col(Delivery.status).in_(held))
    return session.scalar(found) or 0


def history(session: Session, subscriber_id: int) -> list[HistoryLine]:
    """Return every tip a person was or is to be sent, newest first."""
    rows = session.execute(
        select(Delivery, col(Issue.slot), col(Tip.slug), col(Tip.title))
        .join(Issue, col(Issue.id) == col(Delivery.issue_id))
        .join(Tip, col(Tip.id) == col(Delivery.tip_id))
        .where(col(Delivery.subscriber_id) == subscriber_id)
        .order_by(col(Issue.slot).desc(), col(Delivery.id).desc())
    )
    return [
        HistoryLine(
            slot=Slot.parse(slot),
            tip_slug=slug,
            tip_title=title,
            status=row.status,
            at=row.finished_at,
            attempts=row.attempts,
            doubts=row.doubts,
            reason=row.reason,
        )
        for row, slot, slug, title in rows
    ]


def had(
    session: Session, subscriber_id: int, *, before: int | None = None, limit: int
) -> list[TipHad]:
    """Return the tips that a person was sent, newest first.

    Args:
        before: the letter of the last one on the page before; None for the first page.
        limit: how many at most.
    """
    arrived = (DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)
    query = (
        select(
            col(Delivery.id),
            col(Delivery.issue_id),
            col(Issue.slot),
            col(Tip.slug),
            col(Tip.title),
            col(Delivery.finished_at),
        )
        .join(Issue, col(Issue.id) == col(Delivery.issue_id))
        .join(Tip, col(Tip.id) == col(Delivery.tip_id))
        .where(
            col(Delivery.subscriber_id) == subscriber_id,
            col(Delivery.status).in_(arrived),
        )
    )
    if before is not None:
        query = query.where(col(Delivery.id) < before)
    rows = session.execute(query.order_by(col(Delivery.id).desc()).limit(limit))
    return [
        TipHad(letter, issue, Slot.parse(slot), slug, title, at)
        for letter, issue, slot, slug, title, at in rows
    ]


def troubles(session: Session, issue_id: int, *, limit: int = 20) -> list[Trouble]:
    """Return letters that failed, wait for another try, or are in doubt."""
    rows = session.execute(
        select(
            col(Subscriber.address),
            col(Delivery.status),
            col(Delivery.attempts),
            col(Delivery.code),
            col(Delivery.reason),
        )
        .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .where(
            col(Delivery.issue_id) == issue_id,
            col(Delivery.status).in_(
                (
                    DeliveryStatus.FAILED,
                    DeliveryStatus.DEFERRED,
                    DeliveryStatus.UNCERTAIN,
                )
            ),
        )
        .order_by(col(Delivery.id))
        .limit(limit)
    )
    return [Trouble(*row) for row in rows]
