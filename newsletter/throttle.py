"""How many letters may leave now: a token bucket that is told the time.

Pure: it neither sleeps nor reads a clock.
"""

from dataclasses import dataclass


@dataclass
class Throttle:
    """A bucket that fills at `per_second` and holds one second's worth at most.

    Attributes:
        per_second: letters a second; 0 means no limit.
    """

    per_second: float
    _tokens: float = 0.0
    _filled_at: float | None = None

    def grant(self, wanted: int, *, now: float) -> int:
        """Take up to *wanted* letters out of the bucket and return how many.

        Args:
            wanted: letters that are ready to go.
            now: seconds on a monotonic clock.
        """
        if not self.per_second:
            return wanted
        self._fill(now)
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted

    def wait_seconds(self, *, now: float) -> float:
        """Return how long it takes until one more letter may go."""
        if not self.per_second:
            return 0.0
        self._fill(now)
        return max(0.0, (1 - self._tokens) / self.per_second)

    def _fill(self, now: float) -> None:
        if self._filled_at is None:
            self._tokens = 1.0
        else:
            gained = max(0.0, now - self._filled_at) * self.per_second
            self._tokens = min(max(1.0, self.per_second), self._tokens + gained)
        self._filled_at = now
