"""A column means the same on both engines."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import CheckConstraint, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from subscribers.columns import enum_type
from subscribers.tables import Subscriber, SubscriberStatus


def make_row(signed_up_at: datetime | None, now: datetime) -> Subscriber:
    """Return a row that only needs to be stored."""
    return Subscriber(
        address="ann@example.org",
        address_key="ann@example.org",
        status=SubscriberStatus.BOUNCED,
        signed_up_at=signed_up_at,
        created_at=now,
        status_at=now,
    )


def test_an_instant_comes_back_as_the_same_in_utc(
    session: Session, now: datetime
) -> None:
    """A time in another zone, to the microsecond, is read back in UTC."""
    written = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=timezone(timedelta(hours=-9)))
    session.add(make_row(written, now))
    session.commit()

    found = session.get_one(Subscriber, 1)

    assert found.signed_up_at == written
    assert found.signed_up_at.tzinfo is UTC


def test_no_instant_stays_none(session: Session, now: datetime) -> None:
    """A date that is not known is read back as None."""
    session.add(make_row(None, now))
    session.commit()

    assert session.get_one(Subscriber, 1).signed_up_at is None


def test_a_naive_time_is_refused(session: Session, now: datetime) -> None:
    """Nobody can know which instant it is, so it is never stored."""
    session.add(make_row(datetime(2026, 3, 4), now))  # noqa: DTZ001 - the point

    with pytest.raises(StatementError, match="has no time zone"):
        session.flush()


def test_a_status_is_stored_as_its_value(session: Session, now: datetime) -> None:
    """The database has the word of the glossary, and Python its enum."""
    session.add(make_row(None, now))
    session.commit()

    stored = session.execute(text("SELECT status FROM subscriber")).scalar_one()

    assert stored == "bounced"
    assert session.get_one(Subscriber, 1).status is SubscriberStatus.BOUNCED


def test_a_new_status_needs_no_migration() -> None:
    """Statuses are text without a list of them in the database."""
    kind = enum_type(SubscriberStatus)

    assert not kind.native_enum
    assert not kind.create_constraint
    assert not any(
        isinstance(part, CheckConstraint)
        for part in Subscriber.__table__.constraints  # type: ignore[attr-defined]
    )
