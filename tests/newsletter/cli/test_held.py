"""`newsletter subscribers held`: what looks like a machine's, and what follows."""

import json
from datetime import timedelta
from typing import Any

import pytest

from newsletter import db
from subscribers import leaving, roster
from subscribers.leaving import BurstPolicy
from subscribers.tables import DepartureWay

POLICY = BurstPolicy(burst=2, soon=timedelta(seconds=60))


@pytest.fixture
def burst(program: Any) -> Any:
    """Both readers were taken off within a second."""
    engine = program.engine()
    with db.transaction(engine) as session:
        for address in ("zoe@example.org", "bob@example.net"):
            leaving.leave(
                session,
                roster.find(session, address).id,
                way=DepartureWay.ONE_CLICK,
                seconds_after_letter=3,
                network="192.0.2.0/24",
                policy=POLICY,
                now=program.clock().astimezone(),
            )
    engine.dispose()
    return program


def active(program: Any) -> int:
    """Return how many people are mailed."""
    shown = program("subscribers", "list", "--status", "active", "--json").stdout
    return len(json.loads(shown))


def test_held_departures_are_listed_with_what_to_do(burst: Any) -> None:
    """Who, how soon after their letter and from where; nothing is changed by it."""
    shown = burst("subscribers", "held").stdout

    assert "zoe@example.org" in shown
    assert "192.0.2.0/24" in shown
    assert "2 departures are held" in shown
    assert "newsletter subscribers held --undo" in shown
    assert active(burst) == 0
    (first, second) = json.loads(burst("subscribers", "held", "--json").stdout)
    assert first["seconds_after_letter"] == 3
    more = burst("subscribers", "held", "--after", str(first["id"])).stdout
    assert second["address"] in more
    assert "zoe@example.org" not in more
    assert "--after" in burst("subscribers", "held", "--limit", "1").stdout


def test_status_points_to_them(burst: Any) -> None:
    """As long as they wait for a decision."""
    assert "2 departures look like a machine's" in burst("status").stdout

    burst("subscribers", "held", "--keep")

    assert "machine" not in burst("status").stdout


def test_keeping_lets_them_be_gone(burst: Any) -> None:
    """They are as everybody who left."""
    assert "2 departures kept" in burst("subscribers", "held", "--keep").stdout

    assert active(burst) == 0
    assert "No departure is held." in burst("subscribers", "held").stdout


def test_undoing_brings_them_back(burst: Any) -> None:
    """In one command, all of them."""
    assert "2 people are back" in burst("subscribers", "held", "--undo").stdout

    assert active(burst) == 2
    assert "No departure is held." in burst("subscribers", "held").stdout


def test_one_decision_at_a_time(burst: Any) -> None:
    """Both at once is a slip of the fingers."""
    shown = burst("subscribers", "held", "--keep", "--undo", code=2)

    assert "either --keep or --undo" in shown.output
    assert active(burst) == 0
