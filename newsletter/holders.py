"""Who on this machine has letters in hand, and which of them was killed.

Whoever sends an issue has a number, which the database gives to nobody else, and beside
the mark a small file that is locked as long as it sends. The system opens the lock when
the process ends, however it ends; so a file that nobody has locked is of one that is
dead. The number is also the fraction of a second at which its leases end: that is how
its letters are known, and it costs nothing.

A file is believed only as long as a lease could still run, and only where it was made:
another machine, a copy of the folder, or this machine before it was started anew has
other marks of identity. What cannot be said for certain is left to the lease. Knows
nothing of letters or databases.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

log = logging.getLogger(__name__)

# Microseconds: 0 is nobody's.
NUMBERS = 999_999
SUFFIX = ".holder"
SECOND = timedelta(seconds=1)
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Holder:
    """One that sends.

    Attributes:
        number: which microsecond of a second its leases end at.
        handle: of its locked file; None where it can have none.
    """

    number: int
    handle: int | None = None

    def lease(self, at_least: timedelta, *, now: datetime) -> timedelta:
        """Return a lease, less than a second longer, whose end has the number."""
        ends = (now + at_least).replace(microsecond=self.number)
        return ends - now if ends - now >= at_least else ends - now + SECOND

    def note(self, now: datetime) -> None:
        """Note that letters are claimed, so that the file is believed for a lease."""
        if self.handle is not None:
            os.utime(self.handle, (now.timestamp(), now.timestamp()))


@contextmanager
def holding(step: int, mark: Path) -> Iterator[Holder]:
    """Be a holder for the time of a ``with`` block.

    One that ends badly leaves its file: what it had on the wire is in doubt, and
    others need not wait to say so.

    Args:
        step: a step of the database's high-water mark that nobody else was given.
        mark: the file beside which the holder's own is.
    """
    number = step % NUMBERS + 1
    path = mark.with_name(f"{mark.name}.{number:06}{SUFFIX}")
    handle = _locked(path)
    try:
        yield Holder(number, handle)
        if handle is not None:
            path.unlink(missing_ok=True)
    finally:
        if handle is not None:
            os.close(handle)


def dead(mark: Path, *, now: datetime, lease: timedelta) -> set[int]:
    """Return the numbers of those who ended here, and may have letters in hand.

    A file that is too old to say anything is removed.

    Args:
        mark: the file beside which theirs are.
        now: what the leases are compared with.
        lease: how long a letter may stay in hand.
    """
    found: set[int] = set()
    head = f"{mark.name}."
    for path in sorted(mark.parent.glob(f"*{SUFFIX}")):
        number = path.name.removeprefix(head).removesuffix(SUFFIX)
        if not (path.name.startswith(head) and number.isdecimal()):
            continue
        try:
            noted_at = _left_at(path)
            if noted_at is None:
                continue
            if noted_at < (now - lease - SECOND).timestamp():
                path.unlink(missing_ok=True)
            elif path.read_text("ascii") == _identity(path.stat()):
                found.add(int(number))
        except (OSError, ValueError):
            # Alive, gone meanwhile, or not ours to judge.
            continue
    return found


def _left_at(path: Path) -> float | None:
    """Return when the dead owner of a file last claimed; None while it is alive."""
    with path.open("rb") as file:
        try:
            # Shared: who else asks must not take us for the owner.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return os.fstat(file.fileno()).st_mtime


def _locked(path: Path) -> int | None:
    """Make a file and lock it; None where that cannot be, or would say nothing."""
    if not _boot():
        return None
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as error:
        log.debug("no holder's file", extra={"reason": error})
        return None
    try:
        # Waits, but only for the moment in which somebody looks at it.
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, _identity(os.fstat(handle)).encode())
    except OSError as error:
        log.debug("no lock for holders", extra={"reason": error})
        os.close(handle)
        path.unlink(missing_ok=True)
        return None
    return handle


def _identity(facts: os.stat_result) -> str:
    """Return what a copy of the file lacks, and another machine, and another start."""
    return f"{_boot()} {facts.st_dev} {facts.st_ino}\n"


def _boot() -> str:
    """Return which start of which machine this is; nothing where that is not told.

    Source: random(4). Containers on one machine share it, and its locks.
    """
    try:
        return BOOT.read_text("ascii").strip()
    except OSError:
        return ""
