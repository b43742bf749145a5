"""One size, as it is measured."""

from benchmarks.relays import slow_relay
from benchmarks.scale import measure
from benchmarks.sending import Row
from benchmarks.stage import stage

PEOPLE = 120


def test_a_size_tells_opening_and_the_cost_of_a_letter() -> None:
    """Everybody is enrolled and mailed, and each figure is measured."""
    with stage("sqlite") as ours, slow_relay(0.0) as port:
        ours.fill(PEOPLE)
        Row("sqlite", "full", 5).set_up(ours, port)
        size = measure(ours, PEOPLE, issues=1)

    assert (size.engine, size.people, size.sent) == ("SQLite", PEOPLE, PEOPLE)
    assert size.cpu > 0
    assert size.opening > 0
    assert size.wall > 0
