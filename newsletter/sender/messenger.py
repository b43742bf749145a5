"""A thread that sends automatic letters at once, beside a site.

Somebody who signs up waits in front of their mailbox. The scheduler would get to the
letter, too, but perhaps only after an issue of hours; and `newsletter serve` has none.
"""

import logging
from threading import Event, Thread
from types import TracebackType

from newsletter.errors import DatabaseProblem, Fenced
from newsletter.sender.desk import Desk
from newsletter.sender.posting import send_waiting

log = logging.getLogger(__name__)

# How soon a letter is tried again whose time has come, or that another process wrote.
LOOK_SECONDS = 15.0


class Messenger:
    """Sends what waits whenever it is woken; a context that ends with its block.

    Args:
        desk: with a transport of its own, which no other thread uses.
        look_seconds: how often it looks without being woken.
    """

    def __init__(self, desk: Desk, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._desk = desk
        self._look_seconds = look_seconds
        self._woken = Event()
        self._was_fenced = False
        self._thread = Thread(target=self._run, name="messenger", daemon=True)

    def wake(self) -> None:
        """Have the letters sent that were just committed; returns at once."""
        self._woken.set()

    def __enter__(self) -> "Messenger":
        # What a process before this one left behind waited long enough.
        self._woken.set()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._desk.stop.set()
        self._woken.set()
        self._thread.join()
        self._desk.transport.close()

    def _run(self) -> None:
        while not self._desk.stop.is_set():
            self._woken.wait(self._look_seconds)
            # Before the work: whoever wakes us meanwhile is heard afterwards.
            self._woken.clear()
            if not self._desk.stop.is_set():
                self._send()

    def _send(self) -> None:
        try:
            send_waiting(self._desk)
            self._was_fenced = False
        except Fenced as error:
            if not self._was_fenced:
                log.error("automatic letters wait", extra={"reason": str(error)})
            self._was_fenced = True
        except DatabaseProblem as error:
            log.error("automatic letters wait", extra={"reason": str(error)})
        except Exception:
            log.exception("automatic letters wait; the next look tries again")
