"""The proof that a person wanted this mail: every step written down, none ever changed.

A step says what was done, when (UTC), on which page, from which network, and which
words the person was shown.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlmodel import Session, SQLModel, col

from subscribers.tables import Consent, ConsentStep

LONGEST_PAGE = 200

_NOTE = insert(SQLModel.metadata.tables[str(Consent.__tablename__)]).inline()


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One step of the proof; `at` is UTC."""

    step: ConsentStep
    at: datetime
    page: str
    network: str
    wording: str
    form_version: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a step was done: the page, the network, and the words that were shown."""

    page: str = ""
    network: str = ""
    wording: str = ""
    form_version: str = ""


def note(
    session: Session,
    subscriber_id: int,
    step: ConsentStep,
    *,
    now: datetime,
    page: str = "",
    network: str = "",
    wording: str = "",
    form_version: str = "",
) -> None:
    """Write a step down.

    Args:
        page: where it was done, such as ``/join/``.
        network: where it came from, shortened to its network.
        wording: what the person was shown and agreed to.
        form_version: which version of the form that was.
    """
    step_taken = {
        "subscriber_id": subscriber_id,
        "step": step,
        "at": now,
        "page": page[:LONGEST_PAGE],
        "network": network,
        "wording": wording,
        "form_version": form_version,
    }
    # Made once and run as it is: hundreds of people may leave in a second.
    session.connection().execute(_NOTE, step_taken)


def note_trace(
    session: Session,
    subscriber_id: int,
    step: ConsentStep,
    trace: Trace,
    *,
    now: datetime,
) -> None:
    """Write a step down, with all that is known of where it was done."""
    note(
        session,
        subscriber_id,
        step,
        now=now,
        page=trace.page,
        network=trace.network,
        wording=trace.wording,
        form_version=trace.form_version,
    )


def history(session: Session, subscriber_id: int) -> tuple[ConsentLine, ...]:
    """Return every step of one person, oldest first."""
    rows = session.scalars(
        select(Consent)
        .where(col(Consent.subscriber_id) == subscriber_id)
        .order_by(col(Consent.id))
    )
    return tuple(
        ConsentLine(
            row.step, row.at, row.page, row.network, row.wording, row.form_version
        )
        for row in rows
    )


def count_asked(session: Session, *, since: datetime, most: int) -> int:
    """Return how many times somebody asked to join since then, at most *most*.

    The cap keeps the question cheap in the middle of an attack.
    """
    asked = (
        select(col(Consent.id))
        .where(col(Consent.step) == ConsentStep.ASKED, col(Consent.at) >= since)
        .limit(most)
        .subquery()
    )
    count: int = session.execute(select(func.count()).select_from(asked)).scalar_one()
    return count
