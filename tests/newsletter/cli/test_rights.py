"""What the law gives a person, done from the terminal by whoever they asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from newsletter import db
from newsletter.tables import Delivery
from tests.newsletter.cli.conftest import SECRET


def people(program: Any) -> list[str]:
    """Return the addresses on the list."""
    shown = json.loads(program("subscribers", "list", "--json").stdout)
    return [person["address"] for person in shown]


def test_everything_about_somebody_is_written(program: Any, tmp_path: Path) -> None:
    """To stdout or to a file: who they are, and the tips they had."""
    program("send", "-y")
    file = tmp_path / "zoe.json"

    found = json.loads(program("subscribers", "export-one", "Zoe@example.org").stdout)
    told = program("subscribers", "export-one", "zoe@example.org", str(file))

    assert found["person"]["name"] == "Zoë Krüger"
    assert [tip["slug"] for tip in found["tips"]] == ["tip-1"]
    assert json.loads(file.read_text("utf-8")) == found
    assert told.stdout == ""
    assert f"Everything about zoe@example.org is in {file}." in told.stderr


def test_erasing_asks_first(program: Any) -> None:
    """No is no, and changes nothing."""
    asked = program("subscribers", "erase", "zoe@example.org", typed="n\n", code=1)

    assert "Erase zoe@example.org (active) for good?" in asked.stdout
    assert "zoe@example.org" in people(program)


@pytest.mark.parametrize("words", [("--yes",), ("-y",), ()])
def test_the_erased_are_nobody_and_the_counts_stay_true(
    program: Any, words: tuple[str, ...]
) -> None:
    """They are on no list and in no export, and were sent what they were sent."""
    program("send", "-y")
    erase = ("subscribers", "erase", "zoe@example.org", *words)

    told = program(*erase, typed="" if words else "y\n").stdout

    assert told.endswith("zoe@example.org is erased and will not be mailed again.\n")
    assert people(program) == ["bob@example.net", "gone@example.org"]
    assert "1 erased" in program("subscribers", "list").stdout
    assert "zoe" not in program("subscribers", "export").stdout
    assert "Nobody with the address" in program(*erase, code=1).stderr
    program("verify")
    engine = program.engine()
    with db.transaction(engine) as session:
        assert len(session.exec(select(Delivery)).all()) == 2
    engine.dispose()


def test_nobody_brings_the_erased_back(program: Any, tmp_path: Path) -> None:
    """Neither a file nor a command, nor a new secret; only if the operator says so."""
    program("subscribers", "erase", "zoe@example.org", "-y")
    program.settings(
        newsletter__secret="a newer secret, also longer than it must be",
        newsletter__old_secrets=[SECRET],
    )
    file = tmp_path / "old.csv"
    file.write_text("email\nzoe@example.org\n", "utf-8")
    again = ("subscribers", "import", str(file), "--source", "the shop")

    imported = program(*again).stdout
    added = program("subscribers", "add", "zoe@example.org", code=1).stderr
    program("subscribers", "unsuppress", "zoe@example.org")
    program("subscribers", "add", "zoe@example.org")

    assert "Suppressed, stay out" in imported
    assert "is suppressed since 2026-11-24 (erased)" in added
    assert "newsletter subscribers unsuppress zoe@example.org" in added
    assert "zoe@example.org" in people(program)


def test_an_address_is_suppressed_whether_or_not_it_is_there(program: Any) -> None:
    """Somebody on the list gets no more mail; verify sees who does all the same."""
    stranger = program("subscribers", "suppress", "New@example.org").stdout
    reader = program("subscribers", "suppress", "zoe@example.org").stdout
    program("send", "-y")

    assert stranger == "New@example.org is never mailed.\n"
    assert reader == (
        "zoe@example.org is never mailed. They were on the list and get no more mail.\n"
    )
    assert len(program.outbox) == 1
    assert program("subscribers", "add", "new@example.org", code=1)
    program("verify")


def test_lifting_says_whether_there_was_anything(program: Any) -> None:
    """And what follows from it; nobody is put back by it."""
    program("subscribers", "suppress", "zoe@example.org")

    first = program("subscribers", "unsuppress", "ZOE@example.org").stdout
    second = program("subscribers", "unsuppress", "zoe@example.org").stdout

    assert "ZOE@example.org may be on the list again." in first
    assert second == "zoe@example.org is not suppressed; nothing was changed.\n"
    shown = program("subscribers", "show", "zoe@example.org").stdout
    assert "unsubscribed" in shown


def test_what_is_no_address_is_refused(program: Any) -> None:
    """1, with the value."""
    for command in ("suppress", "unsuppress", "erase", "export-one"):
        refused = program("subscribers", command, "zoe", code=1).stderr
        assert "'zoe' is not a usable email address" in refused
