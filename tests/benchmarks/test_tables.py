"""The tables: one content, two forms."""

from dataclasses import replace

import pytest

from benchmarks.tables import Table, costs, crews, pairs, races, rate, sizes
from tests.benchmarks.samples import race, results, workers


@pytest.mark.parametrize(
    "table",
    [
        races(results().races),
        costs(results().races),
        sizes(results().sizes),
        crews(workers().crews),
    ],
    ids=["races", "costs", "sizes", "crews"],
)
def test_text_fits_a_terminal(table: Table) -> None:
    """The widest names and figures fit 80 columns."""
    assert max(map(len, table.as_text().splitlines())) <= 80


def test_figures_end_below_each_other() -> None:
    """Names stand to the left and figures to the right, under their heads."""
    table = Table(["", "letters"], [["a", "7"], ["long name", "1,234"]])

    assert table.as_text().splitlines() == [
        "           letters",
        "------------------",
        "a                7",
        "long name    1,234",
    ]


def test_markdown_aligns_figures_to_the_right() -> None:
    """A page gets the same cells, and a rule that says how they stand."""
    table = Table(["", "letters"], [["a", "7"]])

    assert table.as_markdown() == "|  | letters |\n| --- | --: |\n| a | 7 |\n"


def test_races_tell_medians_spread_and_ratio() -> None:
    """Every figure of a race is in its row, and an aim only where there is one."""
    (row,) = races([race(ours=10_500, other=21_000)]).rows
    without = replace(race("processes"), aim=None)

    assert row[2:7] == ["10,500", "5,250-15,750", "21,000", "0.50", "0.50"]
    assert races([without]).rows[0][0] == "PostgreSQL normal x2"
    assert races([without]).rows[0][6] == ""


def test_costs_leave_out_what_was_not_split() -> None:
    """A row whose parts nobody timed has no line of zeros."""
    unsplit = replace(race("silence"), name="one of 20 silent", cpu={})

    assert [row[0] for row in costs([race(), unsplit]).rows] == ["PostgreSQL normal"]


def test_pages_name_what_the_other_one_is() -> None:
    """Each group of races says in its head what ran beside what."""
    head = pairs(results().group("silence"), "silence").head

    assert (head[2], head[4]) == ("a connection", "none silent")


def test_rates_keep_a_digit_only_where_it_counts() -> None:
    """Thousands are whole; a connection's twenty a second have a fraction."""
    assert rate(12_345.6) == "12,346"
    assert rate(19.46) == "19.5"
