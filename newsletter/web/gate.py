"""What a process remembers of the forms it was sent; lost when it ends, by design.

Networks are counted in memory: writing each form of a flood into the database would do
the flood's work. What must be shared by all processes is read from the proofs of
consent instead.
"""

from dataclasses import dataclass, field
from datetime import date

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())


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
