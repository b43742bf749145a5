"""Both engines keep the same manners."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from newsletter.tables import Installation


def test_times_come_back_in_utc(engine: Engine) -> None:
    """An aware time in any zone is read back as the same instant, in UTC."""
    stored = datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=5)))
    with Session(engine) as session:
        session.add(Installation(uid="one", created_at=stored))
        session.commit()

    with Session(engine) as session:
        found = session.exec(select(Installation)).one().created_at

    assert found == stored
    assert found.tzinfo is UTC


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    """A row that points nowhere is refused on both engines."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
