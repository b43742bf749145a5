"""The benchmark of pages asks for what there is."""

import shutil

import pytest

from benchmarks.pages import measure, paths_of


def test_each_kind_of_page_has_addresses() -> None:
    """All pages of a list but the first; the newest tips."""
    paths = paths_of(5_000)

    assert paths["archive"][-1] == "/archive/page/499/"
    assert paths["tag"][-1] == "/tags/tag-0/page/249/"
    assert len(paths["tip"]) == 500


@pytest.mark.skipif(not shutil.which("wrk"), reason="needs Debian's wrk")
def test_no_page_is_refused() -> None:
    """A short run on SQLite: every kind of page, kept and made anew, none failed."""
    rows = []
    for row in measure(1, 60, 100):
        rows.append(row)
        if len(rows) == 3:
            break

    assert [row.pages for row in rows] == ["archive", "tag", "tip"]
    assert not any(row.fast.failed or row.steady.failed for row in rows)
