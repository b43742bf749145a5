"""The runner of rows, with a real command, a real database and a relay of our own."""

import pytest

from benchmarks.relays import slow_relay
from benchmarks.sending import Row, not_full, run_race
from benchmarks.stage import stage

LETTERS = 200


def test_a_row_is_run_from_the_list_to_the_figures() -> None:
    """Every letter is sent in each round, and all that a row tells is there."""
    row = Row("sqlite", "full", 5, aim=0.5)
    with stage("sqlite") as ours, slow_relay(0.0) as port:
        ours.fill(LETTERS)
        row.set_up(ours, port)
        race = run_race(row, ours, lambda: 100.0, group="source", rounds=1)
        watched = ours.send_watched(by_parts=False)

    assert race.name == "SQLite full"
    assert race.ratio == pytest.approx(race.ours.median / 100.0)
    assert race.memory > 10
    assert race.safety == {"journal_mode": "wal", "synchronous": "2"}
    parts = {part: race.cpu[part] for part in ("compose", "wire", "ledger", "rest")}
    assert all(spent > 0 for spent in parts.values())
    assert sum(parts.values()) == pytest.approx(race.cpu["cpu"])
    assert watched.letters == LETTERS
    assert watched.watched["open"] > 0


def test_a_commit_that_waits_for_no_disk_is_not_full() -> None:
    """Each engine's own words for it are known; other facts do not matter."""
    assert not_full({"fsync": "on", "synchronous_commit": "on"}) == {}
    assert not_full({"fsync": "off", "synchronous_commit": "on"}) == {"fsync": "off"}
    assert not_full({"journal_mode": "wal", "synchronous": "1"}) == {"synchronous": "1"}


def test_a_row_sets_the_durability_that_it_is_named_for() -> None:
    """The database itself says so, in the settings that the command will read."""
    with stage("sqlite") as ours:
        Row("sqlite", "normal", 5).set_up(ours, 25)
        assert not_full(ours.durability())

        Row("sqlite", "full", 5).set_up(ours, 25)
        assert not not_full(ours.durability())
