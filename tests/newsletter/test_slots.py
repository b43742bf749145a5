"""A year of weeks in the zones that change their clocks in the strangest ways."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import BadSlot
from newsletter.slots import Slot, Timetable

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Africa/Cairo",
]
TIMES = [time(0), time(0, 30), time(2, 15), time(9), time(23, 59)]
# 2018: Brazil changed at midnight; 2020 and 2026 have 53 weeks.
YEARS = [(2018, 52), (2020, 53), (2023, 52), (2026, 53)]


def timetable(
    zone: str = "Europe/Berlin",
    *,
    weekday: int = 1,
    at: time = time(9),
    catch_up: timedelta = timedelta(hours=48),
    skip: frozenset[date] = frozenset(),
) -> Timetable:
    """Return a timetable that says Tuesday at nine unless told otherwise."""
    return Timetable(weekday, at, ZoneInfo(zone), catch_up, skip)


def utc(*parts: int) -> datetime:
    """Return an instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


days = st.dates(min_value=date(2000, 1, 3), max_value=date(2100, 12, 31))


@given(days)
def test_a_slot_is_read_back_as_it_is_written(day: date) -> None:
    """Text and slot are two spellings of one week, and the day lies in it."""
    slot = Slot.of(day)

    assert Slot.parse(str(slot)) == slot
    assert timedelta(0) <= day - slot.monday < timedelta(days=7)


@pytest.mark.parametrize("text", [" 2026-W47\n", "2026-w47"])
def test_case_and_spaces_do_not_matter(text: str) -> None:
    """What an operator types by hand is understood."""
    assert Slot.parse(text) == Slot(2026, 47)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-W54", "invalid week: 54"),
        ("2025-W53", "invalid week: 53"),
        ("2026-W00", "invalid week: 0"),
        ("W47", "not a year and a week"),
        ("2026-47", "not a year and a week"),
        ("2026-W", "not a year and a week"),
        ("2026-W-1", "not a year and a week"),
        ("2026-W²", "not a year and a week"),
        ("2026-W４７", "not a year and a week"),
        ("0000-W01", "year is out of range"),
        ("99999-W01", "year is out of range"),
        ("", "not a year and a week"),
    ],
)
def test_what_is_no_week_is_refused_with_its_reason(text: str, reason: str) -> None:
    """The error names the value, the reason and how to write it."""
    with pytest.raises(BadSlot, match=reason) as caught:
        Slot.parse(text)

    assert repr(text) in str(caught.value)
    assert "Write it like 2026-W47." in str(caught.value)


@given(days, st.integers(-500, 500))
def test_shifting_and_counting_weeks_are_inverse(day: date, weeks: int) -> None:
    """A slot so many weeks later is that many weeks later, over every new year."""
    slot = Slot.of(day)

    later = slot.shift(weeks)

    assert later.weeks_since(slot) == weeks
    assert later.shift(-weeks) == slot
    assert (later > slot) == (weeks > 0)


def test_the_year_of_a_week_is_not_that_of_its_days() -> None:
    """The week of new year belongs to the year that has its Thursday."""
    assert Slot.of(date(2027, 1, 3)) == Slot(2026, 53)
    assert Slot(2026, 53).shift(1) == Slot(2027, 1)
    assert Slot.of(date(2024, 12, 30)) == Slot(2025, 1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("year", "weeks"), YEARS)
def test_every_week_of_a_year_has_one_moment(zone: str, year: int, weeks: int) -> None:
    """Moments strictly increase, a week apart, and each lies in its own week.

    Whoever asks, at any second, is told the newest moment that has come.
    """
    for weekday, at in product(range(7), TIMES):
        table = timetable(zone, weekday=weekday, at=at)

        slots = list(islice(table.coming(Slot(year, 1)), weeks + 1))
        moments = [table.moment(slot) for slot in slots]

        assert slots[-1] == Slot(year + 1, 1)
        assert {slot.year for slot in slots[:-1]} == {year}
        for before, after in pairwise(moments):
            assert abs(after - before - timedelta(weeks=1)) <= timedelta(hours=1)
        for slot, moment in zip(slots, moments, strict=True):
            assert moment.tzinfo is UTC
            assert table.slot_at(moment) == slot
            assert table.latest(moment) == slot
            assert table.latest(moment - timedelta(seconds=1)) == slot.shift(-1)


@pytest.mark.parametrize("zone", ZONES)
def test_outside_of_gaps_the_wall_clock_is_kept(zone: str) -> None:
    """Nine in the morning is nine in the morning all year, whatever the season."""
    table = timetable(zone, at=time(9))

    for slot in islice(table.coming(Slot(2026, 1)), 53):
        assert table.moment(slot).astimezone(table.zone).time() == time(9)


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        # Berlin leaves out 02:00-03:00 on the last Sunday in March.
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1, 30)),
        # These three leave out the first hour of a day.
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), utc(2018, 11, 4, 3)),
        ("Asia/Beirut", date(2026, 3, 29), time(0, 15), utc(2026, 3, 28, 22, 15)),
        ("Africa/Cairo", date(2026, 4, 24), time(0), utc(2026, 4, 23, 22)),
        # Lord Howe Island moves by half an hour.
        (
            "Australia/Lord_Howe",
            date(2026, 10, 4),
            time(2, 10),
            utc(2026, 10, 3, 15, 40),
        ),
    ],
)
def test_a_time_that_is_left_out_moves_on_by_the_gap(
    zone: str, day: date, at: time, moment: datetime
) -> None:
    """In a gap the letter leaves as late as the clocks were put on, once."""
    table = timetable(zone, weekday=day.weekday(), at=at)

    found = table.moment(Slot.of(day))

    assert found == moment
    shown = found.astimezone(table.zone)
    gap = timedelta(minutes=30 if zone == "Australia/Lord_Howe" else 60)
    assert shown.replace(tzinfo=None) == datetime.combine(day, at) + gap


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
        ("America/Sao_Paulo", date(2018, 2, 17), time(23, 30), utc(2018, 2, 18, 1, 30)),
        ("Asia/Beirut", date(2026, 10, 24), time(23, 30), utc(2026, 10, 24, 20, 30)),
        ("Africa/Cairo", date(2026, 10, 29), time(23, 30), utc(2026, 10, 29, 20, 30)),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), utc(2026, 4, 4, 14, 45)),
    ],
)
def test_a_time_that_comes_twice_means_the_first(
    zone: str, day: date, at: time, moment: datetime
) -> None:
    """In an overlap the letter leaves at the first of the two."""
    table = timetable(zone, weekday=day.weekday(), at=at)
    slot = Slot.of(day)

    assert table.moment(slot) == moment
    # The clock shows the same time once more, and no other slot has come by then.
    again = moment + timedelta(minutes=30 if "Lord_Howe" in zone else 60)
    assert again.astimezone(table.zone).time() == at
    assert table.latest(again) == slot


def test_a_day_that_never_was_still_has_its_week() -> None:
    """Samoa jumped over a whole Friday; the tip of that week went out on Saturday."""
    table = timetable("Pacific/Apia", weekday=4)

    assert table.moment(Slot(2011, 52)).astimezone(table.zone).day == 31


def test_a_slot_may_be_opened_from_its_moment_until_catch_up_ends() -> None:
    """Both ends count; a second earlier or later is no time to open it."""
    table = timetable(catch_up=timedelta(hours=48))
    slot, second = Slot(2026, 47), timedelta(seconds=1)
    moment = table.moment(slot)

    assert moment == utc(2026, 11, 17, 8)
    assert not table.may_open(slot, moment - second)
    assert table.may_open(slot, moment)
    assert table.may_open(slot, moment + timedelta(hours=48))
    assert not table.may_open(slot, moment + timedelta(hours=48) + second)


def test_catching_up_counts_hours_that_passed_not_hours_on_the_wall() -> None:
    """Two days over a clock change are still 48 hours."""
    table = timetable(weekday=5, at=time(9), catch_up=timedelta(hours=48))
    slot = Slot.of(date(2026, 3, 28))

    assert table.may_open(slot, utc(2026, 3, 30, 8))
    assert not table.may_open(slot, utc(2026, 3, 30, 8, 1))


def test_nothing_goes_out_on_a_skip_date() -> None:
    """A skip date is a sending day in the newsletter's zone, not a day in UTC."""
    table = timetable(
        "Australia/Lord_Howe", weekday=1, skip=frozenset({date(2026, 12, 29)})
    )
    skipped = Slot(2026, 53)

    # In UTC the moment lies on the day before.
    assert table.moment(skipped).date() == date(2026, 12, 28)
    assert table.is_skipped(skipped)
    assert not table.may_open(skipped, table.moment(skipped))
    assert table.latest(table.moment(skipped)) == skipped
    assert list(islice(table.coming(Slot(2026, 52)), 2)) == [
        Slot(2026, 52),
        Slot(2027, 1),
    ]


def test_a_skip_date_on_another_weekday_skips_nothing() -> None:
    """Only the sending day itself counts; the days around it do not."""
    table = timetable(skip=frozenset({date(2026, 12, 28), date(2026, 12, 30)}))

    assert not table.is_skipped(Slot(2026, 53))


def test_the_week_of_an_instant_is_that_of_the_newsletters_zone() -> None:
    """Sunday night in UTC is Monday morning, a week later, on Lord Howe Island."""
    instant = utc(2026, 11, 22, 20)

    assert timetable("UTC").slot_at(instant) == Slot(2026, 47)
    assert timetable("Australia/Lord_Howe").slot_at(instant) == Slot(2026, 48)
