"""A long list is taken in seconds, and in the memory of a short one."""

import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel

from newsletter import db
from subscribers import roster
from subscribers.hashing import AddressHasher
from subscribers.importing import import_csv
from subscribers.tables import SubscriberStatus

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])


@pytest.fixture
def sqlite_session(tmp_path: Path) -> Iterator[Session]:
    """A session on a SQLite file, for what needs to be measured once only."""
    engine = db.connect(f"sqlite:///{tmp_path / 'large.db'}")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def write_list(path: Path, people: range) -> Path:
    """Write a list with a line for each number."""
    with path.open("w", encoding="utf-8") as file:
        file.write("email,first name,last name,time zone,signed up\n")
        file.writelines(
            f"reader.{number}@host{number % 500}.example.org,Ann {number},Müller,"
            "Europe/Berlin,2026-03-04 05:06:07\n"
            for number in people
        )
    return path


def test_a_hundred_thousand_people_take_seconds(
    sqlite_session: Session, tmp_path: Path
) -> None:
    """A real list comes in at once: 7 to 9 s were measured, 60 allow for a bad day."""
    path = write_list(tmp_path / "large.csv", range(100_000))

    started = time.process_time()
    report = import_csv(sqlite_session, path, source_label="x", hasher=HASHER, now=NOW)
    seconds = time.process_time() - started

    assert (report.read, report.added) == (100_000, 100_000)
    assert roster.count_by_status(sqlite_session)[SubscriberStatus.ACTIVE] == 100_000
    assert seconds < 60


def test_a_long_list_takes_the_memory_of_a_short_one(
    sqlite_session: Session, tmp_path: Path
) -> None:
    """Memory holds a batch, however many lines there are.

    A second list, three times as long, needs no more than the first one's half again.
    """
    peaks = []
    for people in (range(4_000), range(10_000, 22_000)):
        path = write_list(tmp_path / "large.csv", people)
        tracemalloc.start()
        import_csv(sqlite_session, path, source_label="x", hasher=HASHER, now=NOW)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5
