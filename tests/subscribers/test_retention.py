"""Who left long ago is found, and nobody else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from subscribers import retention
from subscribers.tables import SubscriberStatus, SuppressionReason
from tests.factories import make_subscriber

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def put(session: Session, status: SubscriberStatus, days: int) -> int:
    """Put somebody on the list who has stood so for some days."""
    since = NOW - timedelta(days=days)
    return make_subscriber(session, status=status, status_at=since).id or 0


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (SubscriberStatus.UNSUBSCRIBED, SuppressionReason.LEFT),
        (SubscriberStatus.BOUNCED, SuppressionReason.BOUNCED),
        (SubscriberStatus.COMPLAINED, SuppressionReason.COMPLAINED),
    ],
)
def test_who_left_before_then_is_overdue(
    session: Session, status: SubscriberStatus, reason: SuppressionReason
) -> None:
    """With the reason that stays; who left since then is not."""
    old = put(session, status, days=31)
    put(session, status, days=29)

    found = retention.overdue(session, before=NOW - timedelta(days=30), limit=9)

    assert found == (retention.Overdue(old, reason),)


@pytest.mark.parametrize(
    "status",
    [SubscriberStatus.ACTIVE, SubscriberStatus.PENDING, SubscriberStatus.ERASED],
)
def test_nobody_else_ever_is(session: Session, status: SubscriberStatus) -> None:
    """However long they have stood so."""
    put(session, status, days=9_999)

    assert retention.overdue(session, before=NOW, limit=9) == ()


def test_the_first_who_left_come_first(session: Session) -> None:
    """And no more than asked for, so that no transaction gets long."""
    ids = [put(session, SubscriberStatus.UNSUBSCRIBED, days=n) for n in (5, 9, 7)]

    found = retention.overdue(session, before=NOW, limit=2)

    assert [line.subscriber_id for line in found] == [ids[1], ids[2]]


def test_an_index_answers(
    session: Session, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    """The question is asked at every ring, so it must not read the whole list."""
    with count_queries() as asked:
        retention.overdue(session, before=NOW, limit=9)
    if session.get_bind().dialect.name != "sqlite":
        # PostgreSQL reads a table of no rows as a whole, with good reason.
        return
    plan = session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {asked[0]}", ("2026", 9, 0)[: asked[0].count("?")]
    )

    assert "ix_subscriber_gone" in str(plan.all())
