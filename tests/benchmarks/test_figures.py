"""What rounds come to, and the file that keeps it."""

from pathlib import Path

import pytest

from benchmarks.figures import Results, Spread, ratio
from tests.benchmarks.samples import results


def test_spread_is_the_middle_and_both_ends() -> None:
    """The median is no mean: one slow round does not move it."""
    assert Spread.of([9.0, 1.0, 10.0]) == Spread(9.0, 1.0, 10.0)
    assert Spread.of([4.0]) == Spread(4.0, 4.0, 4.0)


def test_no_round_is_no_spread() -> None:
    """Nothing measured gives an error, not a zero that looks like a figure."""
    with pytest.raises(ValueError, match="one round"):
        Spread.of([])


def test_ratio_compares_round_by_round() -> None:
    """A round in which the machine was slow for both does not change the ratio."""
    rounds = [(50.0, 100.0), (5.0, 10.0), (60.0, 100.0)]

    assert ratio(rounds) == 0.5


def test_results_come_back_as_they_were_kept(tmp_path: Path) -> None:
    """What is read from the file is what was written, to the digits that count."""
    path = tmp_path / "results.json"
    results().write(path)

    assert Results.read(path) == results()


def test_kept_figures_have_no_digits_that_mean_nothing(tmp_path: Path) -> None:
    """Four digits are kept, so that two runs can be compared by eye."""
    path = tmp_path / "results.json"
    results(source=12345.678).write(path)

    kept = Results.read(path).group("source")[0]

    assert kept.other.median == 12346
    assert "12346" in path.read_text("utf-8")
