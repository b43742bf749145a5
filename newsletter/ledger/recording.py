"""How letters went: outcomes become statuses, many letters in one call."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, case, func, or_, select, update
from sqlmodel import Session

from newsletter.ledger.entries import Claim, RetryPolicy
from newsletter.ledger.rows import (
    ROWS,
    TABLE,
    WAITING,
    as_json,
    as_text,
    engine_of,
    prepared,
    still_held,
)
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
IN_HAND = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


def record(
    session: Session,
    results: Iterable[tuple[Claim, Outcome]],
    *,
    now: datetime,
    retry: RetryPolicy,
) -> None:
    """Write down how letters went; one call, many letters.

    A letter need not be marked when the relay refused its reader: then its message
    never touched the wire. Whoever lost the lease of a letter changes nothing.
    """
    engine = engine_of(session)
    sent, others, back, dead = [], [], [], []
    for claim, outcome in results:
        if type(outcome) is Accepted:
            if claim.bounces:
                back.append(claim.subscriber_id)
            held = as_text(claim.lease_until, engine)
            reason = outcome.reason[:LONGEST_REASON]
            sent.append((claim.delivery_id, held, outcome.code, reason))
        else:
            others.append(_result(claim, outcome, now, retry))
            if type(outcome) is Rejected and outcome.is_no_such_person:
                dead.append(claim.delivery_id)
    if sent:
        _SENT[engine].run(session, rows=as_json(sent), at=as_text(now, engine))
    if others:
        session.connection().execute(_RECORD, others)
    if dead:
        count_bounces(session, _failed(session, dead, now=now))
    # Whoever was not there and is again starts at 0.
    forget_bounces(session, back)


def _failed(
    session: Session, delivery_ids: Sequence[int], *, now: datetime
) -> Sequence[int]:
    """Return whose letters were just written down as failed, and not by another."""
    found = select(ROWS.subscriber_id).where(
        ROWS.id.in_(delivery_ids),
        ROWS.status == DeliveryStatus.FAILED,
        ROWS.finished_at == now,
    )
    return session.scalars(found).all()


def _sent(engine: str) -> Update:
    columns = (ROWS.id, ROWS.lease_until, ROWS.code, ROWS.reason)
    letter, held = still_held(engine, columns, DeliveryStatus.SENDING)
    return (
        update(TABLE)
        .where(*held)
        .values(
            status=DeliveryStatus.SENT,
            finished_at=bindparam("at", type_=ROWS.finished_at.type),
            lease_until=None,
            attempts=ROWS.attempts + 1,
            code=letter.code,
            reason=letter.reason,
        )
    )


_SENT = prepared(_sent)
_RECORD = (
    update(TABLE)
    .where(
        ROWS.id == bindparam("of"),
        or_(*(ROWS.status == status for status in IN_HAND)),
        ROWS.lease_until == bindparam("held_until"),
    )
    .values(
        status=bindparam("new_status"),
        due_at=func.coalesce(
            bindparam("retry_at", type_=ROWS.due_at.type), ROWS.due_at
        ),
        finished_at=bindparam("ended_at"),
        lease_until=None,
        # What never reached a relay has no Date yet: it may be days until one is back.
        dated_at=case((bindparam("tried") + ROWS.doubts > 0, ROWS.dated_at)),
        attempts=bindparam("tried"),
        doubts=ROWS.doubts + bindparam("doubt"),
        code=bindparam("reply_code"),
        reason=bindparam("why"),
    )
)


def _result(
    claim: Claim, outcome: Outcome, now: datetime, retry: RetryPolicy
) -> dict[str, Any]:
    """Return what the ledger keeps of one outcome."""
    status, retry_at = _next_step(claim, outcome, now, retry)
    final = status not in WAITING
    reached = status is not DeliveryStatus.PENDING
    return {
        "of": claim.delivery_id,
        "held_until": claim.lease_until,
        "new_status": status,
        "retry_at": retry_at,
        "ended_at": now if final else None,
        "tried": claim.attempts + reached,
        "doubt": int(status is DeliveryStatus.UNCERTAIN),
        "reply_code": None if isinstance(outcome, Uncertain) else outcome.code,
        "why": outcome.reason[:LONGEST_REASON],
    }


def _next_step(
    claim: Claim, outcome: Outcome, now: datetime, retry: RetryPolicy
) -> tuple[DeliveryStatus, datetime | None]:
    """Return the status that follows from *outcome*, and when to try again."""
    retry_at = retry.retry_at(claim.attempts + 1, now=now)
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
            claim.attempts + 1
        ):
            # One reader's host may refuse us for good; that issue must end, too. But
            # days in which the issue was paused were no tries.
            return DeliveryStatus.DEFERRED, retry_at
        case _:
            return DeliveryStatus.FAILED, None
