"""Automatic letters: written down when they become necessary, until each has gone.

A letter is posted in the transaction that makes it necessary, such as a sign-up, so
that a crash loses none and a rollback sends none. Whoever sends claims letters for the
time of a lease. All SQL about them is here. Knows nothing of templates or SMTP: the
sender brings back how each one went.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlmodel import Session, SQLModel, col

from newsletter.tables import AutomaticLetter, LetterKind
from subscribers.tables import Subscriber, SubscriberStatus

LONGEST_REASON = 500
# Said of a letter whose outcome nobody knows (RFC 1047).
IN_DOUBT = "no answer came"
# One that still waits says all that another one of its kind could.
_ONCE = {
    LetterKind.CONFIRM,
    LetterKind.REMIND,
    LetterKind.KNOWN,
    LetterKind.WELCOME,
    LetterKind.GOODBYE,
}
# What somebody wrote, and nobody could write again: it waits until it was taken. A
# second copy of it does no harm.
NEVER_LOST = {LetterKind.CONTACT}
# Whom a letter of a kind may still go to; a kind that is not here goes in any case.
_ACTIVE = {SubscriberStatus.ACTIVE}
_ONLY_TO = {
    LetterKind.CONFIRM: set(SubscriberStatus) - _ACTIVE,
    LetterKind.REMIND: {SubscriberStatus.PENDING},
    LetterKind.KNOWN: _ACTIVE,
    LetterKind.WELCOME: _ACTIVE,
    LetterKind.GOODBYE: {SubscriberStatus.UNSUBSCRIBED},
    LetterKind.NEW_ADDRESS: _ACTIVE,
    LetterKind.AGAIN: _ACTIVE,
}

# Made once and run as it is: hundreds of people may sign up in a second.
_WRITE = insert(SQLModel.metadata.tables[str(AutomaticLetter.__tablename__)]).inline()


@dataclass(frozen=True)
class WaitingLetter:
    """A letter that was claimed to be sent; times are UTC.

    Attributes:
        uid: the left side of its Message-ID, the same on every try.
        name: what the subscriber is called, if it is to one and that is known.
        facts: what its template says.
        lease_until: when the claim ends; also its fence: whoever lost it changes
            nothing.
        attempts: tries so far, this one included.
        was_in_doubt: it may have left before.
    """

    id: int
    kind: LetterKind
    uid: str
    subscriber_id: int | None
    address: str
    name: str
    facts: Mapping[str, object]
    created_at: datetime
    lease_until: datetime
    attempts: int
    was_in_doubt: bool


@dataclass(frozen=True)
class Queue:
    """The letters that wait, and since when the oldest does, in UTC; None if none."""

    letters: int
    since: datetime | None


def post(
    session: Session,
    kind: LetterKind,
    address: str,
    *,
    facts: Mapping[str, object],
    subscriber_id: int | None,
    to_hash: str,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Write a letter down, to be sent once the caller has committed.

    Args:
        facts: what its template says beside what every letter says; JSON values.
        subscriber_id: whose links are in it; None when it is to somebody else.
        to_hash: the address as `AddressHasher` gives it.
        due_at: not before then; None for at once.

    Returns:
        Whether it was written; False when one of its kind already waits for them.
    """
    if kind in _ONCE and _waits_already(session, kind, to_hash):
        return False
    letter = {
        "kind": kind,
        "uid": f"{kind.value}.{uuid4().hex}",
        "subscriber_id": subscriber_id,
        "to_address": address,
        "to_hash": to_hash,
        "facts": json.dumps(dict(facts), ensure_ascii=False),
        "created_at": now,
        "due_at": due_at or now,
        "attempts": 0,
        "reason": "",
    }
    session.connection().execute(_WRITE, letter)
    return True


def asked_lately(session: Session, to_hash: str, *, since: datetime) -> int:
    """Return how many letters were written to this address since then."""
    count: int = session.execute(
        select(func.count()).where(
            col(AutomaticLetter.to_hash) == to_hash,
            col(AutomaticLetter.created_at) >= since,
        )
    ).scalar_one()
    return count


@dataclass(frozen=True)
class WrittenLetter:
    """A letter that was written to one person; `ended_at` is None while it waits."""

    kind: LetterKind
    created_at: datetime
    ended_at: datetime | None


def written_to(session: Session, subscriber_id: int) -> tuple[WrittenLetter, ...]:
    """Return what was written to a person lately and is not cleared yet."""
    rows = session.execute(
        select(
            col(AutomaticLetter.kind),
            col(AutomaticLetter.created_at),
            col(AutomaticLetter.ended_at),
        )
        .where(col(AutomaticLetter.subscriber_id) == subscriber_id)
        .order_by(col(AutomaticLetter.id))
    )
    return tuple(WrittenLetter(*row) for row in rows)


def forget(session: Session, subscriber_id: int) -> None:
    """Drop what still waits for this person, and unname what was sent to them.

    The hash and the time of what was sent stay a while: they limit the mail that
    anybody can ask for to one address.
    """
    theirs = col(AutomaticLetter.subscriber_id) == subscriber_id
    waits = col(AutomaticLetter.ended_at).is_(None)
    session.execute(delete(AutomaticLetter).where(theirs, waits))
    session.execute(
        update(AutomaticLetter)
        .where(theirs)
        .values(subscriber_id=None, to_address="", facts="{}")
        .execution_options(synchronize_session=False)
    )


def is_due(session: Session, *, now: datetime) -> bool:
    """Tell whether any letter waits to be sent; cheap enough to ask all day."""
    found = select(col(AutomaticLetter.id)).where(*_due(now)).limit(1)
    return session.scalar(found) is not None


def count_waiting(session: Session) -> int:
    """Return how many letters wait, whether or not they are due."""
    return look(session).letters


def look(session: Session) -> Queue:
    """Tell how many letters wait, whether or not they are due, and since when."""
    letters, since = session.execute(
        select(func.count(), func.min(col(AutomaticLetter.created_at))).where(
            col(AutomaticLetter.ended_at).is_(None)
        )
    ).one()
    return Queue(letters, since)


def messages_held_up(session: Session) -> tuple[int, str]:
    """Return how many messages to the operator were tried in vain, and why the last."""
    waits = (
        col(AutomaticLetter.kind).in_(NEVER_LOST),
        col(AutomaticLetter.ended_at).is_(None),
        col(AutomaticLetter.reason) != "",
    )
    newest = select(col(AutomaticLetter.reason)).where(*waits)
    reason = session.scalar(newest.order_by(col(AutomaticLetter.id).desc()).limit(1))
    if reason is None:
        return 0, ""
    counted = select(func.count()).select_from(AutomaticLetter).where(*waits)
    return session.scalar(counted) or 0, reason


def claim(
    session: Session,
    *,
    limit: int,
    now: datetime,
    lease: timedelta,
    resend: bool = True,
) -> list[WaitingLetter]:
    """Take letters that are due, the oldest first; two workers never get the same.

    A letter whose lease lapsed was in the hands of a process that died: it may have
    left, so it is taken once more, with the same Message-ID, and never again, unless
    it must not be lost. One that came too late ends: its reader left meanwhile, or
    confirmed by another one.

    Args:
        resend: whether a letter in doubt is taken once more; else it ends.
    """
    rows = session.scalars(
        select(AutomaticLetter)
        .where(*_due(now))
        .order_by(col(AutomaticLetter.due_at), col(AutomaticLetter.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    people = _people(session, rows)
    claimed = []
    for row in rows:
        lapsed = row.lease_until is not None
        name, status = people.get(row.subscriber_id, ("", None))
        may_end = lapsed and row.kind not in NEVER_LOST
        if may_end and (row.reason == IN_DOUBT or not resend):
            _end(row, IN_DOUBT, now=now)
            continue
        if status and status not in _ONLY_TO.get(row.kind, {status}):
            _end(row, f"its reader is {status} meanwhile", now=now)
            continue
        row.reason = IN_DOUBT if lapsed else row.reason
        row.lease_until = now + lease
        row.attempts += 1
        claimed.append(_view(row, name))
    session.flush()
    return claimed


def release(session: Session, letters: Sequence[WaitingLetter]) -> None:
    """Give back letters that never touched the wire; they are due as before."""
    for letter in letters:
        _record(session, letter, lease_until=None, attempts=letter.attempts - 1)


def finish(
    session: Session, letter: WaitingLetter, *, now: datetime, reason: str = ""
) -> None:
    """End a letter: it was sent, or never will be. Its address is forgotten."""
    _record(
        session,
        letter,
        ended_at=now,
        lease_until=None,
        to_address="",
        facts="{}",
        reason=reason[:LONGEST_REASON],
    )


def retry(
    session: Session,
    letter: WaitingLetter,
    *,
    at: datetime,
    reason: str,
    in_doubt: bool = False,
) -> None:
    """Let a letter be tried again at *at*.

    Args:
        in_doubt: it may have left, so the next try is the last.
    """
    in_doubt = in_doubt or letter.was_in_doubt
    why = IN_DOUBT if in_doubt else reason[:LONGEST_REASON]
    _record(session, letter, due_at=at, lease_until=None, reason=why)


def clear(session: Session, *, ended_before: datetime) -> int:
    """Delete letters that ended before then, and return how many that were."""
    gone = session.execute(
        delete(AutomaticLetter)
        .where(col(AutomaticLetter.ended_at) < ended_before)
        .returning(col(AutomaticLetter.id))
    )
    return len(gone.all())


def _waits_already(session: Session, kind: LetterKind, to_hash: str) -> bool:
    found = select(col(AutomaticLetter.id)).where(
        col(AutomaticLetter.to_hash) == to_hash,
        col(AutomaticLetter.kind) == kind,
        col(AutomaticLetter.ended_at).is_(None),
        # One in hand may be on the wire, with older facts.
        col(AutomaticLetter.lease_until).is_(None),
    )
    return session.scalar(found.limit(1)) is not None


def _people(
    session: Session, rows: Sequence[AutomaticLetter]
) -> dict[int | None, tuple[str, SubscriberStatus]]:
    ids = [row.subscriber_id for row in rows if row.subscriber_id is not None]
    if not ids:
        return {}
    found = session.execute(
        select(col(Subscriber.id), col(Subscriber.name), col(Subscriber.status)).where(
            col(Subscriber.id).in_(ids)
        )
    )
    return {row.id: (row.name, row.status) for row in found}


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lease = col(AutomaticLetter.lease_until)
    return (
        col(AutomaticLetter.ended_at).is_(None),
        col(AutomaticLetter.due_at) <= now,
        or_(lease.is_(None), lease <= now),
    )


def _record(session: Session, letter: WaitingLetter, **values: object) -> None:
    """Write down how a letter went, unless its lease was lost."""
    session.execute(
        update(AutomaticLetter)
        .where(
            col(AutomaticLetter.id) == letter.id,
            col(AutomaticLetter.lease_until) == letter.lease_until,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _end(row: AutomaticLetter, reason: str, *, now: datetime) -> None:
    row.ended_at, row.lease_until, row.reason = now, None, reason
    row.to_address, row.facts = "", "{}"


def _view(row: AutomaticLetter, name: str) -> WaitingLetter:
    assert row.id is not None  # noqa: S101 - it was read from the database
    assert row.lease_until is not None  # noqa: S101 - it was just claimed
    return WaitingLetter(
        id=row.id,
        kind=row.kind,
        uid=row.uid,
        subscriber_id=row.subscriber_id,
        address=row.to_address,
        name=name,
        facts=json.loads(row.facts),
        created_at=row.created_at,
        lease_until=row.lease_until,
        attempts=row.attempts,
        was_in_doubt=row.reason == IN_DOUBT,
    )
