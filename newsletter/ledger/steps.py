"""The steps of a letter before it has an outcome: claim, mark, release.

The `lease_until` of a claim is also its fence: whoever lost the lease changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    case,
    exists,
    func,
    select,
    true,
    update,
)
from sqlmodel import Session, col

from newsletter.ledger.entries import Claim, Freed
from newsletter.ledger.pacing import whose_place_has_come
from newsletter.ledger.rows import (
    MOST_DOUBTS,
    ROWS,
    TABLE,
    among,
    as_json,
    as_text,
    engine_of,
    prepared,
    still_held,
)
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.audience import may_be_mailed
from subscribers.tables import Subscriber


def claim(
    session: Session,
    issue_id: int,
    *,
    limit: int,
    now: datetime,
    lease: timedelta,
    places_first: bool = False,
) -> list[Claim]:
    """Take up to *limit* letters that are due; whoever left meanwhile is skipped.

    Two workers never get the same one: PostgreSQL passes over locked rows, SQLite lets
    one writer in at a time.

    Args:
        places_first: before others, letters whose place in a domain's rate has come;
            else they would miss it, being due later than those that never waited.

    Returns:
        The claims; none only when nothing is due that another worker does not hold.
    """
    # One status at a time, so that the index gives the order. Measured with 100,000
    # waiting rows: both at once sorted them all, in 60 ms on SQLite and 470 ms on
    # PostgreSQL.
    kinds: list[ColumnElement[bool]] = [
        col(Delivery.status) == DeliveryStatus.DEFERRED,
        col(Delivery.status) == DeliveryStatus.PENDING,
    ]
    if places_first:
        placed = whose_place_has_come(issue_id, limit=limit, now=now)
        kinds.insert(0, col(Delivery.id).in_(placed))
    for kind in kinds:
        # When everybody in a handful has left, others may still wait behind them.
        while due := _due(session, issue_id, kind, limit=limit, now=now):
            _skip(session, [row.id for row in due if not row.mailable], now=now)
            staying = [row for row in due if row.mailable]
            if staying:
                return _hold(session, staying, now=now, until=now + lease)
    return []


def _hold(
    session: Session, rows: Sequence[Any], *, now: datetime, until: datetime
) -> list[Claim]:
    """Write the claims down, with the Date that a letter keeps from now on."""
    engine = engine_of(session)
    _HOLD[engine].run(
        session,
        rows=as_json((row[0],) for row in rows),
        until=as_text(until, engine),
        at=as_text(now, engine),
    )
    return [
        Claim(
            number,
            issue,
            person,
            address,
            name,
            joined,
            attempts,
            dated_at or now,
            until,
            place=place,
            bounces=bounces,
        )
        for (
            number,
            issue,
            person,
            address,
            name,
            joined,
            attempts,
            dated_at,
            place,
            bounces,
            _,
        ) in rows
    ]


def _due(
    session: Session,
    issue_id: int,
    kind: ColumnElement[bool],
    *,
    limit: int,
    now: datetime,
) -> Sequence[Any]:
    """Lock letters that are due, and say of each whether its reader may be mailed.

    The columns are in the order of a claim.
    """
    return session.execute(
        select(
            col(Delivery.id),
            col(Delivery.issue_id),
            col(Delivery.subscriber_id),
            col(Subscriber.address),
            col(Subscriber.name),
            col(Subscriber.signed_up_at),
            col(Delivery.attempts),
            col(Delivery.dated_at),
            _PLACE,
            col(Subscriber.bounces),
            may_be_mailed().label("mailable"),
        )
        .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .where(
            col(Delivery.issue_id) == issue_id,
            kind,
            col(Delivery.due_at) <= now,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    ).all()


# Read by the database: a moment for every letter that has no place costs memory.
_PLACE = case((ROWS.paced_attempt == ROWS.attempts + 1, ROWS.due_at)).label("place")


def mark_sending(
    session: Session, claims: Sequence[Claim], *, now: datetime, lease: timedelta
) -> list[Claim]:
    """Write down that these messages touch the wire next, and renew their lease.

    This is the last moment at which the way out, a pause or a cancelled issue can
    still work: whoever left since the claim is skipped, and nothing is marked unless
    the issue is going out.

    Returns:
        The claims whose message may leave now, in the same order.
    """
    if not claims:
        return []
    engine = engine_of(session)
    until = now + lease
    rows = _held(claims, engine)
    found = _MARK[engine].run(session, rows=rows, until=as_text(until, engine))
    marked = {number for (number,) in found}
    if len(marked) < len(claims):
        left = _LEFT[engine].run(session, rows=rows)
        _skip(session, [number for (number,) in left], now=now)
    return [
        claim._replace(lease_until=until, is_marked=True)
        for claim in claims
        if claim.delivery_id in marked
    ]


def release(session: Session, claims: Sequence[Claim]) -> None:
    """Give claims back that were never marked; nothing touched the wire."""
    if claims:
        engine = engine_of(session)
        _RELEASE[engine].run(session, rows=_held(claims, engine))


def release_lapsed(session: Session, issue_id: int, *, now: datetime) -> int:
    """Free what a killed process had in hand, once its lease is over.

    Claimed letters go back to pending. Letters marked as sending may have reached the
    relay, so they become uncertain (RFC 1047).

    Returns:
        How many became uncertain.
    """
    lapsed = col(Delivery.lease_until) <= now
    return give_up(session, issue_id, lapsed, now=now).doubtful


def give_up(
    session: Session, issue_id: int, which: ColumnElement[bool], *, now: datetime
) -> Freed:
    """Take letters out of the hands of those who will never record them."""
    theirs = (col(Delivery.issue_id) == issue_id, which)
    waiting = _free(session, *theirs)
    doubtful = session.execute(
        update(Delivery)
        .where(*theirs, col(Delivery.status) == DeliveryStatus.SENDING)
        .values(
            status=DeliveryStatus.UNCERTAIN,
            lease_until=None,
            finished_at=now,
            attempts=col(Delivery.attempts) + 1,
            doubts=col(Delivery.doubts) + 1,
            reason="the sending process ended before the relay's answer was recorded",
        )
        .execution_options(synchronize_session=False)
    )
    return Freed(waiting, int(doubtful.rowcount))  # type: ignore[attr-defined]


def resend_uncertain(session: Session, issue_id: int, *, now: datetime) -> int:
    """Let letters of unknown outcome be sent once more; return how many.

    Their Message-ID and Date stay the same, so that the receiver can drop the copy.
    """
    return _again(session, issue_id, col(Delivery.doubts) <= MOST_DOUBTS, now=now)


def resend_held(session: Session, issue_id: int, *, now: datetime) -> int:
    """Let all letters of unknown outcome be sent once more, as the operator decided."""
    return _again(session, issue_id, true(), now=now)


def _again(
    session: Session, issue_id: int, which: ColumnElement[bool], *, now: datetime
) -> int:
    again = session.execute(
        update(Delivery)
        .where(
            col(Delivery.issue_id) == issue_id,
            col(Delivery.status) == DeliveryStatus.UNCERTAIN,
            which,
        )
        # Behind all that wait: a process that is killed again and again must not meet
        # the same letters each time.
        .values(status=DeliveryStatus.PENDING, due_at=now, finished_at=None)
        .execution_options(synchronize_session=False)
    )
    return int(again.rowcount)  # type: ignore[attr-defined]


def _held(claims: Sequence[Claim], engine: str) -> str:
    """Return what `_still_held` is asked of claims."""
    return as_json(
        (claim.delivery_id, as_text(claim.lease_until, engine)) for claim in claims
    )


def _still_held(engine: str) -> list[ColumnElement[bool]]:
    """Return the condition that a letter handed in is claimed, and still by us."""
    columns = (ROWS.id, ROWS.lease_until)
    return still_held(engine, columns, DeliveryStatus.CLAIMED)[1]


_READER_STAYS = (
    exists()
    .where(col(Subscriber.id) == ROWS.subscriber_id, may_be_mailed())
    .correlate(TABLE)
)
# Not EXISTS, which PostgreSQL would begin with: all letters of all issues going out.
_GOES_OUT = (
    select(col(Issue.status))
    .where(col(Issue.id) == ROWS.issue_id)
    .correlate(TABLE)
    .scalar_subquery()
) == IssueStatus.SENDING
# Where a claimed letter stands when it is given back. What was never tried has no Date
# yet: it may wait for days.
_WAITS_AGAIN = {
    "status": DeliveryStatus.PENDING,
    "lease_until": None,
    "dated_at": case((ROWS.attempts + ROWS.doubts > 0, ROWS.dated_at)),
}
_MARK = prepared(
    lambda engine: (
        update(TABLE)
        .where(*_still_held(engine), _READER_STAYS, _GOES_OUT)
        .values(
            status=DeliveryStatus.SENDING,
            lease_until=bindparam("until", type_=ROWS.lease_until.type),
        )
        .returning(ROWS.id)
    )
)
_LEFT = prepared(
    lambda engine: select(ROWS.id).where(*_still_held(engine), ~_READER_STAYS)
)
_RELEASE = prepared(
    lambda engine: update(TABLE).where(*_still_held(engine)).values(**_WAITS_AGAIN)
)
_HOLD = prepared(
    lambda engine: (
        update(TABLE)
        .where(among(engine))
        .values(
            status=DeliveryStatus.CLAIMED,
            lease_until=bindparam("until", type_=ROWS.lease_until.type),
            dated_at=func.coalesce(
                ROWS.dated_at, bindparam("at", type_=ROWS.dated_at.type)
            ),
        )
    )
)


def _free(session: Session, *where: ColumnElement[bool]) -> int:
    freed = session.execute(
        update(TABLE)
        .where(*where, ROWS.status == DeliveryStatus.CLAIMED)
        .values(**_WAITS_AGAIN)
    )
    return int(freed.rowcount)  # type: ignore[attr-defined]


def _skip(session: Session, delivery_ids: Sequence[int], *, now: datetime) -> None:
    """Skip letters of people who left or paused, and give their round back."""
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(col(Delivery.id).in_(delivery_ids))
            .values(
                status=DeliveryStatus.SKIPPED,
                round=None,
                finished_at=now,
                reason="left or paused before the letter went out",
            )
            .execution_options(synchronize_session=False)
        )
