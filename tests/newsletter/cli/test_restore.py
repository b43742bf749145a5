"""`newsletter restore`: everything back, and nothing sent until it is taken over."""

import json
from typing import Any


def test_what_was_kept_comes_back_and_does_not_send(program: Any) -> None:
    """The library, the people and the ledger; sending waits for a takeover."""
    program("send", "-y")
    program("backup", "tips.backup")
    tips = program("tips", "list", "--json").stdout
    program.settings(database__url="sqlite:///new.db")

    result = program("restore", "tips.backup")

    assert "newsletter takeover" in result.stdout
    assert program("tips", "list", "--json").stdout == tips
    assert len(json.loads(program("history", "zoe@example.org", "--json").stdout)) == 2
    refused = program("send", "--slot", "2026-W49", "-y", code=1)
    assert "it was restored from a backup" in refused.stderr
    assert len(program.outbox) == 2

    program("takeover", "-y")
    program("send", "--slot", "2026-W49", "-y")
    assert len(program.outbox) == 4


def test_a_database_with_rows_is_left_alone(program: Any) -> None:
    """Refused with the way on."""
    program("backup", "tips.backup")

    result = program("restore", "tips.backup", code=1)

    assert "which is not empty" in result.stderr
    assert "Let database.url name a new database" in result.stderr


def test_a_file_that_is_no_backup_is_named(program: Any) -> None:
    """Before the database is touched."""
    program.settings(database__url="sqlite:///new.db")

    assert "it is no backup" in program("restore", "config.toml", code=1).stderr
    assert "no such file" in program("restore", "nothing", code=1).stderr
    assert not (program.folder / "new.db").exists()
