"""Memory is that of a program and of all that it starts."""

import sys

import pytest

from benchmarks import watching

HOLD = "held = b'x' * {megabytes}_000_000; import time; time.sleep(0.5)"


def test_memory_of_children_counts() -> None:
    """What a process that was started by ours holds is added to what ours holds."""
    child = HOLD.format(megabytes=60)
    parent = (
        "import subprocess, sys; held = b'x' * 40_000_000; "
        f'subprocess.run([sys.executable, "-c", "{child}"])'
    )

    assert watching.run([sys.executable, "-c", parent]) > 100


def test_a_program_that_fails_is_told_with_its_words() -> None:
    """The benchmark stops, and shows what the program said."""
    program = [sys.executable, "-c", "import sys; sys.exit('no such relay')"]

    with pytest.raises(SystemExit, match="no such relay"):
        watching.run(program)
