"""Lengths of time are written with their unit, or not taken at all."""

from datetime import timedelta

import pytest

from newsletter.config.durations import duration, read_duration
from newsletter.config.settings import DeliverySection


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("48h", timedelta(hours=48)),
        (" 2 d ", timedelta(days=2)),
        ("366d", timedelta(days=366)),
    ],
)
def test_a_number_and_a_unit_are_a_length_of_time(text: str, length: timedelta) -> None:
    """Seconds, minutes, hours and days, as the operator wrote them."""
    assert read_duration(duration(text)) == length


@pytest.mark.parametrize(
    "value", [48, 48.0, True, "48", "h", "", "1.5h", "-5m", "5 min", "5M", "٥m", "5m5m"]
)
def test_what_has_no_unit_is_told_how_to_write_it(value: object) -> None:
    """A bare number could be anything, so it is never guessed."""
    with pytest.raises(ValueError, match="a whole number and a unit"):
        duration(value)


@pytest.mark.parametrize("text", ["0s", "0d", "367d", "999999999h", "999999999d"])
def test_nothing_and_more_than_a_year_are_refused(text: str) -> None:
    """A wait of nothing hammers the relay; one of years is a slip of the pen."""
    with pytest.raises(ValueError, match="between 1s and 366d"):
        duration(text)


def test_the_defaults_are_those_of_the_standards() -> None:
    """Some minutes at first, for greylisting; then hours; two days in all."""
    section = DeliverySection()

    assert [wait.total_seconds() / 60 for wait in section.waits] == [
        5,
        15,
        60,
        180,
        360,
        720,
    ]
    assert section.gives_up_after == timedelta(days=2)
