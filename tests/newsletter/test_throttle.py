"""The arithmetic of rates: told the time, never too fast, and hardly too slow."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.throttle import (
    SAVED_SECONDS,
    Bucket,
    Limits,
    WarmUp,
    Window,
    frees_at,
    places,
)
from tests.conftest import NOW

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = Window("smtp.max_per_hour", 100, 60)

rates = st.floats(0.001, 100_000)
visits = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 50)), max_size=40)


def test_the_first_letter_never_waits() -> None:
    """A new bucket holds one letter, and not a whole second's worth."""
    assert Bucket.new(5, now=NOW).earned(now=NOW) == 1
    assert Bucket.new(0.1, now=NOW).earned(now=NOW) == 1


def test_a_rest_saves_up_a_moment_only() -> None:
    """After an hour of quiet the relay does not get an hour's worth of letters."""
    bucket = Bucket.new(10, now=NOW)

    assert bucket.earned(now=NOW + timedelta(hours=1)) == 1 + 10 * SAVED_SECONDS


def test_what_is_not_taken_stays_in_the_bucket() -> None:
    """Taking one leaves the others for the next who asks."""
    later = NOW + SECOND
    bucket = Bucket.new(10, now=NOW)

    assert bucket.take(1, now=later).earned(now=later) == 5


def test_a_clock_that_is_a_little_behind_earns_nothing() -> None:
    """Another machine took these letters a second from now, by its own clock."""
    bucket = Bucket(5, NOW + SECOND)

    assert bucket.heeding(now=NOW) == bucket
    assert bucket.earned(now=NOW) == 0


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """Nobody waits a day for letters that were taken tomorrow."""
    bucket = Bucket(5, NOW + timedelta(days=1)).heeding(now=NOW)

    assert bucket.earned(now=NOW) == 0
    assert bucket.earned(now=NOW + SECOND / 5) == 1


@given(rates, visits)
def test_no_more_leaves_than_the_rate_allows(
    rate: float, visits: list[tuple[float, int]]
) -> None:
    """In any time the letters are at most the time's worth and what was saved."""
    bucket, now, granted = Bucket.new(rate, now=NOW), NOW, 0

    for pause, wanted in visits:
        now += pause * SECOND
        letters = min(wanted, bucket.earned(now=now))
        bucket = bucket.take(letters, now=now)
        granted += letters

    seconds = (now - NOW) / SECOND
    assert granted <= seconds * rate + 1 + 1e-6


@given(rates, visits)
def test_after_the_wait_the_letters_may_go(
    rate: float, visits: list[tuple[float, int]]
) -> None:
    """Whoever waits as long as they are told gets their letters, and not much later."""
    bucket, now = Bucket.new(rate, now=NOW), NOW
    for pause, wanted in visits:
        now += pause * SECOND
        bucket = bucket.take(min(wanted, bucket.earned(now=now)), now=now)

    ready_at = bucket.ready_at(1, now=now)

    assert ready_at - now <= SECOND / rate + timedelta(microseconds=1)
    assert bucket.earned(now=max(now, ready_at)) >= 1
    if ready_at > now:
        assert bucket.earned(now=now) == 0


@given(rates, st.integers(1, 200), st.floats(-100, 100))
def test_places_are_spread_evenly_and_never_before_now(
    rate: float, letters: int, ahead: float
) -> None:
    """Each keeps its distance from the one before, whoever got that."""
    taken_until = NOW + ahead * SECOND

    found = places(rate, taken_until, letters, now=NOW)

    assert len(found) == letters
    assert found[0] == max(NOW, taken_until)
    assert found[-1] - found[0] >= (letters - 1) * SECOND / rate - SECOND / 1e6


@pytest.mark.parametrize(
    ("counts", "frees"),
    [
        ([], None),
        ([(0, 99)], None),
        ([(0, 100)], 61),
        ([(0, 1), (5, 99)], 61),
        ([(0, 1), (5, 100)], 66),
        ([(0, 50), (1, 0), (5, 60), (7, 30)], 61),
    ],
)
def test_a_full_window_frees_when_enough_has_left_it(
    counts: list[tuple[int, int]], frees: int | None
) -> None:
    """A minute's letters count until 60 whole minutes have passed after it."""
    found = frees_at(HOUR, [(NOW + at * MINUTE, letters) for at, letters in counts])

    assert found == (None if frees is None else NOW + frees * MINUTE)


def test_a_ramp_grows_and_ends() -> None:
    """Day by day by its factor; beyond any list it is no limit, for years to come."""
    ramp = WarmUp("tips.example", 50, 1.5)

    assert [ramp.most(days) for days in range(4)] == [50, 75, 112, 168]
    assert ramp.most(41) == 829_299_924
    assert ramp.most(42) is None
    assert ramp.most(100_000) is None


def test_limits_know_whether_they_hold_every_letter() -> None:
    """Without one, or with one for a domain only, nobody asks the database."""
    assert not Limits().hold_every_letter
    assert not Limits(per_domain={"mail.example": 1}).hold_every_letter
    assert Limits(per_second=0.5).hold_every_letter
    assert Limits(per_day=5).hold_every_letter
    assert Limits(warm_up=WarmUp("tips.example", 5, 2)).hold_every_letter


def test_a_slice_is_a_moment_of_the_rate() -> None:
    """Few letters at once, but never none."""
    slices = [Limits(per_second=rate).slice for rate in (0.1, 3, 400, 10_000)]

    assert slices == [1, 1, 100, 2_500]
