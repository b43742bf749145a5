"""What visitors waited for is kept and shown."""

import json
from pathlib import Path

import pytest

from benchmarks.visits import ClickRow, Load, PageRow, SignupRow, Visits, sections
from tests.benchmarks.samples import MACHINE

FAST, STEADY = Load(1308.0, 28.4, 1, 10_481), Load(199.0, 4.2, 2, 1_592)
RUNS = {
    "pages": Visits(
        "pages",
        MACHINE,
        {"tips": 5_000, "comments": 50_000},
        [PageRow("sqlite", "archive", 5, FAST, STEADY)],
    ),
    "signups": Visits(
        "signups",
        MACHINE,
        {"answered": 12_073},
        [SignupRow("postgresql", FAST, STEADY, lost=0)],
    ),
    "unsubscribes": Visits(
        "unsubscribes",
        MACHINE,
        {"clicks in all": 5_000},
        [ClickRow("sqlite", 5_000, 500.0, 0, 1, 12.0, 90.0, 900.0, 5_000.0)],
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_comes_back_as_it_was_kept(name: str, tmp_path: Path) -> None:
    """It takes the place of the same from before, and of nothing else."""
    path = tmp_path / "results.json"
    path.write_text(json.dumps({name: "old", "letters": 20_000}), "utf-8")

    RUNS[name].keep(path)

    found = json.loads(path.read_text("utf-8"))
    assert Visits.of(name, found) == RUNS[name]
    assert found["letters"] == 20_000


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("pages", "| SQLite | archive | 5 s | 1,308 | 28 | 4 | 3 |"),
        ("signups", "| PostgreSQL | 1,308 | 28 | 4 | 3 | 0 |"),
        ("unsubscribes", "| SQLite | 5,000 | 500 | 0 | 1 | 12 | 90 | 900 | 5,000 |"),
    ],
)
def test_a_row_is_shown_in_words(name: str, row: str) -> None:
    """The table of the page, and what it was measured on."""
    shown = RUNS[name].section()

    assert row in shown
    assert "load 0.1" in shown


def test_what_was_not_measured_is_said() -> None:
    """A page without figures has its places filled all the same."""
    assert set(sections({})) == set(RUNS)
    assert set(sections({}).values()) == {"Not measured yet.\n"}
