"""`newsletter issues`: look at issues, stop one, go on with it, end it."""

import json
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
def stuck(program: Any) -> Any:
    """A program whose issue is going out and cannot be finished yet."""
    program.settings(delivery__folder="/proc/nowhere")
    program("send", "-y")
    program.settings()
    return program


def test_the_list_has_the_newest_first(program: Any) -> None:
    """Slot, tip, state, readers and when it was finished."""
    program("send", "-y")
    program.clock.tick(timedelta(weeks=1))
    program("send", "-y")

    lines = program("issues", "list").stdout.splitlines()
    one = program("issues", "list", "--limit", "1").stdout

    assert lines[2].split()[:5] == ["2026-W49", "Tip", "2", "sent", "2"]
    assert lines[3].split()[:5] == ["2026-W48", "Tip", "1", "sent", "2"]
    assert "Tue 2026-11-24 10:00" in lines[3]
    assert "2026-W49" in one
    assert "2026-W48" not in one


def test_an_empty_list_says_how_to_begin(empty: Any) -> None:
    """A newcomer is not left alone with an empty table."""
    assert "newsletter send" in empty("issues", "list").stdout


def test_json_leaves_the_bodies_out(program: Any) -> None:
    """A list of issues is not a list of emails."""
    program("send", "-y")

    (issue,) = json.loads(program("issues", "list", "--json").stdout)
    shown = json.loads(program("issues", "show", "2026-W48", "--json").stdout)

    assert issue["slot"] == "2026-W48"
    assert issue["finished_at"].startswith("2026-11-24T10:00")
    assert not {"html", "text"} & (issue.keys() | shown.keys())
    assert shown["letters"]["sent"] == 2
    assert shown["troubles"] == []


def test_show_names_every_letter_in_trouble(program: Any) -> None:
    """Whose, in which state, after how many tries, and the reason."""
    program.add_unmailable()
    program("send", "-y")

    shown = program("issues", "show", "2026-w48").stdout

    assert "2026-W48, Tip 1" in shown
    assert "next in queue" in shown
    assert "Sent      2" in shown
    assert "Failed    1" in shown
    assert "Letters in trouble" in shown
    assert "a,b@example.org" in shown
    assert "5.1.3" in shown


def test_show_names_them_all_if_asked(program: Any) -> None:
    """The first twenty, and how to see the others; a full twenty says no such thing."""
    for number in range(20):
        program.add_unmailable(f"a,{number}@example.org")
    program("send", "-y")
    program.add_unmailable("a,20@example.org")
    program.clock.tick(timedelta(weeks=1))
    program("send", "-y")

    twenty = program("issues", "show", "2026-W48").stdout
    first = program("issues", "show", "2026-W49").stdout
    everything = program("issues", "show", "2026-W49", "--all").stdout

    assert "The first 20." not in twenty
    assert "All: newsletter issues show 2026-W49 --all" in " ".join(first.split())
    assert "a,20@example.org" not in first
    assert "The first 20." not in everything
    assert "a,20@example.org" in everything


def test_pause_and_resume(stuck: Any) -> None:
    """Paused by hand, and on again; each says what comes next."""
    paused = stuck("issues", "pause", "2026-W48").stdout
    shown = stuck("issues", "show", "2026-W48").stdout
    resumed = stuck("issues", "resume", "2026-W48").stdout
    stuck.clock.tick(timedelta(minutes=10))
    stuck("send", "--slot", "2026-W48")

    assert "Go on: newsletter issues resume 2026-W48" in paused
    assert "Paused: by hand." in shown
    assert "newsletter send --slot 2026-W48" in " ".join(resumed.split())
    assert len(stuck.outbox) == 2


def test_cancel_asks_first(stuck: Any) -> None:
    """No ends nothing; yes withdraws what never left."""
    asked = stuck("issues", "cancel", "2026-W48", typed="n\n", code=1).stdout
    going_on = stuck("issues", "show", "2026-W48").stdout
    cancelled = stuck("issues", "cancel", "2026-W48", typed="y\n").stdout

    assert "sending" in going_on
    assert "Cancel 2026-W48, Tip 1, for good?" in asked
    assert "2026-W48 is cancelled; 2 letters withdrawn." in cancelled


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "2026-W40"), "There is no issue for 2026-W40."),
        (("pause", "2026-W48"), "it is sent, so it cannot be paused"),
        (("resume", "2026-W48"), "it is sent, so it cannot be resumed"),
        (("cancel", "2026-W40"), "There is no issue for 2026-W40."),
        (("cancel", "2026-W48", "--yes"), "it is sent, so it cannot be cancelled"),
        (("show", "w48"), "'w48' is not a week"),
    ],
)
def test_what_makes_no_sense_is_refused(
    program: Any, words: tuple[str, ...], says: str
) -> None:
    """1, with the week and the state it is in."""
    program("send", "-y")

    assert says in program("issues", *words, code=1).stderr
