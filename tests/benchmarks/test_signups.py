"""The benchmark of sign-ups runs, small, and counts who joined."""

import shutil

import pytest

from benchmarks.signups import form_fields, measure


@pytest.mark.skipif(not shutil.which("wrk"), reason="needs Debian's wrk")
def test_everybody_who_is_answered_is_on_the_list() -> None:
    """A second at each pace on SQLite: nobody is refused, and nobody lost."""
    row = measure("sqlite", 1)

    assert row.fast.answered > 0
    assert (row.fast.failed, row.steady.failed, row.lost) == (0, 0, 0)


def test_the_form_is_sent_as_the_page_shows_it() -> None:
    """With the time that it was shown at, and the field for robots left empty."""
    page = '<input type="hidden" name="form_token" value="a-B_9">'

    assert form_fields(page) == "form_token=a-B_9&website="
    with pytest.raises(ValueError, match="no form"):
        form_fields("<p>Nothing here.</p>")
