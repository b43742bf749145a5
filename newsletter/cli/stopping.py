"""SIGTERM and Ctrl-C while letters leave: those in hand are finished, then it ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from newsletter.sender import Desk


@contextmanager
def ending_gently(desk: Desk) -> Iterator[None]:
    """Let both signals set `desk.stop` for the time of a ``with`` block."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        desk.stop.set()

    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
