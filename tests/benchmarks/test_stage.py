"""An installation to measure with."""

from benchmarks.relays import slow_relay
from benchmarks.stage import Sent, stage


def test_sending_stops_in_time_and_in_order() -> None:
    """A run that would take too long ends as if it was asked to, and is counted."""
    with stage("sqlite") as ours, slow_relay(0.2) as port:
        ours.fill(500)
        ours.configure(port, smtp__connections=5)
        sent = ours.send_watched(by_parts=False, stops_after=3.0)

    # No more than 25 a second are answered, so all of them would take 20 seconds.
    assert 0 < sent.letters < 500
    assert sent.watched["send"] < 15


def test_a_letter_costs_its_share_of_the_cpu_time() -> None:
    """Seconds of CPU become microseconds a letter; the clock's seconds do not."""
    watched = {"open": 1.0, "send": 2.0, "cpu": 0.5, "wire": 0.25}
    sent = Sent(letters=1_000, seconds=2.0, memory=90.0, watched=watched)

    assert sent.cpu_by_part == {"cpu": 500.0, "wire": 250.0}
    assert sent.rate == 500
