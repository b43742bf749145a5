"""Issues that are sent by a process and its child, of which either is killed.

The child is what `smtp.processes = 2` starts: a process of its own, with connections of
its own. When its parent is killed it must end by itself, after the letters in hand.
"""

import os
import signal
import time
from pathlib import Path

from newsletter.slots import Slot
from tests.crash.counting import Count
from tests.crash.house import PATIENCE_SECONDS, Sending
from tests.crash.killing import AT_THE_START, SPAN_SECONDS, Fire
from tests.crash.runner import CHILD

# A child reads the program from the disk, so it is a while until it says something.
BIRTH_SECONDS = 2.0


def kill_either(fire: Fire, slot: Slot, *, kills: int) -> Count:
    """Send one issue and kill the process or its child at random instants, or both.

    It goes on until so many were killed, or the issue is finished.
    """
    aims = fire.kills + kills
    orphans: list[int] = []
    while fire.kills < aims and not fire.house.is_finished(slot):
        parent = fire.start(slot)
        if fire.chance.randrange(AT_THE_START) == 0:
            _wait(fire, BIRTH_SECONDS)
            orphans += _kill_parent(fire, parent)
        elif child := _child_at_work(fire, parent):
            _wait(fire, SPAN_SECONDS)
            if fire.chance.randrange(2):
                # Its parent goes on, and has its turn; but for the last one of all.
                _kill_child(fire, child, f"{parent.name}{CHILD}")
                _wait(fire, SPAN_SECONDS)
            if fire.kills < aims:
                orphans += _kill_parent(fire, parent)
        assert parent.code in (0, -signal.SIGKILL), parent.words
    for orphan in orphans:
        wait_for_end(orphan)
    return fire.settle(slot)


def _wait(fire: Fire, most: float) -> None:
    time.sleep(fire.chance.uniform(0, most))


def _child_at_work(fire: Fire, parent: Sending) -> int | None:
    """Wait until the child spoke to the relay; None when the parent ended before."""
    name = f"{parent.name}{CHILD}"
    while not parent.has_ended:
        if name in fire.recorder.seen:
            return next(iter(children(parent.process.pid)), None)
        time.sleep(0.002)
    return None


def _kill_parent(fire: Fire, parent: Sending) -> list[int]:
    """Kill a process, and return the children that it leaves behind."""
    left = children(parent.process.pid)
    if not parent.kill():
        return []
    fire.note_killed(parent.name)
    return left


def _kill_child(fire: Fire, child: int, name: str) -> None:
    if lives(child):
        os.kill(child, signal.SIGKILL)
        fire.note_killed(name)


def children(pid: int) -> list[int]:
    """Return the children of a process; none when it has ended.

    Source: proc(5), /proc/PID/task/TID/children.
    """
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(each) for each in found.split()]


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return facts.rpartition(")")[2].split()[0] not in "ZX"


def wait_for_end(pid: int) -> None:
    """Wait until a process has ended by itself."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while lives(pid):
        assert time.monotonic() < deadline, "the child of a dead process lives on"
        time.sleep(0.01)
