"""SIGTERM and Ctrl-C while letters leave: those in hand are finished, then it ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def ending_gently(stop: Event) -> Iterator[None]:
    """Let both signals set *stop* for the time of a ``with`` block."""

    def set_it(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {
        number: signal.signal(number, set_it)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
