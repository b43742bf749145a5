"""`newsletter init`: settings with a fresh secret, a database, and nothing lost."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from newsletter.cli.program import app
from newsletter.config import load


def secret_in(path: Path) -> str:
    """Return the secret of a settings file."""
    with path.open("rb") as file:
        return str(tomllib.load(file)["newsletter"]["secret"])


def test_it_writes_settings_and_makes_the_database(empty: Any) -> None:
    """The file loads, only its owner may read it, and `status` works at once."""
    path = empty.folder / "config.toml"
    path.unlink()
    (empty.folder / "newsletter.db").unlink()

    result = empty("init")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(load(path, {}).secrets[0]) >= 32
    assert str(path) in "".join(result.stdout.split())
    for step in ("doctor", "tips import", "subscribers import", "preview", "run"):
        assert f"newsletter {step}" in result.stdout
    assert "None yet." in empty("status").stdout


def test_an_existing_file_is_never_touched(empty: Any) -> None:
    """Refused with 78, the name, and the way out."""
    path = empty.folder / "config.toml"
    before = path.read_bytes()

    result = empty("init", code=78)

    assert path.read_bytes() == before
    assert f"{path} is there already" in result.stderr
    assert "--config" in result.stderr


def test_each_secret_is_fresh(empty: Any) -> None:
    """Two installations share no secret."""
    path = empty.folder / "config.toml"
    secrets = set()
    for _ in range(2):
        path.unlink()
        empty("init")
        secrets.add(secret_in(path))

    assert len(secrets) == 2


def test_the_database_may_be_named(empty: Any) -> None:
    """A relative file lies beside the settings."""
    (empty.folder / "config.toml").unlink()

    empty("init", "--database", "sqlite:///tips.db")

    assert (empty.folder / "tips.db").exists()
    assert '\nurl = "sqlite:///tips.db"\n' in (empty.folder / "config.toml").read_text()


def test_a_database_that_the_environment_names_is_made(empty: Any) -> None:
    """It wins over the file for every other command, so it is the one to make."""
    path = empty.folder / "config.toml"
    path.unlink()
    (empty.folder / "newsletter.db").unlink()
    runner = CliRunner(env={"NEWSLETTER_DATABASE_URL": "sqlite:///other.db"})

    made = runner.invoke(app, ["--config", str(path), "init"])
    status = runner.invoke(app, ["--config", str(path), "status"])

    assert made.exit_code == 0, made.output
    assert "other.db" in made.stdout
    assert not (empty.folder / "newsletter.db").exists()
    assert "None yet." in status.stdout


def test_a_database_that_cannot_be_made_leaves_nothing_behind(empty: Any) -> None:
    """So that the next try, with another one, is not refused."""
    path = empty.folder / "config.toml"
    path.unlink()

    nowhere = empty("init", "--database", "sqlite:////nowhere/tips.db", code=69)
    unknown = empty("init", "--database", "mysql://localhost/tips", code=69)
    wrong = empty("init", "--database", "tips.db", code=69)

    assert "cannot be opened" in nowhere.stderr
    assert "only sqlite and postgresql are known" in unknown.stderr
    assert "is not a database URL" in wrong.stderr
    assert not path.exists()


def test_a_folder_that_is_missing_is_named(empty: Any) -> None:
    """With the path, and no traceback."""
    empty.folder = empty.folder / "nowhere"

    result = empty("init", code=74)

    assert str(empty.folder / "config.toml") in result.stderr
