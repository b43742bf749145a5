"""The pace that a relay asks for: cut at once, regained slowly, none without need."""

import math

import pytest

from newsletter.easing import (
    CUT,
    ENOUGH,
    FREE_AT,
    HOLD_SECONDS,
    LEAST_KNOWN,
    REGAIN_SECONDS,
    SLOWEST,
    Easing,
)

MANY = int(ENOUGH)


def eased(*, taken: int = 100, now: float = 0.0) -> Easing:
    """Return a pace that was just cut, after so many letters in a second."""
    easing = Easing()
    easing.hear(taken=taken, now=now)
    assert easing.hear(taken=0, too_fast=MANY + taken, now=now)
    return easing


def refuse(easing: Easing, *, now: float) -> bool:
    """Let the relay ask to go slower, often enough."""
    return easing.hear(taken=0, too_fast=MANY, now=now)


def test_without_refusals_there_is_no_pace() -> None:
    """As many as are wanted, at any time."""
    easing = Easing()

    assert not easing.hear(taken=1_000, now=0.0)
    assert easing.room(1_000_000, now=0.1) == 1_000_000
    assert easing.per_second(now=0.1) == math.inf
    assert easing.wait_seconds(now=0.1) == 0


def test_a_few_refusals_among_many_letters_change_nothing() -> None:
    """Readers' hosts behind the relay have moods of their own."""
    easing = Easing()

    cut = [
        easing.hear(taken=20, too_fast=1, now=moment / 100) for moment in range(1_000)
    ]

    assert not any(cut)
    assert not easing.is_on


@pytest.mark.parametrize("offered", [2, 5, 20])
def test_refusals_among_some_letters_are_heard(offered: int) -> None:
    """A limit that lets every second letter through is one, too."""
    easing = Easing()

    assert any(
        easing.hear(taken=1, too_fast=offered - 1, now=moment / 100)
        for moment in range(100)
    )


def test_a_relay_that_hangs_up_as_well_is_heard_sooner() -> None:
    """Each of those costs a connection."""
    easing = Easing()

    assert not easing.hear(taken=0, too_fast=1, closed=1, now=0.0)
    assert easing.hear(taken=0, too_fast=1, closed=1, now=0.1)


def test_after_a_cut_nothing_starts_for_a_moment() -> None:
    """Then at half the pace that the relay took."""
    easing = eased(taken=100)

    assert easing.room(50, now=HOLD_SECONDS - 0.01) == 0
    assert easing.wait_seconds(now=0.25) == pytest.approx(HOLD_SECONDS - 0.25)
    assert easing.room(50, now=HOLD_SECONDS) == 1
    assert easing.per_second(now=0.0) == pytest.approx(100 * CUT)


def test_the_pace_is_kept_by_whoever_asks_often() -> None:
    """Over seconds, whatever the steps in which room is asked for."""
    easing, started = eased(taken=100), 0

    for step in range(1_000):
        now = HOLD_SECONDS + step / 200
        room = easing.room(10, now=now)
        easing.spend(room, now=now)
        started += room

    assert started == pytest.approx(5 * 100 * CUT, rel=0.1)


def test_a_rest_is_not_made_up_for() -> None:
    """A process that comes late does not send a burst."""
    easing = eased(taken=100)

    assert easing.room(1_000, now=HOLD_SECONDS + 30) < 30


def test_replies_to_what_was_on_the_wire_are_heeded_once() -> None:
    """They speak of the pace before."""
    easing = eased(taken=100)

    assert not refuse(easing, now=0.5)
    assert refuse(easing, now=HOLD_SECONDS)
    assert easing.per_second(now=HOLD_SECONDS) < 100 * CUT * 0.6


def test_what_was_cut_comes_back_within_its_time() -> None:
    """Evenly: the half of it in half of the time."""
    easing = eased(taken=100)

    assert easing.per_second(now=REGAIN_SECONDS / 2) == pytest.approx(75)
    assert easing.per_second(now=REGAIN_SECONDS) == pytest.approx(100)


def test_in_the_end_there_is_no_pace_any_more() -> None:
    """Told once, when it has grown beyond what was refused."""
    easing = eased(taken=100)
    end = REGAIN_SECONDS * (FREE_AT - CUT) / (1 - CUT)

    assert not easing.ends(now=end - 1)
    assert easing.ends(now=end)
    assert not easing.ends(now=end)
    assert easing.room(1_000, now=end) == 1_000


def test_a_relay_that_has_taken_nothing_yet_is_tried_gently() -> None:
    """And never less often than the slowest pace, so that its end is noticed."""
    easing, now = Easing(), 0.0
    refuse(easing, now=now)
    assert easing.per_second(now=now) == LEAST_KNOWN * CUT

    for _ in range(20):
        now += HOLD_SECONDS
        refuse(easing, now=now)

    assert easing.per_second(now=now) == pytest.approx(SLOWEST)


@pytest.mark.parametrize("limit", [3, 40, 900])
def test_it_swings_below_a_limit_that_it_does_not_know(limit: int) -> None:
    """Ten minutes at a relay with a limit by the second: few refusals, good use."""
    easing, sent, refused = Easing(), 0, 0
    second, used = 0, 0
    for step in range(60_000):
        now = step / 100
        if int(now) != second:
            second, used = int(now), 0
        offered = easing.room(20, now=now)
        easing.spend(offered, now=now)
        taken = min(offered, limit - used)
        used += taken
        sent, refused = sent + taken, refused + offered - taken
        easing.hear(taken=taken, too_fast=offered - taken, now=now)

    assert sent > 600 * limit * 0.55
    assert refused < sent * 0.1
