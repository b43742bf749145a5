"""Who is dead is certain: only here, only while its file can say so."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import holders
from newsletter.holders import NUMBERS, SUFFIX, Holder, dead, holding

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LEASE = timedelta(minutes=30)
# Holds step 41, says so, and sleeps.
SLEEPER = """
import sys, time
from datetime import datetime
from pathlib import Path
from newsletter.holders import holding
with holding(41, Path(sys.argv[1])) as holder:
    holder.note(datetime.fromisoformat(sys.argv[2]))
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where a mark would be; its name has what a pattern would trip over."""
    return tmp_path / "tips[1].db.mark"


def files(mark: Path) -> list[Path]:
    """Return the files of holders."""
    return list(mark.parent.glob(f"*{SUFFIX}"))


def killed(mark: Path) -> int:
    """Kill a holder of a process of its own; return its number."""
    words = [sys.executable, "-c", SLEEPER, str(mark), NOW.isoformat()]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert dead(mark, now=NOW, lease=LEASE) == set()
        process.send_signal(signal.SIGKILL)
    return 42


def test_a_killed_process_is_dead_and_a_living_one_is_not(mark: Path) -> None:
    """The system itself says so, at once, however often it is asked."""
    number = killed(mark)

    with holding(7, mark) as alive:
        assert alive.number == 8
        assert dead(mark, now=NOW, lease=LEASE) == {number}
        assert dead(mark, now=NOW, lease=LEASE) == {number}


def test_whoever_ends_well_leaves_nothing_behind(mark: Path) -> None:
    """It gave everything back; one that ends badly counts as dead."""
    with holding(1, mark) as holder:
        holder.note(NOW)
    assert files(mark) == []

    with suppress(KeyboardInterrupt), holding(2, mark) as holder:
        holder.note(NOW)
        raise KeyboardInterrupt
    assert dead(mark, now=NOW, lease=LEASE) == {3}


def test_a_file_is_believed_as_long_as_a_lease_may_run(mark: Path) -> None:
    """Afterwards it is removed: by then its number may be another's."""
    number = killed(mark)

    assert dead(mark, now=NOW + LEASE, lease=LEASE) == {number}
    assert dead(mark, now=NOW + LEASE + timedelta(seconds=2), lease=LEASE) == set()
    assert files(mark) == []


def test_a_copied_file_says_nothing(mark: Path, tmp_path: Path) -> None:
    """The folder was copied while its owner lives: nobody has the copy locked."""
    folder = tmp_path / "copy"
    with holding(1, mark) as holder:
        holder.note(NOW)
        shutil.copytree(mark.parent, folder, ignore=shutil.ignore_patterns("copy"))

        assert len(files(folder / mark.name)) == 1
        assert dead(folder / mark.name, now=NOW, lease=LEASE) == set()


def test_a_file_of_another_machine_says_nothing(
    mark: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a folder that machines share, and after this one was started anew."""
    killed(mark)
    other = tmp_path / "boot_id"
    other.write_text("another start\n", "ascii")
    monkeypatch.setattr(holders, "BOOT", other)

    assert dead(mark, now=NOW, lease=LEASE) == set()


def test_where_nothing_can_be_said_nothing_is(
    mark: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No boot, no folder to write to: it sends all the same, and leases do the rest."""
    with holding(1, tmp_path / "missing" / "mark") as holder:
        assert holder == Holder(2)
        holder.note(NOW)
    monkeypatch.setattr(holders, "BOOT", tmp_path / "missing")
    with holding(1, mark):
        assert files(mark) == []


def test_files_that_are_none_of_ours_are_left_alone(mark: Path) -> None:
    """Another database's in the same folder, and whatever has a name like them."""
    strangers = [mark.with_name(f"other.mark.000001{SUFFIX}")]
    strangers += [mark.with_name(f"{mark.name}.{odd}{SUFFIX}") for odd in ("x", "9")]
    for stranger in strangers:
        stranger.write_text("who knows\n", "utf-8")
        os.utime(stranger, (NOW.timestamp(), NOW.timestamp()))

    assert dead(mark, now=NOW, lease=LEASE) == set()
    assert sorted(files(mark)) == sorted(strangers)


@given(
    st.integers(1, NUMBERS),
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(1, 100_000),
)
def test_a_lease_bears_the_number(number: int, naive: datetime, seconds: int) -> None:
    """It is never shorter than asked for, and less than a second longer."""
    now, asked = naive.replace(tzinfo=UTC), timedelta(seconds=seconds)

    lease = Holder(number).lease(asked, now=now)

    assert (now + lease).microsecond == number
    assert asked <= lease < asked + timedelta(seconds=1)
