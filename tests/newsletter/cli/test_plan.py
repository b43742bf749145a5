"""`newsletter plan`: what it announces is what is sent."""

import json
from datetime import timedelta
from typing import Any

from tests.newsletter.sender.week import SLOT


def test_it_shows_slot_moment_tip_and_reason(program: Any) -> None:
    """Eight weeks, this one first while it can still go out; readers and runway."""
    program("tips", "pin", "tip-9", "2026-12-08")

    result = program("plan")

    lines = [line.split() for line in result.stdout.splitlines() if "2026-W" in line]
    assert len(lines) == 6
    assert lines[0] == ["2026-W48", "Tue", "24", "Nov", "09:00", "Tip", "1", *NEXT]
    assert lines[2][5:] == ["Tip", "9", "pinned", "to", "2026-12-08"]
    assert "2027-W01" in result.stdout
    assert "Readers  2 people" in result.stdout
    assert "Runway   9 weeks" in result.stdout


NEXT = ["next", "in", "queue"]


def test_json_says_the_same(program: Any) -> None:
    """One object, with everything a script may want."""
    plan = json.loads(program("plan", "--weeks", "10", "--json").stdout)

    assert (plan["readers"], plan["runway_weeks"]) == (2, 9)
    assert len(plan["weeks"]) == 10
    first, last = plan["weeks"][0], plan["weeks"][-1]
    assert first["slot"] == "2026-W48"
    assert first["moment"] == "2026-11-24T09:00:00+00:00"
    assert (first["choice"]["slug"], first["reason"]) == ("tip-1", "next in queue")
    assert last["choice"] is None


def test_the_same_library_gives_the_same_plan(program: Any) -> None:
    """Asked twice, told the same."""
    assert program("plan", "--json").stdout == program("plan", "--json").stdout


def test_what_is_announced_is_what_is_sent(program: Any) -> None:
    """Week by week, pins included, until the library has run out."""
    program("tips", "pin", "tip-9", "2026-12-08")
    program("tips", "move", "tip-7", "--before", "tip-2")
    plan = json.loads(program("plan", "--weeks", "10", "--json").stdout)["weeks"]

    for _ in range(10):
        program("send", "-y")
        program.clock.tick(timedelta(weeks=1))

    listed = json.loads(program("issues", "list", "--json").stdout)
    sent = {issue["slot"]: issue["tip_slug"] for issue in listed}
    announced = {w["slot"]: w["choice"]["slug"] for w in plan if w["choice"]}
    assert sent == announced
    assert len(sent) == 9


def test_skip_dates_and_an_empty_library_are_told(empty: Any) -> None:
    """A week without a tip says why it has none."""
    empty.settings(schedule__skip_dates=["2026-12-01"])

    result = empty("plan", "--weeks", "2")

    assert "2026-12-01 is a skip date" in " ".join(result.stdout.split())
    assert "(nothing)" in result.stdout
    assert "Runway   0 weeks" in result.stdout


def test_the_moment_is_in_the_newsletters_zone(program: Any) -> None:
    """What the operator reads is what their clock shows."""
    program.settings(schedule__timezone="Asia/Tokyo")

    assert f"{SLOT}  Tue 24 Nov 09:00" in program("plan").stdout


def test_a_number_of_weeks_that_makes_no_sense_is_refused(program: Any) -> None:
    """2, as for every command that was typed wrongly."""
    assert "--weeks" in program("plan", "--weeks", "0", code=2).stderr
