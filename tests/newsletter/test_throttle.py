"""The bucket neither leaks nor overflows, and is told the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.throttle import Throttle

rates = st.floats(0.01, 1_000)
visits = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 50)), max_size=40)


def test_without_a_limit_everything_is_granted_at_once() -> None:
    """Zero letters a second in the settings means as many as the relay takes."""
    throttle = Throttle(0)

    assert throttle.grant(10_000, now=0.0) == 10_000
    assert throttle.wait_seconds(now=0.0) == 0.0


def test_the_first_letter_never_waits() -> None:
    """A fresh bucket holds one letter, and not a whole second's worth."""
    throttle = Throttle(5)

    assert throttle.grant(10, now=100.0) == 1
    assert throttle.grant(10, now=100.0) == 0


def test_letters_flow_at_the_rate() -> None:
    """Two a second are two a second, whenever they are asked for."""
    throttle = Throttle(2)

    granted = [throttle.grant(10, now=second / 2) for second in range(9)]

    assert granted == [1] * 9


def test_a_rest_saves_up_one_second_at_most() -> None:
    """After an hour of quiet the relay does not get an hour's worth of letters."""
    throttle = Throttle(5)
    throttle.grant(1, now=0.0)

    assert throttle.grant(100, now=3_600.0) == 5
    assert throttle.grant(100, now=3_600.0) == 0


def test_less_than_one_a_second_still_lets_one_go() -> None:
    """A letter every ten seconds: the bucket must be able to hold a whole one."""
    throttle = Throttle(0.1)
    throttle.grant(1, now=0.0)

    assert throttle.grant(1, now=9.9) == 0
    assert throttle.wait_seconds(now=9.9) == pytest.approx(0.1)
    assert throttle.grant(1, now=10.0) == 1


def test_what_is_not_wanted_stays_in_the_bucket() -> None:
    """Asking for one leaves the others for the next who asks."""
    throttle = Throttle(3)
    throttle.grant(1, now=0.0)

    assert throttle.grant(1, now=10.0) == 1
    assert throttle.grant(9, now=10.0) == 2


def test_a_clock_that_goes_back_grants_nothing() -> None:
    """Time that runs backwards is no time at all."""
    throttle = Throttle(5)
    throttle.grant(1, now=100.0)

    assert throttle.grant(10, now=50.0) == 0


@given(rates, visits)
def test_no_more_leaves_than_the_rate_allows(
    rate: float, visits: list[tuple[float, int]]
) -> None:
    """In any time the letters are at most the time's worth and one bucketful."""
    throttle, now, granted = Throttle(rate), 0.0, 0

    for pause, wanted in visits:
        now += pause
        now_granted = throttle.grant(wanted, now=now)
        assert 0 <= now_granted <= wanted
        granted += now_granted

    assert granted <= now * rate + 1 + 1e-6


@given(rates, visits)
def test_after_the_wait_one_letter_may_go(
    rate: float, visits: list[tuple[float, int]]
) -> None:
    """Whoever waits as long as they are told is granted a letter, but no sooner."""
    throttle, now = Throttle(rate), 0.0
    for pause, wanted in visits:
        now += pause
        throttle.grant(wanted, now=now)

    wait = throttle.wait_seconds(now=now)

    assert 0 <= wait <= 1 / rate + 1e-9
    if wait > 1e-3:
        assert throttle.grant(1, now=now + wait * 0.99) == 0
    assert throttle.grant(1, now=now + wait + 1e-6) == 1
