"""Every expected error has an exit code and words; only bugs have tracebacks."""

import errno
from pathlib import Path
from typing import Any

import pytest

from newsletter import errors
from newsletter.cli import failures
from subscribers import errors as people_errors


def kinds(module: Any) -> list[type[Exception]]:
    """Return every error that a module defines."""
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and kind.__module__ == module.__name__
    ]


@pytest.mark.parametrize("kind", kinds(errors) + kinds(people_errors))
def test_every_error_of_ours_is_known(kind: type[Exception]) -> None:
    """None of them can reach the operator as a traceback."""
    assert issubclass(kind, failures.KNOWN)
    assert failures.exit_code(kind.__new__(kind)) in (1, 69, 78)


def test_a_file_that_cannot_be_used_is_named() -> None:
    """The name, what the system says, and what to look at."""
    error = PermissionError(errno.EACCES, "Permission denied", "/etc/tips.csv")

    assert failures.exit_code(error) == 74
    assert failures.words(error) == (
        "/etc/tips.csv: Permission denied. Check the name, and who may write there."
    )
    assert failures.words(OSError("odd")) == "odd"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("subscribers", "import", "/nowhere/people.csv"), 74),
        (("subscribers", "export", "/nowhere/people.csv"), 74),
        (("preview", "tip-1", "--output", "/nowhere.txt/x"), 74),
        (("tips", "import", "/nowhere/tips"), 1),
        (("tips", "export", "/nowhere.txt/x"), 1),
    ],
)
def test_a_path_that_leads_nowhere_is_named(
    program: Any, words: tuple[str, ...], code: int
) -> None:
    """Whatever the command, and never with a traceback."""
    (program.folder / "nowhere.txt").write_text("a file, no folder")
    path = words[-1].replace("/nowhere.txt", str(program.folder / "nowhere.txt"))

    result = program(*words[:-1], path, code=code)

    assert str(Path(path).parent) in result.stderr


def test_a_newer_or_empty_database_is_told_apart(program: Any, tmp_path: Path) -> None:
    """69, and the command that helps."""
    program.settings(database__url="sqlite:///blank.db")
    (tmp_path / "text.db").write_text("This is no database, but words. " * 40)

    blank = program("status", code=69).stderr
    program.settings(database__url="sqlite:///text.db")
    words = program("status", code=69).stderr

    assert "has no tables yet. Make them with `newsletter upgrade`." in blank
    assert "cannot be opened: file is not a database" in words
