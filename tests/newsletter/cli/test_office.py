"""What nearly every command needs first: the settings, and an open database."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsletter import __version__
from newsletter.cli.office import database_url
from newsletter.cli.program import app
from tests.desks import make_config


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///newsletter.db", "sqlite:///{folder}/newsletter.db"),
        ("sqlite:///deep/er.db", "sqlite:///{folder}/deep/er.db"),
        ("sqlite:////var/lib/tips.db", "sqlite:////var/lib/tips.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://u:p@host/tips", "postgresql://u:p@host/tips"),
    ],
)
def test_a_sqlite_file_is_relative_to_the_settings(
    tmp_path: Path, url: str, shown: str
) -> None:
    """Not to wherever the operator happens to be; other URLs stay as they are."""
    config = make_config(tmp_path, {"database": {"url": url}})

    assert database_url(config) == shown.format(folder=tmp_path)


def test_a_command_works_from_any_folder(
    program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are named, everything else follows from them."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    program("send", "-y")

    assert len(program.outbox) == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_environment_names_the_settings_and_wins_over_them(program: Any) -> None:
    """NEWSLETTER_CONFIG for the file, NEWSLETTER_SECTION_KEY for one setting."""
    runner = CliRunner(
        env={
            "NEWSLETTER_CONFIG": str(program.folder / "config.toml"),
            "NEWSLETTER_NEWSLETTER_NAME": "Another Name",
        }
    )

    result = runner.invoke(app, ["status"])

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Another Name\n")


def test_a_wrong_variable_is_refused(program: Any) -> None:
    """A typing error must not silently leave a setting as it was."""
    path = str(program.folder / "config.toml")
    runner = CliRunner(env={"NEWSLETTER_SMTP_PASWORD": "s3cret"})

    result = runner.invoke(app, ["--config", path, "status"])

    assert result.exit_code == 78
    assert 'Did you mean "NEWSLETTER_SMTP_PASSWORD"?' in result.stderr
    assert "s3cret" not in result.output


def test_a_missing_file_is_named(program: Any) -> None:
    """78, the path, and the two ways on."""
    program.folder = program.folder / "nowhere"

    refused = program("status", code=78).stderr

    assert str(program.folder / "config.toml") in refused
    assert "newsletter init" in refused
    assert "--config" in refused


def test_the_version_is_told(program: Any) -> None:
    """Without settings or database."""
    assert program("--version").stdout == f"newsletter {__version__}\n"
