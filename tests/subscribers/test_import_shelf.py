"""The shelf of an import keeps people as they were, each address once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from subscribers.addresses import parse_address
from subscribers.csv_people import Candidate
from subscribers.import_shelf import Shelf, as_instant, as_text
from subscribers.tables import SubscriberStatus

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """An empty shelf."""
    shelf = Shelf()
    yield shelf
    shelf.close()


def somebody(line: int, address: str) -> Candidate:
    """Return who stands on a line."""
    return Candidate(
        line=line,
        cells=[address],
        address=parse_address(address),
        name="Zoë 'Z' \"Ö\" 🐦",
        timezone="Europe/Berlin",
        language="de",
        status=SubscriberStatus.PENDING,
        status_at=NOW,
        source="the fair",
        signed_up_at=None,
        warnings=(),
    )


def test_people_come_back_as_they_were_put(shelf: Shelf) -> None:
    """Every detail, in the order of the lines, whatever is in a name."""
    for line in range(1, 6):
        shelf.put(somebody(line, f"Reader{line}@example.org"))

    batches = list(shelf.batches(2))

    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [one.line for batch in batches for one in batch] == [1, 2, 3, 4, 5]
    assert batches[0][0] == (
        1,
        "reader1@example.org",
        "Reader1@example.org",
        "Zoë 'Z' \"Ö\" 🐦",
        "Europe/Berlin",
        "de",
        "pending",
        "2026-11-22 08:00:00.000000",
        "the fair",
        None,
    )


def test_an_address_is_kept_once(shelf: Shelf) -> None:
    """The second one is told where the first was, in whatever case."""
    first = shelf.put(somebody(3, "ann@example.org"))
    second = shelf.put(somebody(9, "ANN@example.org"))

    assert (first, second) == (None, 3)
    assert [one.line for batch in shelf.batches(9) for one in batch] == [3]


@pytest.mark.parametrize("year", [1971, 2026, 9_999])
def test_a_time_survives_as_text(year: int) -> None:
    """To the microsecond."""
    instant = datetime(year, 1, 2, 3, 4, 5, 6, tzinfo=UTC)

    assert as_instant(as_text(instant)) == instant
