"""A thread that does something again and again, beside what else its process does.

Nothing that goes wrong ends it: it says so, and the next look tries again.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from newsletter.errors import DatabaseProblem, Fenced
from newsletter.sender.desk import Desk

log = logging.getLogger(__name__)


class Beside:
    """Takes a step at once, then whenever it is woken and at intervals.

    A context that ends with its block, after the step that is under way.

    Args:
        desk: whose stop sign is set at the end, and heeded at each look.
        step: what is done; it comes to nothing as long as this database is not the
            live one.
        name: of the thread.
        failed: what is said when the step was in vain.
        look_seconds: how often it is done without being woken.
    """

    def __init__(
        self,
        desk: Desk,
        step: Callable[[], object],
        *,
        name: str,
        failed: str,
        look_seconds: float,
    ) -> None:
        self._desk = desk
        self._step = step
        self._failed = failed
        self._look_seconds = look_seconds
        self._woken = Event()
        self._was_fenced = False
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def wake(self) -> None:
        """Have the step taken soon; returns at once."""
        self._woken.set()

    def __enter__(self) -> Self:
        # What a process before this one left behind waited long enough.
        self.wake()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._desk.stop.set()
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._desk.stop.is_set():
            self._woken.wait(self._look_seconds)
            # Before the work: whoever wakes us meanwhile is heard afterwards.
            self._woken.clear()
            if not self._desk.stop.is_set():
                self._look()

    def _look(self) -> None:
        try:
            self._step()
            self._was_fenced = False
        except Fenced as error:
            if not self._was_fenced:
                log.error(self._failed, extra={"reason": str(error)})
            self._was_fenced = True
        except DatabaseProblem as error:
            log.error(self._failed, extra={"reason": str(error)})
        except Exception:
            log.exception("%s; the next look tries again", self._failed)
