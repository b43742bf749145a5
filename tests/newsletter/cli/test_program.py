"""The program as a whole: its help, its speed, its exit codes."""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter import __version__
from newsletter.cli import failures
from newsletter.cli.program import COMMANDS
from newsletter.errors import DatabaseProblem, MissingConfig, UnknownTip
from subscribers.errors import UnknownSubscriber

PROGRAM = Path(sys.executable).with_name("newsletter")


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program as a person would."""
    return subprocess.run(
        [PROGRAM, *words], cwd=cwd, check=False, capture_output=True, text=True
    )


def test_help_lists_every_command(tmp_path: Path) -> None:
    """`--help` names each command, without importing any of them."""
    shown = run("--help", cwd=tmp_path)

    assert shown.returncode == 0
    for name in COMMANDS:
        assert f"  {name} " in shown.stdout


def test_help_is_instant(tmp_path: Path) -> None:
    """A cold start of `--help` takes less than 0.3 s, in the median of five.

    Counted in processor seconds: it waits for nothing, and other tests run beside it.
    """
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    took = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [PROGRAM, "--help"],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = (
            after.ru_utime - before.ru_utime,
            after.ru_stime - before.ru_stime,
        )
        took.append(user + system)

    # The first run may have to compile the modules.
    assert statistics.median(took[1:]) < 0.3


def test_help_imports_nothing_heavy() -> None:
    """Until a command runs, no database, template or SMTP library is loaded."""
    code = (
        "import sys; from newsletter.cli.program import app; import typer; "
        "typer.main.get_command(app); print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    loaded = set(shown.stdout.split())
    heavy = {"sqlalchemy", "sqlmodel", "pydantic", "jinja2", "premailer", "aiosmtpd"}
    assert not heavy & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, tmp_path: Path) -> None:
    """Each command has a help text of its own."""
    shown = run(name, "--help", cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert f"Usage: newsletter {name}" in shown.stdout
    # One look for all pages, of whole sentences, and no words of a programmer's.
    assert "..." not in shown.stdout.replace("[ARGS]...", "")
    assert "<bool>" not in shown.stdout


def test_a_typing_error_names_the_nearest_command(tmp_path: Path) -> None:
    """A wrong word ends with exit code 2 and the command that was meant."""
    shown = run("plann", cwd=tmp_path)

    assert shown.returncode == 2
    assert "'plan'" in shown.stderr


def test_without_settings_a_command_says_how_to_make_them(tmp_path: Path) -> None:
    """The newcomer who types `status` first is shown the way, and no traceback."""
    shown = run("status", cwd=tmp_path)

    assert shown.returncode == 78
    assert "newsletter init" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MissingConfig(path=Path("config.toml")), 78),
        (DatabaseProblem("is empty"), 69),
        (UnknownTip(slug="x"), 1),
        (UnknownSubscriber(address="x@example.org"), 1),
    ],
)
def test_errors_have_exit_codes(error: Exception, code: int) -> None:
    """Scripts can tell what kind of failure it was."""
    assert isinstance(error, failures.KNOWN)
    assert failures.exit_code(error) == code


def test_the_version_is_told(tmp_path: Path) -> None:
    """`--version` needs no command and no settings."""
    shown = run("--version", cwd=tmp_path)

    assert shown.returncode == 0
    assert shown.stdout == f"newsletter {__version__}\n"
