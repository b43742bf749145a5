"""What a process remembers of the forms it was sent; lost when it ends, by design.

Networks are counted in memory: writing each form of a flood into the database would do
the flood's work. What must be shared by all processes is read from the proofs of
consent instead.
"""

from dataclasses import dataclass, field
from datetime import date
from threading import Timer

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

CLEARED_EVERY_SECONDS = 5.0


class _Memory(MemoryStorage):
    """Forgets what is over every few seconds, and keeps no process from ending.

    The library's own looks through all that it holds a hundred times a second as long
    as forms come in. Measured after 7,000 networks: 60 % of the interpreter's time.
    """

    @property
    def timer(self) -> Timer:
        return self._timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        # It is set here right before it is started.
        timer.interval, timer.daemon = CLEARED_EVERY_SECONDS, True
        self._timer = timer


def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_Memory())


@dataclass
class Gate:
    """The memory of `newsletter.web.guard`.

    Attributes:
        limiter: counts the forms of each network.
        is_attacked: whether sign-ups jumped, as of `looked_at` on the monotonic clock.
        told_on: the day on which the operator was told of it last.
    """

    limiter: MovingWindowRateLimiter = field(default_factory=_limiter)
    is_attacked: bool = False
    looked_at: float | None = None
    told_on: date | None = None
