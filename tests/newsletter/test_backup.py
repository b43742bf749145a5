"""A backup holds everything, and comes back on either engine, fenced."""

import shutil
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Date,
    Engine,
    Enum,
    Integer,
    String,
    delete,
    select,
    text,
)
from sqlmodel import Session, SQLModel, col
from sqlmodel.sql.sqltypes import AutoString

from newsletter import backup, db, fence
from newsletter.errors import BackupRefused, DatabaseProblem, Fenced
from newsletter.tables import (
    AutomaticLetter,
    DeliveryStatus,
    Installation,
    LabelKind,
    LetterKind,
    Notice,
    NoticeKind,
    RateCount,
    RateDay,
    RateScope,
    TipComment,
    TipLabel,
    TipVotes,
)
from subscribers.columns import UtcDateTime
from subscribers.tables import (
    AddressChange,
    Consent,
    ConsentStep,
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_subscriber, make_tip

# What a careless copy would change: quoting, line ends, wide letters, empty or none.
AWKWARD = "Zoë\tsaid:\r\n\\N is \"not\" nothing, \\t; 'so' 👋 | ,\n"
INSTANT = datetime(2026, 11, 24, 9, 0, 0, 1, tzinfo=UTC)
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def source(released: Engine) -> Engine:
    """A database of this release, with something awkward in every table."""
    with db.transaction(released) as session:
        _fill(session)
    return released


def _fill(session: Session) -> None:
    session.add(Installation(uid="0f3c2a17", created_at=NOW, high_water=7))
    tip = make_tip(session, "one", title=AWKWARD, pin=date(2026, 12, 24), origin="")
    make_tip(session, "two", body="", position=-1)
    session.add(TipLabel(tip_id=tip.id, kind=LabelKind.TAG, slug="a", name=AWKWARD))
    session.add(
        TipComment(tip_id=tip.id, origin="c1", body=AWKWARD, written_at=INSTANT)
    )
    session.add(
        Notice(kind=NoticeKind.RELAY_AWAY, key="k", message=AWKWARD, created_at=NOW)
    )
    session.add(RateScope(scope="", taken_until=INSTANT))
    session.add(RateCount(minute=INSTANT, letters=3))
    session.add(RateDay(sender="tips@tips.example", began_at=INSTANT, letters=3))
    issue = make_issue(session, tip, html=AWKWARD, finished_at=INSTANT)
    for status in DeliveryStatus:
        make_delivery(session, issue, status=status, dated_at=INSTANT, code=250)
    # Ids that were given out and are gone must not come back.
    zoe = make_subscriber(
        session, "zoe@example.org", name=AWKWARD, signed_up_at=INSTANT
    )
    _fill_what_people_did(session, zoe.id or 0, tip.id or 0)
    gone = make_subscriber(session, "gone@example.org")
    session.execute(delete(Subscriber).where(col(Subscriber.id) == gone.id))


def _fill_what_people_did(session: Session, person: int, tip: int) -> None:
    session.add(TipVotes(tip_id=tip, useful=3, not_useful=1))
    session.add(
        Consent(
            subscriber_id=person, step=ConsentStep.ASKED, at=INSTANT, wording=AWKWARD
        )
    )
    session.add(
        Departure(
            subscriber_id=person,
            at=INSTANT,
            way=DepartureWay.PAGE,
            state=DepartureState.UNDONE,
            why=AWKWARD,
        )
    )
    session.add(
        AddressChange(
            subscriber_id=person,
            old_address="zoe@example.com",
            new_address="zoe@example.org",
            asked_at=INSTANT,
        )
    )
    session.add(
        Suppression(
            address_hash="5" * 64, reason=SuppressionReason.ERASED, since=INSTANT
        )
    )
    session.add(
        AutomaticLetter(
            kind=LetterKind.WELCOME,
            uid="welcome.1",
            subscriber_id=person,
            to_address="zoe@example.org",
            to_hash="5" * 64,
            facts='{"said": "\\n"}',
            created_at=INSTANT,
            due_at=INSTANT,
        )
    )


def rows_of(engine: Engine) -> Rows:
    """Return every row of every table, but for where the database is."""
    found: Rows = {}
    with Session(engine) as session:
        for table in SQLModel.metadata.sorted_tables:
            asked = [column for column in table.columns if column.name != "place"]
            rows = session.execute(select(*asked).order_by(*table.primary_key))
            found[table.name] = [tuple(row) for row in rows]
    return found


def test_everything_comes_back_from_either_engine_on_either(
    source: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """All tables, all rows, all values; the counts are those of the file."""
    file = tmp_path / "tips.backup"

    kept = backup.back_up(source, file, now=NOW)
    brought = backup.restore(empty_engine, file, now=NOW)

    before, after = rows_of(source), rows_of(empty_engine)
    assert all(before.values()), "a table without a row proves nothing"
    assert after == before
    assert brought == kept == {name: len(rows) for name, rows in before.items()}
    db.check(empty_engine)


def test_ids_go_on_where_they_were(
    source: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """An id whose row is gone is not given out again: an old signed link names it."""
    with Session(source) as session:
        last = max(row.id or 0 for row in session.scalars(select(Subscriber)))
    backup.back_up(source, tmp_path / "b", now=NOW)
    backup.restore(empty_engine, tmp_path / "b", now=NOW)

    with Session(empty_engine) as session:
        made = make_subscriber(session, "new@example.org")
        assert made.id == last + 2
        assert make_tip(session, "new").id == 3
        session.commit()


def test_tables_without_a_row_begin_at_one(
    empty_engine: Engine, tmp_path: Path
) -> None:
    """A backup of a new installation is one, too."""
    new = db.connect(f"sqlite:///{tmp_path / 'new.db'}")
    db.upgrade(new, now=NOW)
    backup.back_up(new, tmp_path / "b", now=NOW)
    new.dispose()

    backup.restore(empty_engine, tmp_path / "b", now=NOW)

    with Session(empty_engine) as session:
        assert make_subscriber(session).id == 1


def test_a_backup_is_one_file_of_its_owner(source: Engine, tmp_path: Path) -> None:
    """It holds addresses; nothing is left beside it."""
    folder = tmp_path / "backups"
    folder.mkdir()

    backup.back_up(source, folder / "b", now=NOW)

    assert [path.name for path in folder.iterdir()] == ["b"]
    assert (folder / "b").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_of_one_instant_and_holds_nobody_up(
    source: Engine, tmp_path: Path
) -> None:
    """A writer in the middle of a transaction neither waits for it nor is seen."""
    with Session(source) as writing:
        make_subscriber(writing, "unseen@example.org")

        kept = backup.back_up(source, tmp_path / "b", now=NOW)

        make_subscriber(writing, "later@example.org")
        writing.commit()
    before = rows_of(source)
    assert kept["subscriber"] == len(before["subscriber"]) - 2


def test_a_copy_never_sends_by_itself(
    source: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """Neither the restored database nor the backup used as one, whatever the mark."""
    mark = fence.mark_path(source, tmp_path)
    with db.transaction(source) as session:
        fence.check(session, mark)
    backup.back_up(source, tmp_path / "b.db", now=NOW)
    backup.restore(empty_engine, tmp_path / "b.db", now=NOW)
    itself = db.connect(f"sqlite:///{tmp_path / 'b.db'}")

    for copied in (empty_engine, itself):
        there = fence.mark_path(copied, tmp_path)
        if there != mark:
            shutil.copy(mark, there)
        with (
            db.transaction(copied) as session,
            pytest.raises(Fenced, match="restored from a backup"),
        ):
            fence.check(session, there)
    itself.dispose()
    with db.transaction(source) as session:
        fence.check(session, mark)


def test_a_backup_never_replaces_a_file(source: Engine, tmp_path: Path) -> None:
    """The old one stays as it is."""
    file = tmp_path / "b"
    file.write_text("precious", "utf-8")

    with pytest.raises(BackupRefused, match="it is there already"):
        backup.back_up(source, file, now=NOW)

    assert file.read_text("utf-8") == "precious"


def test_a_backup_that_fails_leaves_nothing(source: Engine, tmp_path: Path) -> None:
    """A full disk, here one that holds no byte, leaves no half of a file."""
    with pytest.raises(OSError, match="No such file"):
        backup.back_up(source, tmp_path / "nowhere" / "b", now=NOW)
    with source.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'x'"))
    before = sorted(path.name for path in tmp_path.iterdir())

    with pytest.raises(DatabaseProblem, match="newer release"):
        backup.back_up(source, tmp_path / "b", now=NOW)

    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_database_with_something_in_it_is_left_alone(
    source: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """Refused with the table that has rows, and with the way on; nothing changes."""
    backup.back_up(source, tmp_path / "b", now=NOW)
    db.upgrade(empty_engine, now=NOW)
    with db.transaction(empty_engine) as session:
        make_subscriber(session, "here@example.org")
    before = rows_of(empty_engine)

    with pytest.raises(BackupRefused, match="its table subscriber has rows"):
        backup.restore(empty_engine, tmp_path / "b", now=NOW)

    assert rows_of(empty_engine) == before


def test_a_restore_that_fails_leaves_the_database_empty(
    source: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """All of it, or nothing: a letter to nobody undoes what came before."""
    file = tmp_path / "b"
    backup.back_up(source, file, now=NOW)
    broken = sqlite3.connect(file)
    broken.execute("UPDATE delivery SET subscriber_id = 404 WHERE id = 1")
    broken.commit()
    broken.close()

    with pytest.raises(BackupRefused, match="does not fit together"):
        backup.restore(empty_engine, file, now=NOW)

    found = rows_of(empty_engine)
    assert len(found.pop("installation")) == 1
    assert not any(found.values())


def test_what_is_no_backup_is_named(empty_engine: Engine, tmp_path: Path) -> None:
    """Each with what is wrong, before the database is touched."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all, " * 200, "utf-8")
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('0000')")
    connection.commit()
    connection.close()
    for file, says in (
        (tmp_path / "none", "there is no such file"),
        (letter, "it is no backup"),
        (other, r"of another release \(0000\)"),
    ):
        with pytest.raises(BackupRefused, match=says):
            backup.restore(empty_engine, file, now=NOW)

    with pytest.raises(DatabaseProblem, match="no tables yet"):
        db.check(empty_engine)


def test_a_file_cut_short_is_refused(source: Engine, tmp_path: Path) -> None:
    """A copy that broke off on its way is found before anything is restored."""
    file = tmp_path / "b"
    backup.back_up(source, file, now=NOW)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    target = db.connect(f"sqlite:///{tmp_path / 'target.db'}")

    with pytest.raises(BackupRefused, match=r"damaged|no backup"):
        backup.restore(target, file, now=NOW)
    target.dispose()


def test_every_kind_of_column_is_one_that_a_backup_knows() -> None:
    """A new kind needs a thought about how both engines write it."""
    texts: tuple[type[Any], ...] = (Enum, String, AutoString)
    known = (*texts, UtcDateTime, Boolean, Date, Integer)

    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            assert isinstance(column.type, known), f"{table.name}.{column.name}"
