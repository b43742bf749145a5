"""How the terminal looks: nothing is markup, columns fit, JSON is JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from newsletter.cli import screen
from newsletter.slots import Slot
from newsletter.tables import TipStatus

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Thing:
    """Something of every kind."""

    slot: Slot
    status: TipStatus
    at: datetime
    day: date | None
    many: tuple[object, ...]
    names: dict[str, object]


def test_nothing_that_people_wrote_is_read_as_markup(capsys: Capture) -> None:
    """Brackets and emoji codes in a title stay what they are."""
    odd = "[bold]Say :smile: [/nothing] what"

    screen.say(odd)
    screen.facts([("Title", odd)])
    screen.table(("Title",), [(odd,)])
    screen.heading(odd)
    screen.aside(odd)

    captured = capsys.readouterr()
    assert captured.out.count(odd) == 4
    assert captured.err == f"{odd}\n"


def test_a_long_line_is_not_broken(capsys: Capture) -> None:
    """What is said in a sentence can be searched for in a pipe."""
    screen.say("word " * 60)

    assert capsys.readouterr().out.count("\n") == 1


def test_tables_fit_eighty_columns(capsys: Capture) -> None:
    """Long cells are folded, never cut off."""
    screen.table(("Slot", "Tip"), [("2026-W48", "x" * 200)])

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("x") for line in lines) == 200


def test_numbers_stand_to_the_right(capsys: Capture) -> None:
    """With thousands apart; the mark in the column's name is not shown."""
    screen.table(("No.#", "Name"), [(7, "a"), (12_345, "b"), (None, True)])

    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in (lines[0], *lines[2:])] == [
        "   No.  Name",
        "     7  a",
        "12,345  b",
        "        True",
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 tips"), (1, "1 tip"), (2, "2 tips"), (12_000, "12,000 tips")],
)
def test_counts_are_said_in_words(number: int, words: str) -> None:
    """One tip, two tips."""
    assert screen.count(number, "tip") == words
    assert screen.count(2, "person", "people") == "2 people"


def test_moments_are_local() -> None:
    """As people of the zone write it; nothing for a moment that never was."""
    moment = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)

    assert screen.local(moment, ZoneInfo("Asia/Tokyo")) == "Wed 2026-11-25 08:30"
    assert screen.local(None, ZoneInfo("UTC")) == ""


def test_json_says_everything_plainly(capsys: Capture) -> None:
    """Words for states, ISO 8601 for times, letters as they are."""
    thing = Thing(
        slot=Slot(2026, 48),
        status=TipStatus.READY,
        at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        day=None,
        many=(1, 2.5, True, frozenset({"ß"})),
        names={"day": date(2026, 11, 24)},
    )

    screen.as_json([thing])

    out = capsys.readouterr().out
    assert "ß" in out
    assert json.loads(out) == [
        {
            "slot": "2026-W48",
            "status": "ready",
            "at": "2026-11-24T09:00:00+00:00",
            "day": None,
            "many": [1, 2.5, True, ["ß"]],
            "names": {"day": "2026-11-24"},
        }
    ]


def test_progress_goes_to_stderr(capsys: Capture) -> None:
    """So that a result can be piped while work is shown."""
    with screen.progress("2026-W48", 2) as bar:
        bar.advance(bar.task_ids[0], 2)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2/2" in captured.err


@pytest.mark.parametrize("total", [None, 4_000])
def test_a_bar_that_vanishes_leaves_nothing_in_a_pipe(
    capsys: Capture, total: int | None
) -> None:
    """Only a terminal can show it move; a log gets no empty line."""
    with screen.octets("Reading", total) as bar:
        bar.update(bar.task_ids[0], completed=1_000)
    with screen.progress("Writing", total, vanish=True) as bar:
        bar.update(bar.task_ids[0], completed=1_000)

    assert capsys.readouterr().err == ""
