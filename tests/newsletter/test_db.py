"""Both engines keep the same manners."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Event

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, select

from newsletter import db, search
from newsletter.config import Durability
from newsletter.errors import DatabaseProblem
from newsletter.tables import Installation, LabelKind, TipLabel

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


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


def test_foreign_keys_are_enforced(session: Session) -> None:
    """A row that points nowhere is refused on both engines."""
    label = TipLabel(tip_id=404, kind=LabelKind.TAG, slug="lost", name="Lost")
    session.add(label)

    with pytest.raises(IntegrityError):
        session.flush()


def test_migrations_lead_to_the_tables_of_the_code(empty_engine: Engine) -> None:
    """From blank to head, the database has exactly what the metadata says."""
    db.upgrade(empty_engine, now=NOW)

    with empty_engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, *_: not search.is_ours(name),
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    db.check(empty_engine)


def test_upgrade_twice_changes_nothing(empty_engine: Engine) -> None:
    """The installation keeps its id and its birthday when it is upgraded again."""
    db.upgrade(empty_engine, now=NOW)
    with Session(empty_engine) as session:
        founded = db.installation(session).uid

    db.upgrade(empty_engine, now=NOW + timedelta(days=365))

    with Session(empty_engine) as session:
        assert db.installation(session).uid == founded
        assert db.installation(session).created_at == NOW


def test_an_empty_database_says_how_to_make_its_tables(empty_engine: Engine) -> None:
    """A database without tables is refused with the command that mends it."""
    with pytest.raises(DatabaseProblem, match="newsletter upgrade"):
        db.check(empty_engine)


def test_an_unreachable_database_hides_its_password() -> None:
    """The error names the database, not its password, on one line."""
    engine = db.connect("postgresql://tips:hunter2@127.0.0.1:1/tips")

    with pytest.raises(DatabaseProblem, match=r"database\.url") as caught:
        db.check(engine)

    assert "hunter2" not in str(caught.value)
    assert str(caught.value).endswith("refused. Check database.url.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://localhost/tips", "no url at all"])
def test_other_databases_are_refused(url: str) -> None:
    """Only SQLite and PostgreSQL are known, and the error says so."""
    with pytest.raises(DatabaseProblem, match=r"database\.url"):
        db.connect(url)


def test_a_row_is_inserted_once(session: Session) -> None:
    """The second insert of the same key is told that it came second."""
    row = {"id": 1, "uid": "one", "created_at": NOW}

    assert db.insert_once(session, Installation, row) == 1
    assert db.insert_once(session, Installation, row) is None


def test_a_failed_block_leaves_nothing(engine: Engine) -> None:
    """What a transaction wrote before an error is gone."""

    def write_and_fail() -> None:
        with db.transaction(engine) as session:
            session.add(Installation(uid="one", created_at=NOW))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    with Session(engine) as session:
        assert session.get(Installation, 1) is None


def test_a_database_that_fails_at_work_is_said_in_words(engine: Engine) -> None:
    """No more room, or a server that hangs up: which database, and what it said."""

    def break_down() -> None:
        with db.transaction(engine) as session:
            if engine.dialect.name == "sqlite":
                session.execute(text("PRAGMA max_page_count = 1"))
                session.execute(text("CREATE TABLE more (x)"))
            else:
                session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseProblem) as caught:
        break_down()

    assert db.shown(engine) in str(caught.value)
    assert "full" in str(caught.value) or "terminat" in str(caught.value)


def test_a_kept_session_commits_what_it_wrote_and_no_more(engine: Engine) -> None:
    """Each commit is seen by others; what came after the last one is gone in the end.

    Whoever gets the connection next has the usual manners.
    """
    with db.transaction(engine) as session:
        session.add(Installation(uid="one", created_at=NOW))

    with db.kept_session(engine) as kept:
        for uid in ("two", "three"):
            db.installation(kept).uid = uid
            kept.commit()
            assert _uid(engine) == uid
        db.installation(kept).uid = "four"
        kept.flush()
    assert _uid(engine) == "three"

    with db.transaction(engine) as session:
        db.installation(session).uid = "five"
        session.flush()
        session.rollback()
    assert _uid(engine) == "three"


def test_a_kept_session_that_fails_leaves_nothing(engine: Engine) -> None:
    """An error undoes what was not committed, whichever way it went to the driver."""
    with db.transaction(engine) as session:
        session.add(Installation(uid="one", created_at=NOW))

    def write_and_fail() -> None:
        with db.kept_session(engine) as kept:
            driver = kept.connection().connection.driver_connection
            assert driver
            driver.execute("UPDATE installation SET uid = 'two'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    assert _uid(engine) == "one"


def test_what_the_driver_says_itself_is_said_in_words(engine: Engine) -> None:
    """Statements that go straight to the driver fail as clearly as all others."""

    def break_down() -> None:
        with db.kept_session(engine) as kept:
            driver = kept.connection().connection.driver_connection
            assert driver
            if engine.dialect.name == "sqlite":
                driver.execute("PRAGMA max_page_count = 1")
                driver.execute("CREATE TABLE more (x)")
            else:
                driver.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseProblem) as caught:
        break_down()

    assert "full" in str(caught.value) or "terminat" in str(caught.value)


def _uid(engine: Engine) -> str:
    with db.transaction(engine) as session:
        return db.installation(session).uid


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds addresses: nobody else on the machine may read it."""
    path = tmp_path / "newsletter.db"
    engine = db.connect(f"sqlite:///{path}")

    db.upgrade(engine, now=NOW)
    engine.dispose()

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("durability", Durability)
def test_durability_is_what_the_engine_does(
    tmp_path: Path, postgresql_url: str, durability: Durability
) -> None:
    """Full waits for the disk at each commit, normal does not."""
    is_full = durability is Durability.FULL
    sqlite = db.connect(f"sqlite:///{tmp_path / 'x.db'}", durability=durability)
    postgresql = db.connect(postgresql_url, durability=durability)

    with sqlite.connect() as connection:
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    with postgresql.connect() as connection:
        waits = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    sqlite.dispose()
    postgresql.dispose()

    assert synchronous == (2 if is_full else 1)
    assert waits == ("on" if is_full else "off")


def test_a_connection_notices_within_half_a_minute_that_the_other_side_is_gone(
    postgresql_url: str,
) -> None:
    """Both sides ask after 15 s of silence; neither waits for hours."""
    engine = db.connect(postgresql_url)
    _, given = engine.dialect.create_connect_args(engine.url)

    with engine.connect() as connection:
        idle = "SHOW idle_in_transaction_session_timeout"
        stopped = connection.exec_driver_sql(idle).scalar()
        raw = connection.connection.driver_connection
        ours = raw.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()

    assert stopped == "10min"
    assert {name: ours[name] for name in db.LINK} == db.LINK
    assert not given.keys() & db.LINK.keys()
    for name, value in db.SERVER_LINK.items():
        assert f"-c {name}={value}" in ours["options"]


def test_what_the_url_says_of_the_connection_wins(postgresql_url: str) -> None:
    """An operator whose network needs more patience can say so."""
    engine = db.connect(f"{postgresql_url}&tcp_user_timeout=90000")

    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        ours = raw.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()

    assert ours["tcp_user_timeout"] == "90000"
    assert ours["keepalives_idle"] == "15"


def test_other_clients_are_told_the_same_way_to_the_database(
    postgresql_url: str,
) -> None:
    """The words for libpq lead to the same database, with the same patience."""
    odd = make_url(postgresql_url).set(password="a+b c@'\\d")
    engine = db.connect(odd.render_as_string(hide_password=False))

    with psycopg.connect(db.conninfo(engine)) as connection:
        theirs = connection.info.get_parameters()
        reached = connection.info.dbname, connection.info.password
        stopped = "SHOW idle_in_transaction_session_timeout"
        (patience,) = connection.execute(stopped).fetchone() or ("",)

    assert reached == (engine.url.database, "a+b c@'\\d")
    assert patience == "10min"
    assert {name: theirs[name] for name in db.LINK} == db.LINK


def test_connections_that_were_needed_at_once_are_kept(engine: Engine) -> None:
    """As many as the site has threads are opened once, not again for each click."""
    same = db.connect(engine.url.render_as_string(hide_password=False))
    opened: list[object] = []
    event.listen(same, "connect", lambda line, _record: opened.append(line))

    for _ in range(2):
        with ExitStack() as at_once:
            for _ in range(12):
                at_once.enter_context(same.connect())
    same.dispose()

    assert len(opened) == 12


def test_a_snapshot_sees_one_instant_and_holds_nobody_up(engine: Engine) -> None:
    """What is committed after its first question is not in it, and was not held up."""
    with db.snapshot(engine) as reading:
        assert reading.scalars(select(Installation)).all() == []

        with db.transaction(engine) as writing:
            writing.add(Installation(uid="one", created_at=NOW))

        assert reading.scalars(select(Installation)).all() == []
    with db.snapshot(engine) as reading:
        assert len(reading.scalars(select(Installation)).all()) == 1


def test_a_check_waits_for_no_writer(empty_engine: Engine) -> None:
    """Every command asks first, also in the middle of somebody's long write."""
    db.upgrade(empty_engine, now=NOW)

    with db.transaction(empty_engine) as writing:
        db.installation(writing).uid = "another"
        writing.flush()

        db.check(empty_engine)


def test_an_impatient_writer_takes_the_first_gap(engine: Engine) -> None:
    """It waits for a busy writer, and is there as soon as that one has committed."""
    with db.transaction(engine) as session:
        session.add(Installation(uid="x", created_at=NOW))
    held = Event()

    def hold() -> None:
        with db.transaction(engine) as session:
            session.execute(text("UPDATE installation SET uid = 'y'"))
            held.set()
            time.sleep(0.3)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(hold)
        assert held.wait(30)
        with db.transaction(engine.execution_options(impatient=True)) as session:
            session.execute(text("UPDATE installation SET uid = uid || 'z'"))
        other.result()

    with Session(engine) as session:
        assert session.exec(select(Installation.uid)).one() == "yz"


def test_an_impatient_writer_gives_up_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another one writes for too long, as any writer does."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    engine = db.connect(f"sqlite:///{tmp_path / 'x.db'}")

    with db.transaction(engine) as session:
        session.execute(text("SELECT 1"))
        with (
            pytest.raises(DatabaseProblem, match="locked"),
            db.transaction(engine.execution_options(impatient=True)) as other,
        ):
            other.execute(text("SELECT 1"))

    engine.dispose()
