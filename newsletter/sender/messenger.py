"""A thread that sends automatic letters at once, beside a site.

Somebody who signs up waits in front of their mailbox. The scheduler would get to the
letter, too, but perhaps only after an issue of hours; and `newsletter serve` has none.
"""

from types import TracebackType

from newsletter.sender.beside import Beside
from newsletter.sender.desk import Desk
from newsletter.sender.posting import send_waiting

# How soon a letter is tried again whose time has come, or that another process wrote.
LOOK_SECONDS = 15.0


class Messenger(Beside):
    """Sends what waits whenever it is woken, once that was committed.

    Args:
        desk: with a transport of its own, which no other thread uses.
        look_seconds: how often it looks without being woken.
    """

    def __init__(self, desk: Desk, *, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__(
            desk,
            lambda: send_waiting(desk),
            name="messenger",
            failed="automatic letters wait",
            look_seconds=look_seconds,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._desk.transport.close()
