"""`newsletter comments`: moderation from the terminal."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session

from newsletter.tables import CommentStatus
from tests.factories import make_comment, make_tip

ADA = "a" * 64
HELD, SHOWN = CommentStatus.HELD, CommentStatus.SHOWN


@pytest.fixture
def numbers(program: Any) -> list[str]:
    """A comment that is shown and two that wait, one of somebody known."""
    engine = program.engine()
    with Session(engine) as session:
        tip = make_tip(session, "listen", title="Listen first")
        written = datetime(2026, 11, 24, 9, tzinfo=UTC)
        made = [
            make_comment(session, tip, "Shown.", author="Ada", author_key=ADA),
            make_comment(
                session, tip, "Mine.", author="Ada", author_key=ADA, status=HELD
            ),
            make_comment(
                session,
                tip,
                "Many words " * 20 + "\nthe last.",
                author="",
                status=HELD,
                written_at=written,
                reply_to="1",
            ),
        ]
        session.commit()
        numbers = [str(comment.id) for comment in made]
    engine.dispose()
    return numbers


def listed(program: Any, *words: str) -> list[str]:
    """Return the numbers of the comments that are listed."""
    found = json.loads(program("comments", "list", "--json", *words).stdout)
    return [str(comment["id"]) for comment in found]


def test_the_list_has_what_waits(program: Any, numbers: list[str]) -> None:
    """Others on request: by state, by tip, all; in portions."""
    shown = program("comments", "list").stdout

    assert "Ada (known)" in shown
    assert "(no name)" in shown
    assert "comments approve N" in shown
    assert listed(program) == numbers[1:]
    assert listed(program, "--all") == numbers
    assert listed(program, "--status", "shown") == numbers[:1]
    assert listed(program, "--all", "--tip", "tip-1") == []
    assert (
        listed(program, "--all", "--after", numbers[0], "--limit", "1") == numbers[1:2]
    )
    assert f"--after {numbers[1]}" in program("comments", "list", "--limit", "1").stdout
    assert "tip-1" in program("comments", "list", "--tip", "tip-11", code=1).output


def test_nothing_waits(program: Any) -> None:
    """And says so."""
    assert "No comment waits for you." in program("comments", "list").stdout
    assert "No comment here." in program("comments", "list", "--all").stdout


def test_show_has_all_of_it(program: Any, numbers: list[str]) -> None:
    """The whole text, the tip, when and what it answers; as JSON too."""
    shown = program("comments", "show", numbers[2]).stdout
    data = json.loads(program("comments", "show", numbers[2], "--json").stdout)

    for words in ("the last.", "Listen first (listen)", "held", "2026-11-24 09:00"):
        assert words in shown
    assert "another comment" in shown
    assert data["status"] == "held"


def test_comments_are_approved_and_hidden(program: Any, numbers: list[str]) -> None:
    """Several at once; `status` counts what waits."""
    assert "2 comments wait for you" in program("status").stdout

    approved = program("comments", "approve", *numbers[1:]).stdout
    hidden = program("comments", "hide", numbers[0]).stdout

    assert f"{numbers[1]}, Ada (known) on listen: shown." in approved
    assert f"{numbers[0]}, Ada (known) on listen: hidden." in hidden
    assert listed(program, "--status", "shown") == numbers[1:]
    assert listed(program, "--status", "hidden") == numbers[:1]
    assert "wait for you" not in program("status").stdout


def test_delete_asks_first(program: Any, numbers: list[str]) -> None:
    """And names what it is about."""
    asked = program("comments", "delete", numbers[0], code=1, typed="n\n")
    assert f"{numbers[0]}, Ada" in asked.stdout
    assert listed(program, "--all") == numbers

    done = program("comments", "delete", *numbers[:2], "-y").stdout

    assert "2 comments deleted." in done
    assert listed(program, "--all") == numbers[2:]


@pytest.mark.parametrize("verb", ["show", "approve", "hide", "delete"])
def test_an_unknown_number_is_said(program: Any, verb: str) -> None:
    """With where to look."""
    result = program("comments", verb, "4711", code=1)

    assert "There is no comment 4711." in result.output
    assert "newsletter comments list --all" in result.output
