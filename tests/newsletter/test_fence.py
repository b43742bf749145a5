"""A copied, restored or older database does not send until it is taken over."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text, update
from sqlmodel import Session

from newsletter import db, fence
from newsletter.config import Durability
from newsletter.errors import DatabaseProblem, Fenced
from newsletter.tables import Installation
from tests.conftest import NOW

UID = "0f3c2a17-5b1e-4b55-9d0e-1d7f3a1b2c3d"
# A copy of a file is made on SQLite only, many machines share only a PostgreSQL.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def founded(engine: Engine) -> Engine:
    """A database that was founded and never sent."""
    with db.transaction(engine) as session:
        session.add(Installation(uid=UID, created_at=NOW))
    return engine


@pytest.fixture
def mark(founded: Engine, tmp_path: Path) -> Path:
    """Where the mark of that database is kept."""
    return fence.mark_path(founded, tmp_path)


@pytest.fixture
def live(founded: Engine, mark: Path) -> Engine:
    """A database that has sent."""
    enter(founded, mark)
    go_on(founded, mark)
    return founded


def enter(engine: Engine, mark: Path) -> None:
    """Do what a sending process does at its beginning."""
    with db.transaction(engine) as session:
        fence.check(session, mark)


def go_on(engine: Engine, mark: Path) -> None:
    """Do what a sending process does before letters leave."""
    with db.transaction(engine) as session:
        made = fence.advance(session)
    fence.keep(made, mark)


def take_over(engine: Engine, mark: Path) -> None:
    """Do what `newsletter takeover` does."""
    with db.transaction(engine) as session:
        made = fence.take_over(session, mark)
    fence.keep(made, mark)


def doubt(engine: Engine, mark: Path) -> str:
    """Return why a database may not send."""
    with db.snapshot(engine) as session:
        return fence.doubt(session, mark)


def set_back(engine: Engine, **values: object) -> None:
    """Write into the installation what an older or foreign database would say."""
    with db.transaction(engine) as session:
        session.execute(update(Installation).values(**values))


def copy_of(engine: Engine, target: Path) -> Engine:
    """Return an engine on a copy of a SQLite database, made as files are copied."""
    # The last connection to close moves the log into the file.
    engine.dispose()
    shutil.copy(str(engine.url.database), target)
    return db.connect(f"sqlite:///{target}")


def test_a_new_database_becomes_the_live_one_by_itself(
    founded: Engine, mark: Path
) -> None:
    """No ceremony: it takes its seat, and the mark stands before anything is sent."""
    enter(founded, mark)

    with Session(founded) as session:
        found = db.installation(session)
    assert found.seat
    assert found.place
    assert json.loads(mark.read_text("utf-8")) == {
        "uid": UID,
        "seat": found.seat,
        "high_water": 0,
    }
    assert mark.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in mark.parent.glob("*.new")] == []


def test_the_live_one_goes_on(live: Engine, mark: Path) -> None:
    """Every step raises both sides by one, and the check lets it pass."""
    enter(live, mark)
    go_on(live, mark)

    assert doubt(live, mark) == ""
    assert json.loads(mark.read_text("utf-8"))["high_water"] == 2
    with Session(live) as session:
        assert db.installation(session).high_water == 2


def test_a_step_is_one_statement(
    live: Engine, count_queries: Callable[[], object]
) -> None:
    """It is asked for each handful of letters, so it must be cheap."""
    with count_queries() as statements, db.transaction(live) as session:  # type: ignore[attr-defined]
        fence.advance(session)

    assert len(statements) == 1


def test_an_older_database_is_refused(live: Engine, mark: Path) -> None:
    """A database below its mark was put back; what it says is named."""
    go_on(live, mark)
    set_back(live, high_water=1)

    with pytest.raises(
        Fenced, match="seen step 2 while the database is at 1"
    ) as caught:
        enter(live, mark)

    assert "newsletter takeover" in str(caught.value)


def test_a_database_of_before_its_first_letter_is_refused(
    live: Engine, mark: Path
) -> None:
    """A state from before it was live is older than its mark, too."""
    set_back(live, seat="", place="", high_water=0)

    assert "it is older than" in doubt(live, mark)


def test_a_database_in_another_place_is_refused(live: Engine, mark: Path) -> None:
    """With its mark beside it or without: it is not where it sent from."""
    set_back(live, place="inode 1")

    for gone in (False, True):
        if gone:
            mark.unlink()
        with pytest.raises(Fenced, match="not where it last sent from"):
            enter(live, mark)


def test_the_mark_of_another_database_is_refused(live: Engine, mark: Path) -> None:
    """A new database where another one lived asks its operator first."""
    set_back(live, uid="another", seat="", place="", high_water=0)

    assert "is the mark of another database" in doubt(live, mark)


def test_a_file_that_is_no_mark_vouches_for_nothing(live: Engine, mark: Path) -> None:
    """Refused, not a traceback."""
    for written in ("nonsense", "[]", '{"uid": 1}'):
        mark.write_text(written, "utf-8")

        assert "is the mark of another database" in doubt(live, mark)


def test_a_step_by_another_process_in_between_is_no_doubt(
    live: Engine, mark: Path
) -> None:
    """Whoever looks while another one sends never takes the mark for ahead."""
    others = iter([True])

    def meanwhile(*_: object) -> None:
        if next(others, False):
            go_on(live, mark)

    event.listen(live, "before_cursor_execute", meanwhile)
    try:
        assert doubt(live, mark) == ""
    finally:
        event.remove(live, "before_cursor_execute", meanwhile)
    assert json.loads(mark.read_text("utf-8"))["high_water"] == 2


def test_a_mark_is_never_ahead_of_what_the_disk_has(live: Engine, mark: Path) -> None:
    """Under "normal" too: PostgreSQL waits for this commit, SQLite's log is synced."""
    is_sqlite = live.dialect.name == "sqlite"
    url = live.url.render_as_string(hide_password=False)
    normal = db.connect(url, durability=Durability.NORMAL)

    with db.transaction(normal) as session:
        made = fence.advance(session)
        if not is_sqlite:
            assert session.scalar(text("SHOW synchronous_commit")) == "on"
    fence.keep(made, mark)

    assert made.is_durable is not is_sqlite
    assert doubt(normal, mark) == ""
    normal.dispose()


def test_a_database_that_was_restored_is_refused(live: Engine, mark: Path) -> None:
    """Whatever its mark says."""
    with db.transaction(live) as session:
        fence.withhold(session)

    with pytest.raises(Fenced, match="it was restored from a backup"):
        enter(live, mark)


def test_a_database_that_was_never_founded_is_named(
    engine: Engine, tmp_path: Path
) -> None:
    """That is another trouble, with another remedy."""
    with db.transaction(engine) as session, pytest.raises(DatabaseProblem):
        fence.check(session, tmp_path / "mark")


def test_whoever_takes_over_may_send(live: Engine, mark: Path) -> None:
    """From every refusal there is one way out, and it holds."""
    go_on(live, mark)
    for back in (
        {"high_water": 1},
        {"place": fence.NOWHERE},
        {"place": "inode 1"},
        {"seat": "", "place": "", "high_water": 0},
    ):
        set_back(live, **back)
        assert doubt(live, mark)

        take_over(live, mark)

        enter(live, mark)
        go_on(live, mark)
        assert doubt(live, mark) == ""


@on_sqlite
def test_a_copied_file_is_refused_and_the_original_goes_on(
    live: Engine, mark: Path, tmp_path: Path
) -> None:
    """Alone, with its mark, or under the same name in a copied folder."""
    folder = tmp_path / "copy"
    folder.mkdir()
    copied = copy_of(live, folder / "newsletter.db")
    there = fence.mark_path(copied, folder)

    assert "not where it last sent from" in doubt(copied, there)
    shutil.copy(mark, there)
    assert "not where it last sent from" in doubt(copied, there)
    enter(live, mark)
    copied.dispose()


@on_sqlite
def test_a_copy_that_was_taken_over_does_not_go_back(
    live: Engine, mark: Path, tmp_path: Path
) -> None:
    """Put over the original in place, the copy has another seat and another place."""
    copied = copy_of(live, tmp_path / "copy.db")
    there = fence.mark_path(copied, tmp_path)
    take_over(copied, there)
    enter(copied, there)
    copied.dispose()

    with Session(live) as session:
        place = db.installation(session).place
    set_back(live, seat="another", place=place)

    assert "is the mark of another copy" in doubt(live, mark)


@on_sqlite
def test_a_copy_on_a_disk_that_counts_alike_is_refused(
    live: Engine, mark: Path, tmp_path: Path
) -> None:
    """New disks give the same numbers to the first files; a copy is born later."""
    with Session(live) as session:
        place = db.installation(session).place
    if ", born " not in place:
        pytest.skip("the file system under the tests keeps no time of birth")
    assert re.fullmatch(r"inode \d+, born \d{10}\.\d{9}", place)

    copied = copy_of(live, tmp_path / "copy.db")
    shutil.copy(mark, fence.mark_path(copied, tmp_path))
    inode = (tmp_path / "copy.db").stat().st_ino
    set_back(copied, place=re.sub(r"inode \d+", f"inode {inode}", place))

    assert "not where it last sent from" in doubt(
        copied, fence.mark_path(copied, tmp_path)
    )
    copied.dispose()


@on_sqlite
def test_a_system_that_knows_less_of_a_file_takes_it_for_the_same(
    live: Engine, mark: Path
) -> None:
    """An older kernel knows no birth; another inode is another inode all the same."""
    with Session(live) as session:
        place = db.installation(session).place
    inode = place.partition(", ")[0]

    for known, moved in ((inode, False), (inode[:-1], True), (f"{inode}0", True)):
        set_back(live, place=known)

        assert bool(doubt(live, mark)) is moved


@on_sqlite
def test_without_its_mark_a_file_is_refused(live: Engine, mark: Path) -> None:
    """Nothing says then that this is not an older state."""
    mark.unlink()

    assert f"{mark} is missing" in doubt(live, mark)


@on_sqlite
def test_a_renamed_file_with_its_mark_goes_on(
    live: Engine, mark: Path, tmp_path: Path
) -> None:
    """Moving a folder on one file system copies nothing."""
    live.dispose()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in (Path(str(live.url.database)), mark):
        file.rename(moved / file.name)
    there = db.connect(f"sqlite:///{moved / 'newsletter.db'}")

    assert doubt(there, fence.mark_path(there, moved)) == ""
    there.dispose()


@on_postgresql
def test_another_machine_joins(live: Engine, mark: Path, tmp_path: Path) -> None:
    """Without a mark of its own, on the same database; neither disturbs the other."""
    other = tmp_path / "other" / "newsletter.mark"
    other.parent.mkdir()

    enter(live, other)
    go_on(live, other)
    go_on(live, mark)

    enter(live, other)
    enter(live, mark)


@on_postgresql
def test_one_takeover_is_enough_for_all_machines(
    live: Engine, mark: Path, tmp_path: Path
) -> None:
    """The machine whose mark was far above the restored state goes on, too."""
    other = tmp_path / "other.mark"
    for _ in range(5):
        go_on(live, other)
    set_back(live, high_water=1)
    assert doubt(live, other)

    take_over(live, mark)

    enter(live, other)


@on_postgresql
def test_a_restored_dump_is_refused(
    live: Engine, mark: Path, postgresql_url: str
) -> None:
    """The same rows in another database are in another place."""
    admin = db.connect(postgresql_url).execution_options(isolation_level="AUTOCOMMIT")
    name = live.url.database
    live.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS dumped"))
    admin.dispose()
    elsewhere = db.connect(
        live.url.set(database="template1").render_as_string(hide_password=False)
    ).execution_options(isolation_level="AUTOCOMMIT")
    with elsewhere.connect() as connection:
        connection.execute(text(f'CREATE DATABASE dumped TEMPLATE "{name}"'))
    copied = db.connect(
        live.url.set(database="dumped").render_as_string(hide_password=False)
    )
    try:
        assert "not where it last sent from" in doubt(copied, mark)
    finally:
        copied.dispose()
        with elsewhere.connect() as connection:
            connection.execute(text("DROP DATABASE dumped"))
        elsewhere.dispose()
    assert doubt(live, mark) == ""


@on_postgresql
def test_a_user_who_may_not_ask_has_a_place_too(live: Engine, mark: Path) -> None:
    """Where an administrator took the right away, another identity does."""
    function = "pg_control_system()"
    with live.begin() as connection:
        connection.execute(text(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"))
        connection.execute(text("CREATE ROLE narrow"))
        connection.execute(text("GRANT SELECT, UPDATE ON installation TO narrow"))
    try:
        with Session(live) as session:
            session.execute(text("SET LOCAL ROLE narrow"))
            fence.take_over(session, mark)
            place = db.installation(session).place
            assert fence.doubt(session, mark) == ""
    finally:
        with live.begin() as connection:
            connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC"))
            connection.execute(text("DROP OWNED BY narrow"))
            connection.execute(text("DROP ROLE narrow"))

    assert place.startswith("table ")


@on_postgresql
def test_an_ordinary_user_may_ask(live: Engine) -> None:
    """PostgreSQL lets everybody ask for the cluster's identifier."""
    with live.connect() as connection:
        allowed = connection.scalar(
            text("SELECT has_function_privilege('public', :f, 'execute')"),
            {"f": "pg_control_system()"},
        )

    assert allowed


def test_a_mark_that_cannot_be_written_stops_the_sending(
    founded: Engine, tmp_path: Path
) -> None:
    """And the database did not become the live one."""
    nowhere = tmp_path / "nowhere" / "newsletter.mark"

    with pytest.raises(FileNotFoundError):
        enter(founded, nowhere)

    with Session(founded) as session:
        assert db.installation(session).seat == ""


def test_two_that_begin_at_once_share_a_seat(founded: Engine, mark: Path) -> None:
    """The second finds the first one's seat and keeps it."""
    enter(founded, mark)
    first = mark.read_text("utf-8")

    enter(founded, mark)

    assert mark.read_text("utf-8") == first
    with Session(founded) as session:
        assert session.get_one(Installation, 1).seat == json.loads(first)["seat"]


def test_the_mark_stands_beside_the_database_or_the_settings(
    founded: Engine, tmp_path: Path
) -> None:
    """Wherever the program is called from."""
    names = {"sqlite": "newsletter.db.mark", "postgresql": "newsletter.mark"}

    found = fence.mark_path(founded, tmp_path)

    assert found == tmp_path / names[founded.dialect.name]


def test_the_mark_belongs_to_whom_the_folder_does(tmp_path: Path) -> None:
    """Also when root typed a command: the service's own user must read it."""
    folder = tmp_path / "service"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 12_345, 12_345)
    mark = folder / "newsletter.mark"

    for _ in range(2):
        fence.keep(fence.Mark(UID, "seat", 1), mark)

        assert mark.stat().st_uid == folder.stat().st_uid
