"""What is published is what was measured."""

import pytest

from benchmarks.figures import Results
from benchmarks.picture import draw, draw_workers
from benchmarks.report import (
    PAGE,
    PICTURE,
    RESULTS,
    SCALING,
    WORKERS_PICTURE,
    as_text,
    insert,
    sections,
    visited,
    workers_sections,
)
from tests.benchmarks.samples import results


def test_page_and_picture_show_the_kept_results() -> None:
    """Nobody typed a figure: both follow from results.json by `benchmarks.report`."""
    kept = Results.read(RESULTS)
    page = PAGE.read_text("utf-8")

    assert page == insert(page, sections(kept) | visited())
    assert PICTURE.read_text("utf-8") == draw(kept)


def test_what_workers_did_is_shown_on_both_pages() -> None:
    """What `benchmarks.distributed` kept is in its picture and on two pages."""
    kept = Results.read(RESULTS)
    page = SCALING.read_text("utf-8")

    assert kept.workers
    assert page == insert(page, workers_sections(kept))
    assert WORKERS_PICTURE.read_text("utf-8") == draw_workers(kept.workers)


def test_figures_replace_those_of_the_run_before() -> None:
    """Only what stands between the markers changes, however often."""
    page = "Before.\n<!-- run: by `make bench` -->\nold\n<!-- run ends -->\nAfter.\n"

    once = insert(page, {"run": "new\n"})

    assert once == page.replace("old", "\nnew\n")
    assert insert(once, {"run": "new\n"}) == once


def test_a_section_without_a_place_is_refused() -> None:
    """A figure that would be lost is named."""
    with pytest.raises(ValueError, match="sizes"):
        insert("A page without markers.\n", {"sizes": "1\n"})


def test_terminal_gets_every_table_in_80_columns() -> None:
    """The whole report fits, with races, costs, sizes and the copy."""
    text = as_text(results())

    assert max(map(len, text.splitlines())) <= 80
    for word in ("ours/s", "compose", "1,000,000", "32.6 KB"):
        assert word in text
