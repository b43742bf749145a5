"""Staying with fewer letters: a pause that ends by itself, and every second week.

A pause also works in the middle of an issue; `audience` says how. Nobody's place is
lost: what they were sent is in the ledger, and they go on from there.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from subscribers import consent
from subscribers.consent import Trace
from subscribers.tables import ConsentStep, Subscriber, SubscriberStatus

# A pause that is meant to be longer is a goodbye, and coming back is easy.
LONGEST_PAUSE_WEEKS = 26
RHYTHMS = (1, 2)


def pause(
    session: Session,
    subscriber_id: int,
    *,
    weeks: int,
    trace: Trace,
    now: datetime,
) -> datetime | None:
    """Send an active person nothing for so many weeks from now on.

    Args:
        weeks: 1 to 26; another pause begins anew.
        trace: where they asked for it.

    Returns:
        Until when; None when there is no such active person.
    """
    until = now + timedelta(weeks=min(max(weeks, 1), LONGEST_PAUSE_WEEKS))
    if not _write(session, subscriber_id, paused_until=until):
        return None
    words = f"until {until:%Y-%m-%d %H:%M} UTC"
    trace = replace(trace, wording=f"{trace.wording} ({words})".strip())
    consent.note_trace(session, subscriber_id, ConsentStep.PAUSED, trace, now=now)
    return until


def go_on(session: Session, subscriber_id: int) -> bool:
    """End a person's pause before its time; tell whether there was such a person."""
    return _write(session, subscriber_id, paused_until=None)


def end_pauses(session: Session, *, now: datetime) -> int:
    """Let everybody whose pause has passed get letters again.

    Returns:
        How many came back.
    """
    over = col(Subscriber.paused_until) <= now
    if session.execute(select(col(Subscriber.id)).where(over).limit(1)).first() is None:
        return 0
    back = session.execute(
        update(Subscriber)
        .where(over)
        .values(paused_until=None)
        .returning(col(Subscriber.id))
        .execution_options(synchronize_session=False)
    )
    return len(back.all())


def set_rhythm(
    session: Session, subscriber_id: int, *, every_weeks: int, since_week: int
) -> bool:
    """Send an active person a tip every week, or every second one.

    Args:
        every_weeks: 1 or 2.
        since_week: a week in which it is their turn, as `audience.week_ordinal` gives
            it.

    Returns:
        Whether there is such a person.

    Raises:
        ValueError: *every_weeks* is something else.
    """
    if every_weeks not in RHYTHMS:
        raise ValueError(f"every {every_weeks} weeks is no rhythm; {RHYTHMS} are")
    values = {"every_weeks": every_weeks, "since_week": since_week}
    return _write(session, subscriber_id, **values)


def _write(session: Session, subscriber_id: int, **values: object) -> bool:
    changed = session.execute(
        update(Subscriber)
        .where(
            col(Subscriber.id) == subscriber_id,
            col(Subscriber.status) == SubscriberStatus.ACTIVE,
        )
        .values(**values)
        .returning(col(Subscriber.id))
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
