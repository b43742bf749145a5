"""`newsletter verify`: every promise in a line, and an exit code for cron."""

import json
from typing import Any

from sqlalchemy import text

from newsletter import fence


def test_a_healthy_newsletter_keeps_every_promise(program: Any) -> None:
    """Before anything was sent, and after; a line for each."""
    for _ in range(2):
        result = program("verify")
        lines = result.stdout.splitlines()[2:]
        assert len(lines) == 20
        assert all(" ok" in line for line in lines)
        program("send", "-y")


def test_a_broken_promise_is_named_and_ends_with_1(program: Any) -> None:
    """In words, with how many, as a table and as JSON."""
    program("send", "-y")
    engine = program.engine()
    with engine.begin() as connection:
        connection.execute(text("UPDATE delivery SET finished_at = NULL"))
        connection.execute(text("UPDATE issue SET enrolled = 9"))
        connection.execute(text("DROP INDEX uq_delivery_round"))
    engine.dispose()

    shown = program("verify", code=1).stdout
    found = json.loads(program("verify", "--json", code=1).stdout)

    assert "2 letters" in shown
    wrong = {line["promise"]: line["found"] for line in found if line["state"] != "ok"}
    assert wrong == {
        "A letter has an end when it is done, and only then": "2 letters",
        "Each issue has the letters it enrolled": "2026-W48",
        "Tables, indexes and references are there": (
            "index uq_delivery_round is missing"
        ),
    }


def test_a_copy_is_found_out(program: Any) -> None:
    """The fence is one of the promises."""
    engine = program.engine()
    with engine.begin() as connection:
        values = {"place": fence.NOWHERE}
        connection.execute(text("UPDATE installation SET place = :place"), values)
    engine.dispose()

    assert "it was restored from a backup" in " ".join(
        line["found"] for line in json.loads(program("verify", "--json", code=1).stdout)
    )


def test_a_database_of_another_release_is_asked_nothing_else(empty: Any) -> None:
    """One line: the one that must be mended first."""
    empty.settings(database__url="sqlite:///blank.db")

    (line,) = json.loads(empty("verify", "--json", code=1).stdout)

    assert line["promise"] == "The database is of this release"
    assert "newsletter upgrade" in line["found"]


def test_what_was_left_of_the_erased_and_who_is_suppressed_is_found(
    program: Any,
) -> None:
    """A name, an address in the relay's words, and a reader who wanted no mail."""
    program("send", "-y")
    program("subscribers", "erase", "zoe@example.org", "-y")
    program("subscribers", "suppress", "bob@example.net")
    program("verify")
    engine = program.engine()
    with engine.begin() as connection:
        for harm in (
            "UPDATE subscriber SET name = 'Zoë' WHERE status = 'erased'",
            "UPDATE delivery SET reason = '550 <zoe@example.org> unknown'",
            "UPDATE subscriber SET status = 'active' WHERE name = 'Bob'",
        ):
            connection.execute(text(harm))
    engine.dispose()

    found = json.loads(program("verify", "--json", code=1).stdout)

    wrong = {line["promise"]: line["found"] for line in found if line["state"] != "ok"}
    assert wrong == {
        "Of the erased nothing is left": "1 details of people, 1 addresses in letters",
        "Nobody suppressed is mailed": "1 person",
    }


def test_without_a_secret_nobody_can_be_suppressed(program: Any) -> None:
    """So that promise needs none; nothing can be sent without one either."""
    program.settings(newsletter__secret="")

    assert "Nobody suppressed is mailed" in program("verify").stdout
