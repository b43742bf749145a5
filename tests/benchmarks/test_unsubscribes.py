"""The benchmark of one-clicks runs, small, and counts who left."""

import shutil

import pytest

from benchmarks.unsubscribes import measure


@pytest.mark.skipif(not shutil.which("smtp-sink"), reason="needs Debian's postfix")
def test_everybody_is_heard_while_an_issue_goes_out() -> None:
    """A few clicks on SQLite: none lost, none refused, and letters went meanwhile."""
    found = measure("sqlite", 40, 0.5)

    assert found.clicks == 20
    assert found.letters > 0
    assert (found.lost, found.refused) == (0, 0)
