"""Who is to get an issue: enrolled in one statement, withdrawn when it is cancelled."""

from datetime import datetime

from sqlalchemy import Select, delete, insert, literal, select, text
from sqlmodel import Session, col

from newsletter.ledger.rows import ROWS, WAITING
from newsletter.tables import Delivery, DeliveryStatus, Issue


def enrol(
    session: Session,
    issue_id: int,
    audience: Select[int],
    *,
    due_at: datetime,
) -> int:
    """Write a pending delivery for everybody in *audience*: one statement.

    Measured with 1,000,000 people: 1.6 s on SQLite, 7.2 s on PostgreSQL 18.

    Whoever already has this tip in this round is left out.

    Returns:
        How many were enrolled.
    """
    issue = session.get_one(Issue, issue_id)
    people = audience.subquery()
    person = people.c[0]
    has_it = (
        select(col(Delivery.id))
        .where(
            col(Delivery.tip_id) == issue.tip_id,
            col(Delivery.subscriber_id) == person,
            col(Delivery.round) == issue.round,
        )
        .exists()
    )
    rows = select(
        literal(issue.id),
        literal(issue.tip_id),
        person,
        literal(issue.round),
        literal(DeliveryStatus.PENDING, ROWS.status.type),
        literal(due_at, ROWS.due_at.type),
        literal(0),
        literal(0),
        literal(""),
    ).where(~has_it)
    if session.get_bind().dialect.name == "postgresql":
        # A table of which the statistics say that it is empty would be read from end to
        # end for each person. Measured after ANALYZE: 200,000 people in 4 s, without
        # this not in 90 s.
        session.execute(text("SET LOCAL enable_nestloop = off"))
    names = "issue_id tip_id subscriber_id round status due_at attempts doubts reason"
    result = session.execute(
        insert(Delivery).from_select(names.split(), rows),
        execution_options={"preserve_rowcount": True},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def withdraw(session: Session, issue_id: int) -> int:
    """Take letters that never left out of the ledger, when an issue is cancelled.

    Their readers were sent nothing, so the tip can reach them in a later issue. What is
    on the wire keeps its row, and so does what another process writes down right now:
    to wait for it with rows of ours locked would be a deadlock on PostgreSQL, since
    that process may come to those next. It gives its letters back and withdraws them
    itself when it notices.

    Returns:
        How many letters were withdrawn.
    """
    free = (
        select(col(Delivery.id))
        .where(
            col(Delivery.issue_id) == issue_id,
            col(Delivery.status).in_((*WAITING, DeliveryStatus.CLAIMED)),
        )
        .with_for_update(skip_locked=True)
    )
    gone = session.execute(
        delete(Delivery).where(col(Delivery.id).in_(free)),
        execution_options={"synchronize_session": False},
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
