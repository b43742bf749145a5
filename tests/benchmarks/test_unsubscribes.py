"""The benchmark of one-clicks runs, small, and tells what it found."""

import shutil

import pytest

from benchmarks.clicks import Clicks
from benchmarks.unsubscribes import Found, measure, table


@pytest.mark.skipif(not shutil.which("smtp-sink"), reason="needs Debian's postfix")
def test_everybody_is_heard_while_an_issue_goes_out() -> None:
    """A few clicks on SQLite: none lost, none refused, and letters went meanwhile."""
    found = measure("sqlite", 40, 0.5)

    assert found.clicks.answers == {"200": 20}
    assert (found.lost, found.refused) == (0, 0)


def test_the_table_has_a_row_for_each_engine() -> None:
    """Counts and times, for a terminal."""
    clicks = Clicks({"200": 99, "503": 1}, [1.0] * 99 + [900.0], 10.0)

    text = table([Found("sqlite", clicks, lost=0, refused=1, letters=5_000)]).as_text()

    assert "sqlite" in text
    assert "900" in text
    assert "5,000" in text
