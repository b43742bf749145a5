"""What the ledger promises, asked of every row: each answer should be none.

Questions for `newsletter verify` alone. The unique indexes and the steps make these
true; here nobody takes their word for it.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from newsletter.ledger.rows import UNFINISHED, WAITING
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.tables import Subscriber, SubscriberStatus

IN_HAND = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
FREE = (*WAITING, DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
ON_THE_WIRE = (DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)


def twice_in_an_issue(session: Session) -> int:
    """Return how many readers have more than one letter of the same issue."""
    groups = (
        select(func.count())
        .group_by(col(Delivery.issue_id), col(Delivery.subscriber_id))
        .having(func.count() > 1)
    )
    return _how_many(session, groups.select_from(Delivery))


def twice_in_a_round(session: Session) -> int:
    """Return how many readers have the same tip more than once in a round."""
    groups = (
        select(func.count())
        .where(col(Delivery.round).is_not(None))
        .group_by(
            col(Delivery.tip_id), col(Delivery.subscriber_id), col(Delivery.round)
        )
        .having(func.count() > 1)
    )
    return _how_many(session, groups.select_from(Delivery))


def with_a_wrong_end(session: Session) -> int:
    """Return how many letters are done without a time, or have one and are not."""
    is_open = col(Delivery.status).in_(UNFINISHED)
    has_end = col(Delivery.finished_at).is_not(None)
    return _letters(session, is_open == has_end)


def never_tried(session: Session) -> int:
    """Return how many letters reached the wire without a Date or a counted try.

    A try is counted when its outcome is recorded.
    """
    ended = col(Delivery.status) != DeliveryStatus.SENDING
    return _letters(
        session,
        col(Delivery.status).in_(ON_THE_WIRE),
        or_(col(Delivery.dated_at).is_(None), ended & (col(Delivery.attempts) < 1)),
    )


def with_a_wrong_lease(session: Session) -> int:
    """Return how many letters are in hand without a lease, or have one and are not."""
    lease = col(Delivery.lease_until)
    in_hand, free = col(Delivery.status).in_(IN_HAND), col(Delivery.status).in_(FREE)
    return _letters(
        session, or_(and_(in_hand, lease.is_(None)), and_(free, lease.is_not(None)))
    )


def held_beyond(session: Session, longest: datetime) -> int:
    """Return how many letters in hand would stay so after *longest*."""
    return _letters(
        session,
        col(Delivery.status).in_(IN_HAND),
        col(Delivery.lease_until) > longest,
    )


def unlike_their_issue(session: Session) -> int:
    """Return how many letters have no issue, or carry another tip or round."""
    other_tip = col(Delivery.tip_id) != col(Issue.tip_id)
    other_round = col(Delivery.round) != col(Issue.round)
    # A skipped letter gave its place in the round back; no other has none.
    no_round = and_(
        col(Delivery.round).is_(None), col(Delivery.status) != DeliveryStatus.SKIPPED
    )
    found = (
        select(func.count())
        .select_from(Delivery)
        .outerjoin(Issue, col(Issue.id) == col(Delivery.issue_id))
        .where(or_(col(Issue.id).is_(None), other_tip, other_round, no_round))
    )
    return session.scalar(found) or 0


def begun_after_leaving(session: Session) -> int:
    """Return how many letters were first tried when their reader had left already."""
    found = (
        select(func.count())
        .select_from(Delivery)
        .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .where(
            col(Subscriber.status) != SubscriberStatus.ACTIVE,
            col(Delivery.status).in_(ON_THE_WIRE),
            col(Delivery.dated_at) > col(Subscriber.status_at),
        )
    )
    return session.scalar(found) or 0


def open_in_a_sent_issue(session: Session) -> int:
    """Return how many letters still wait in an issue that says it is sent."""
    found = (
        select(func.count())
        .select_from(Delivery)
        .join(Issue, col(Issue.id) == col(Delivery.issue_id))
        .where(
            col(Issue.status) == IssueStatus.SENT, col(Delivery.status).in_(UNFINISHED)
        )
    )
    return session.scalar(found) or 0


def miscounted(session: Session) -> list[str]:
    """Return the slots of issues that have more or fewer letters than enrolled.

    Letters of a cancelled issue that never left are gone from the ledger.
    """
    letters = func.count(col(Delivery.id))
    rows = session.scalars(
        select(col(Issue.slot))
        .outerjoin(Delivery, col(Delivery.issue_id) == col(Issue.id))
        .where(col(Issue.status) != IssueStatus.CANCELLED)
        .group_by(col(Issue.id), col(Issue.slot), col(Issue.enrolled))
        .having(letters != col(Issue.enrolled))
        .order_by(col(Issue.slot))
    )
    return list(rows)


def _letters(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Delivery).where(*where)) or 0


def _how_many(session: Session, groups: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(groups.subquery())) or 0
