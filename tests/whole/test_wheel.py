"""The wheel alone is enough: built, installed into an empty environment, and run."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds nothing but the wheel.

    What the wheel depends on is lent from this environment through a `.pth` file, so
    that no index is asked; the project itself is not: its checkout is not on that path.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    options = ["--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([*pip, *options], check=True, capture_output=True)
    _lend_dependencies(folder / "env")
    return folder / "env/bin"


def _lend_dependencies(environment: Path) -> None:
    """Make the libraries of this environment importable there, but not the project."""
    here = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    (there,) = environment.glob("lib/*/site-packages")
    for entry in here.iterdir():
        is_ours = entry.name.startswith(("newsletter", "_newsletter", "_editable"))
        if not is_ours and entry.suffix != ".pth" and not (there / entry.name).exists():
            (there / entry.name).symlink_to(entry)


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Templates, migrations, sample tips and readers are all in the wheel."""
    run = subprocess.run(
        [installed / "newsletter", "demo"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stderr
    assert "12 received" in run.stdout
    assert len(list((tmp_path / "demo/received").glob("*.eml"))) == 12


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    """The program comes from the wheel's own files, not from the checkout."""
    run = subprocess.run(
        [installed / "python", "-c", "import newsletter; print(newsletter.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert str(installed.parent) in run.stdout
