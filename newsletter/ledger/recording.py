"""How letters went: outcomes become statuses, many letters in one call."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from newsletter.ledger.entries import Claim, RetryPolicy
from newsletter.ledger.rows import ROWS, TABLE, WAITING
from newsletter.outcome import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Uncertain,
)
from newsletter.tables import DeliveryStatus
from subscribers.bounces import count_bounces, forget_bounces

LONGEST_REASON = 500


# Built once: at ten letters a commit, building it each time cost more than running it.
_RECORD = (
    update(TABLE)
    .where(
        ROWS.id == bindparam("of"),
        ROWS.status == DeliveryStatus.SENDING,
        ROWS.lease_until == bindparam("held_until"),
    )
    .values(
        status=bindparam("new_status"),
        due_at=func.coalesce(
            bindparam("retry_at", type_=ROWS.due_at.type), ROWS.due_at
        ),
        finished_at=bindparam("ended_at"),
        lease_until=None,
        attempts=ROWS.attempts - bindparam("uncounted"),
        doubts=ROWS.doubts + bindparam("doubt"),
        code=bindparam("reply_code"),
        reason=bindparam("why"),
    )
)


def record(
    session: Session,
    results: Iterable[tuple[Claim, Outcome]],
    *,
    now: datetime,
    retry: RetryPolicy,
) -> None:
    """Write down how letters went; one call, many letters."""
    results = list(results)
    if not results:
        return
    rows = [_result(claim, outcome, now, retry) for claim, outcome in results]
    session.connection().execute(_RECORD, rows)
    _count_bounces(session, results, now=now)


def _count_bounces(
    session: Session, results: Sequence[tuple[Claim, Outcome]], *, now: datetime
) -> None:
    """Count who is not there; whoever was not and is again starts at 0."""
    dead = [
        claim.delivery_id
        for claim, outcome in results
        if isinstance(outcome, Rejected) and outcome.is_no_such_person
    ]
    if dead:
        # Only those that were just written down: another process may hold the letter.
        failed = select(ROWS.subscriber_id).where(
            ROWS.id.in_(dead),
            ROWS.status == DeliveryStatus.FAILED,
            ROWS.finished_at == now,
        )
        count_bounces(session, session.scalars(failed).all())
    back = [
        claim.subscriber_id
        for claim, outcome in results
        if claim.bounces and isinstance(outcome, Accepted)
    ]
    forget_bounces(session, back)


def _result(
    claim: Claim, outcome: Outcome, now: datetime, retry: RetryPolicy
) -> dict[str, Any]:
    """Return what the ledger keeps of one outcome."""
    status, retry_at = _next_step(claim, outcome, now, retry)
    final = status not in WAITING
    unreached = status is DeliveryStatus.PENDING
    return {
        "of": claim.delivery_id,
        "held_until": claim.lease_until,
        "new_status": status,
        "retry_at": retry_at,
        "ended_at": now if final else None,
        "uncounted": int(unreached),
        "doubt": int(status is DeliveryStatus.UNCERTAIN),
        "reply_code": None if isinstance(outcome, Uncertain) else outcome.code,
        "why": outcome.reason[:LONGEST_REASON],
    }


def _next_step(
    claim: Claim, outcome: Outcome, now: datetime, retry: RetryPolicy
) -> tuple[DeliveryStatus, datetime | None]:
    """Return the status that follows from *outcome*, and when to try again."""
    retry_at = retry.retry_at(claim.attempts, now=now)
    give_up_at = claim.dated_at + retry.give_up_after
    match outcome:
        case Accepted():
            return DeliveryStatus.SENT, None
        case Uncertain():
            return DeliveryStatus.UNCERTAIN, None
        case Deferred(is_relay_away=True):
            # No relay was reached: not this letter's fault, and not an attempt.
            return DeliveryStatus.PENDING, None
        case Rejected() | Deferred() if outcome.command.is_at_the_door:
            # The relay says so before it hears of a reader: fails nobody, ever.
            return DeliveryStatus.DEFERRED, retry_at
        case Deferred() if retry_at <= give_up_at:
            return DeliveryStatus.DEFERRED, retry_at
        case Rejected(ours=True) if retry_at <= give_up_at or not retry.is_spent(
            claim.attempts
        ):
            # One reader's host may refuse us for good; that issue must end, too. But
            # days in which the issue was paused were no tries.
            return DeliveryStatus.DEFERRED, retry_at
        case _:
            return DeliveryStatus.FAILED, None
