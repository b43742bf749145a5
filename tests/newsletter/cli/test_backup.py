"""`newsletter backup`: one file, what is in it, and what must be kept with it."""

from typing import Any


def test_a_backup_says_what_is_in_it(program: Any) -> None:
    """Counts on stdout; on stderr that the secret is not in it."""
    result = program("backup", "tips.backup")

    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:2] == ["Backup", "tips.backup,"]
    assert lines[1:] == [
        ["Tips", "10"],
        ["People", "3"],
        ["Issues", "0"],
        ["Letters", "0"],
    ]
    assert "config.toml with it, for its secret" in " ".join(result.stderr.split())
    assert (program.folder / "tips.backup").stat().st_size > 0


def test_a_file_that_is_there_is_kept(program: Any) -> None:
    """Refused with what to do."""
    program("backup", "tips.backup")

    result = program("backup", "tips.backup", code=1)

    assert "tips.backup: it is there already. Name another file" in result.stderr


def test_a_folder_that_is_not_there_is_named(program: Any) -> None:
    """74 and the name, as for every file."""
    assert "nowhere" in program("backup", "nowhere/tips.backup", code=74).stderr


def test_the_live_database_goes_on(program: Any) -> None:
    """A backup takes nothing from it."""
    program("backup", "tips.backup")

    program("send", "-y")

    assert len(program.outbox) == 2
