"""A database that is not what it should be is found out."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from newsletter import db, soundness
from newsletter.tables import LabelKind, TipLabel
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_tip


def test_a_sound_database_has_nothing_to_say(session: Session) -> None:
    """No finding where there is no fault."""
    make_delivery(session, make_issue(session))

    assert soundness.damaged(session) == []
    assert soundness.dangling(session) == []
    assert soundness.unlike_the_release(session) == []


def test_a_missing_index_is_named(session: Session) -> None:
    """What the promises rest on is looked for; strange tables are left alone."""
    session.execute(text("DROP INDEX uq_delivery_round"))
    session.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))

    assert soundness.unlike_the_release(session) == [
        "index uq_delivery_round is missing"
    ]


def test_a_missing_column_or_table_is_named(empty_engine: Engine) -> None:
    """Whatever a hand in the database took away."""
    db.upgrade(empty_engine, now=NOW)
    with db.transaction(empty_engine) as session:
        session.execute(text("DROP TABLE tip_comment"))
        session.execute(text("ALTER TABLE notice DROP COLUMN mailed_at"))

    with db.snapshot(empty_engine) as session:
        found = soundness.unlike_the_release(session)

    assert "table tip_comment is missing" in found
    assert "column mailed_at is missing" in found


def test_a_reference_to_nothing_is_counted(empty_engine: Engine) -> None:
    """Rows that point nowhere, as a hand with the references off can leave them."""
    db.upgrade(empty_engine, now=NOW)
    with db.transaction(empty_engine) as session:
        tip = make_tip(session)
        session.add(TipLabel(tip_id=tip.id, kind=LabelKind.TAG, slug="a", name="A"))
    _lose_the_tips(empty_engine)

    with db.snapshot(empty_engine) as session:
        assert soundness.dangling(session) == ["1 of tip_label point to no tip"]


def _lose_the_tips(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        connection = sqlite3.connect(str(engine.url.database))
        connection.execute("DELETE FROM tip")
        connection.commit()
        connection.close()
        return
    with engine.begin() as there:
        there.execute(text("SET LOCAL session_replication_role = replica"))
        there.execute(text("DELETE FROM tip"))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_damaged_file_is_found(engine: Engine) -> None:
    """A page of an index that was overwritten, as a bad disk does."""
    with db.transaction(engine) as session:
        for number in range(500):
            make_tip(session, f"tip-{number}", body="x" * 500)
    engine.dispose()
    file = Path(str(engine.url.database))
    whole = bytearray(file.read_bytes())
    place = whole.find(b"tip-250")
    whole[place : place + 7] = b"tip-999"
    file.write_bytes(whole)

    with db.snapshot(engine) as session:
        assert soundness.damaged(session)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_an_index_that_failed_to_build_is_found(engine: Engine) -> None:
    """It is there by name, and forbids nothing."""
    outside = engine.execution_options(isolation_level="AUTOCOMMIT")
    with db.transaction(engine) as session:
        make_tip(session, position=1)
        make_tip(session, position=1)
    build = "CREATE UNIQUE INDEX CONCURRENTLY uq_broken ON tip (position)"
    with outside.connect() as connection:
        with pytest.raises(Exception, match="could not create unique index"):
            connection.execute(text(build))
        try:
            with db.snapshot(engine) as session:
                assert soundness.damaged(session) == ["index uq_broken is not valid"]
        finally:
            connection.execute(text("DROP INDEX uq_broken"))
