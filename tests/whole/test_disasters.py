"""What machines do to a sender: the disk is full, the database or the clock is gone.

Real processes, as in `test_crash`, with a server that records what it accepts. After
each disaster the issue is finished, and counted from the recipients' side.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db
from newsletter.sender import utc_now
from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus, Issue
from tests.crash.counting import Count, count
from tests.crash.house import FIRST_SLOT, House, Sending
from tests.crash.recorder import Recorder, recording
from tests.crash.runner import Plan
from tests.servers import PostgresqlServer, postgresql_server

READERS = 300
CONNECTIONS = 4
LEASE_SECONDS = 3
# A slow relay, so that there is a middle in which things can happen.
PACE_SECONDS = 0.008
IN_THE_MIDDLE = 60
RING_SECONDS = 1.0
# For the letters in hand, and for one ring.
PROMPT_SECONDS = 5.0
IN_HAND = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)
RUN = Plan(ring_seconds=RING_SECONDS)

Setup = Callable[..., House]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A relay that takes its time, and writes down what it accepts."""
    with recording(pace_seconds=PACE_SECONDS) as recorder:
        yield recorder


@pytest.fixture
def setup(recorder: Recorder, tmp_path: Path) -> Iterator[Setup]:
    """Make installations with readers and a tip; end what runs of them."""
    houses: list[House] = []

    def make(engine: Engine, **more: object) -> House:
        settings = {
            "delivery.lease_seconds": LEASE_SECONDS,
            "delivery.uncertain": "resend",
            "smtp.port": recorder.port,
            "smtp.timeout_seconds": 0.7,
            "smtp.connections": CONNECTIONS,
            **{name.replace("__", "."): value for name, value in more.items()},
        }
        house = House(engine, tmp_path, READERS, settings)
        houses.append(house)
        house.found()
        house.add_tip("tip")
        return house

    yield make
    for house in houses:
        house.end_all()


def counted(
    house: House, recorder: Recorder, *, slot: Slot = FIRST_SLOT, open_at_most: int = 0
) -> Count:
    """Count the finished issue; so many transactions were open in the disaster.

    A process that fails says goodbye where the answer has come, recorded or not.
    """
    recorder.wait_for_silence()
    cut = max(open_at_most, sum(recorder.cut.values()))
    found = count(house, slot, recorder.arrivals, kills=0, cut=cut)
    assert found.forgotten == 0
    return found


def opened(house: House, recorder: Recorder) -> None:
    """Open the issue and let the process die that did it, before any letter left."""
    plan = Plan("newsletter.ledger.claim", "before")
    assert house.send(FIRST_SLOT, plan=plan).was_killed
    assert not recorder.arrivals


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL that only this file uses, and stops."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def own_database(own_server: PostgresqlServer) -> Iterator[Engine]:
    """An empty database on it."""
    engine = db.connect(own_server.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    yield engine
    engine.dispose()


def test_send_ends_clearly_when_postgresql_stops_and_goes_on_when_it_is_back(
    own_server: PostgresqlServer,
    own_database: Engine,
    setup: Setup,
    recorder: Recorder,
) -> None:
    """69 with the database's name; sending again sends the rest, and nobody twice."""
    house = setup(own_database)
    sending = house.send(FIRST_SLOT)
    recorder.wait_for(IN_THE_MIDDLE)

    own_server.stop()
    code = sending.code
    own_server.start()
    own_database.dispose()
    house.finish(FIRST_SLOT)

    assert code == 69, sending.words
    assert "Traceback" not in sending.words
    assert "database" in sending.words
    found = counted(house, recorder, open_at_most=CONNECTIONS)
    assert found.doubtful <= CONNECTIONS


def test_run_waits_for_postgresql(
    own_server: PostgresqlServer,
    own_database: Engine,
    setup: Setup,
    recorder: Recorder,
) -> None:
    """The main job outlives its database, and goes on by itself when it is back."""
    house = setup(own_database)
    opened(house, recorder)
    running = house.start("run", plan=RUN)
    recorder.wait_for(IN_THE_MIDDLE)

    own_server.stop()
    recorder.wait_for_quiet()
    was_there = not running.has_ended
    own_server.start()
    own_database.dispose()
    house.wait_until_finished(FIRST_SLOT, also=running)
    running.ask_to_end()

    assert was_there, running.words
    assert running.code == 0, running.words
    found = counted(house, recorder, open_at_most=CONNECTIONS)
    assert found.doubtful <= CONNECTIONS


@dataclass
class SmallDisk:
    """A file system with little room; or a limit that stands for one."""

    folder: Path
    is_mounted: bool

    def fill(self, sending: Sending) -> None:
        """Leave not a byte."""
        if not self.is_mounted:
            # Not a byte more than the log of the database has, which grows.
            log = self.folder / "newsletter.db-wal"
            most = (log.stat().st_size,) * 2
            resource.prlimit(sending.process.pid, resource.RLIMIT_FSIZE, most)
            return
        with (self.folder / "ballast").open("wb") as ballast:
            try:
                while True:
                    os.write(ballast.fileno(), b"x" * 4096)
            except OSError:
                return

    def make_room(self) -> None:
        """Take away what fills it."""
        (self.folder / "ballast").unlink(missing_ok=True)


@contextmanager
def tmpfs(folder: Path) -> Iterator[SmallDisk]:
    """Mount a small disk; where that is not allowed, a limit has to do."""
    folder.mkdir()
    mount = shutil.which("mount")
    words = ["-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    refused = mount is None or subprocess.run([mount, *words], check=False).returncode
    try:
        yield SmallDisk(folder, is_mounted=not refused)
    finally:
        if not refused:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def limited(folder: Path) -> Iterator[SmallDisk]:
    """A disk on which no file of the process may grow."""
    folder.mkdir()
    yield SmallDisk(folder, is_mounted=False)


@pytest.mark.parametrize("small_disk", [tmpfs, limited])
def test_a_full_disk_is_said_and_loses_nothing(
    small_disk: Callable[[Path], Any],
    setup: Setup,
    recorder: Recorder,
    tmp_path: Path,
) -> None:
    """69 and the reason; when there is room, sending again sends the rest."""
    with small_disk(tmp_path / "disk") as disk:
        engine = db.connect(f"sqlite:///{disk.folder / 'newsletter.db'}")
        house = setup(engine)
        sending = house.send(FIRST_SLOT)
        recorder.wait_for(IN_THE_MIDDLE)

        disk.fill(sending)
        code = sending.code
        reached = len(recorder.arrivals)
        disk.make_room()
        house.finish(FIRST_SLOT)
        found = counted(house, recorder, open_at_most=CONNECTIONS)
        engine.dispose()

    assert code == 69, sending.words
    assert "Traceback" not in sending.words
    assert "full" in sending.words or "disk" in sending.words
    assert reached < READERS
    assert found.doubtful <= CONNECTIONS


@pytest.mark.parametrize("command", ["run", "send"])
def test_sigterm_under_load_leaves_nothing_in_doubt(
    empty_engine: Engine, setup: Setup, recorder: Recorder, command: str
) -> None:
    """The letters in hand are finished and recorded, and it ends with 0, in time."""
    house = setup(empty_engine)
    opened(house, recorder)
    house.wait_for_leases()
    working = (
        house.start("run", plan=RUN) if command == "run" else house.send(FIRST_SLOT)
    )
    recorder.wait_for(IN_THE_MIDDLE)

    seconds = working.ask_to_end()
    recorder.wait_for_silence()
    letters = house.letters(FIRST_SLOT)
    arrived = len(recorder.arrivals)
    house.finish(FIRST_SLOT)

    assert working.code == 0, working.words
    assert seconds < PROMPT_SECONDS
    assert not any(letters[status] for status in IN_HAND), letters
    assert letters[DeliveryStatus.SENT] == arrived < READERS
    found = counted(house, recorder)
    assert found.doubtful == found.repeated == 0


def test_two_runs_on_one_database_share_one_issue(
    empty_engine: Engine, setup: Setup, recorder: Recorder
) -> None:
    """The week is opened once and everybody hears once, whichever of them sends.

    One claim may take all the letters, so nothing promises that both have a part.
    """
    moment = utc_now() - timedelta(minutes=1)
    house = setup(
        empty_engine,
        schedule__weekday=f"{moment:%A}".lower(),
        schedule__time=f"{moment:%H:%M}",
        schedule__timezone="UTC",
    )

    both = [house.start("run", plan=RUN) for _ in range(2)]
    recorder.wait_for(READERS)
    with Session(empty_engine.execution_options(readonly=True)) as session:
        (issue,) = session.exec(select(Issue)).all()
    slot = Slot.parse(issue.slot)
    house.wait_until_finished(slot, also=both[0])
    for running in both:
        running.ask_to_end()

    assert [running.code for running in both] == [0, 0], both[0].words + both[1].words
    found = counted(house, recorder, slot=slot)
    assert found.doubtful == found.repeated == 0
    assert {arrival.process for arrival in recorder.arrivals} <= {"p0", "p1"}


def test_a_clock_set_back_an_hour_repeats_nothing(
    empty_engine: Engine, setup: Setup, recorder: Recorder, tmp_path: Path
) -> None:
    """Letters wait until it is their time again; what was sent stays sent."""
    house = setup(empty_engine)
    off = tmp_path / "clock"
    set_clock(off, timedelta())
    plan = Plan(clock=str(off), handful=40)
    sending = house.send(FIRST_SLOT, plan=plan)
    recorder.wait_for(IN_THE_MIDDLE)

    set_clock(off, timedelta(hours=-1))
    assert sending.code == 0, sending.words
    assert len(recorder.arrivals) < READERS
    set_clock(off, timedelta())
    house.finish(FIRST_SLOT, plan=plan)

    found = counted(house, recorder)
    assert found.doubtful == found.repeated == 0


def test_a_clock_set_forward_a_day_repeats_only_what_was_on_the_wire(
    empty_engine: Engine, setup: Setup, recorder: Recorder, tmp_path: Path
) -> None:
    """Two processes send; to a third, leases seem over that are not, and it resends."""
    house = setup(empty_engine)
    off = tmp_path / "clock"
    set_clock(off, timedelta())
    plan = Plan(clock=str(off), handful=40)
    both = [house.send(FIRST_SLOT, plan=plan)]
    recorder.wait_for(1)
    both.append(house.send(FIRST_SLOT, plan=plan))
    recorder.wait_for(IN_THE_MIDDLE)

    set_clock(off, timedelta(days=1))
    third = house.send(FIRST_SLOT, plan=plan)

    assert [each.code for each in (*both, third)] == [0, 0, 0], third.words
    house.finish(FIRST_SLOT, plan=plan)
    found = counted(house, recorder, open_at_most=2 * CONNECTIONS)
    assert found.repeated <= found.doubtful <= 2 * CONNECTIONS


def set_clock(file: Path, off: timedelta) -> None:
    """Set the clock of processes that look at *file*, all at the same moment."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str(off.total_seconds()))
    fresh.replace(file)
