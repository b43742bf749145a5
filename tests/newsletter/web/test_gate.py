"""What a process remembers of forms: exact, and cheap however many networks come."""

from threading import Timer

from limits import parse

from newsletter.web.gate import CLEARED_EVERY_SECONDS, Gate


def timer_of(gate: Gate) -> Timer:
    """Return what will clear up next."""
    found = gate.limiter.storage.timer  # type: ignore[attr-defined]
    assert isinstance(found, Timer)
    return found


def test_what_is_over_is_forgotten_every_few_seconds() -> None:
    """Not at each form, and it keeps no process from ending; then it is set anew."""
    gate, limit = Gate(), parse("1/second")
    first = timer_of(gate)
    first.cancel()
    first.join()

    assert gate.limiter.hit(limit, "join", "192.0.2.0/24")

    again = timer_of(gate)
    assert again is not first
    for timer in (first, again):
        assert timer.interval == CLEARED_EVERY_SECONDS
        assert timer.daemon
    again.cancel()


def test_a_network_is_counted_by_itself() -> None:
    """So many of each in the time, and no more."""
    gate, limit = Gate(), parse("2/hour")

    said = [gate.limiter.hit(limit, "join", f"192.0.2.{at % 2}") for at in range(6)]

    assert said == [True] * 4 + [False] * 2
    timer_of(gate).cancel()
