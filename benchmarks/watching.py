"""Run a program to its end, and see how much memory it and its children had at most."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from time import sleep

PROC = Path("/proc")
LOOK_EVERY = 0.1


def run(program: list[str]) -> float:
    """Run *program* in silence, and return the memory of all its processes in MB.

    That is each one's own peak, added up: no less than what they ever had together.
    Linux keeps the peaks; they are looked at ten times a second, and what follows the
    last look is missed.

    Raises:
        SystemExit: it failed.
    """
    quiet = subprocess.DEVNULL
    peaks: dict[int, int] = {}
    # A file, not a pipe: nobody would read it while the program writes.
    with TemporaryFile() as errors:
        process = subprocess.Popen(program, stdin=quiet, stdout=quiet, stderr=errors)
        while process.poll() is None:
            peaks |= peaks_below(process.pid)
            sleep(LOOK_EVERY)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            raise SystemExit(
                f"{' '.join(program)} ended with {process.returncode}:\n{said}"
            )
    return sum(peaks.values()) / 1_000


def peaks_below(pid: int) -> dict[int, int]:
    """Return the peak memory in KB of a process and all below it, by their numbers."""
    folder = PROC / str(pid)
    try:
        status = (folder / "status").read_text()
        started = [task.read_text() for task in folder.glob("task/*/children")]
    except OSError:
        # It ended meanwhile.
        return {}
    peaks = {}
    # A process that has ended and was not waited for has no memory, and no such line.
    if found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
        peaks[pid] = int(found[1])
    for child in " ".join(started).split():
        peaks |= peaks_below(int(child))
    return peaks
