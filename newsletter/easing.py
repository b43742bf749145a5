"""How fast the relay lets us go, learned from what it refuses for now.

Pure: told the time, in seconds of a clock that only goes forward. It knows of no
setting: what the operator allows is `throttle`'s business, and both hold.

Additive increase, multiplicative decrease, as TCP does it: the pace is halved when the
relay says so, and what was taken away comes back evenly. So it swings below whatever
the relay's limit is, without knowing it. Each process learns for itself and forgets
when it ends: what a relay takes today says little about next week.
"""

import math

# One such reply may be about one reader's host, or an accident. This many weigh enough,
# less what was taken meanwhile: the pace is cut when more than a tenth is refused.
ENOUGH = 4.0
FORGIVEN_BY_A_LETTER = 0.1
# A relay that hangs up as well means it: each costs a connection.
CLOSED = 2.0
# After a cut the letters that were on the wire are still being answered, and most
# limits count by the second: nothing starts, and nothing is heeded, for so long.
HOLD_SECONDS = 1.0
CUT = 0.5
# A cut is made good in this time if nothing is refused; a limit by the minute shows.
REGAIN_SECONDS = 60.0
# Free again at so many times the pace that was refused, which takes three minutes.
FREE_AT = 2.0
# Letters a second: what is assumed when the relay has taken next to nothing yet, and
# what is tried in any case.
LEAST_KNOWN = 2.0
SLOWEST = 0.1
# What is made up for when a process comes late.
SAVED_SECONDS = 0.25


class Easing:
    """The pace of one process; free until the relay asks to go slower.

    Attributes:
        is_on: whether there is a pace to keep.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._refused_at = 0.0
        self._cut_at = -math.inf
        self._next_at = -math.inf
        self._weight = 0.0
        self._second = -math.inf
        self._taken = 0
        self._taken_before = 0.0

    def hear(
        self, *, taken: int, too_fast: int = 0, closed: int = 0, now: float
    ) -> bool:
        """Take in how letters went, and tell whether the pace was cut for it.

        Args:
            taken: letters that the relay accepted.
            too_fast: letters for which it asked to go slower.
            closed: how many of those ended their connection.
        """
        self._measure(taken, now)
        weight = too_fast + (CLOSED - 1) * closed
        if not (weight or self._weight) or now < self._cut_at + HOLD_SECONDS:
            return False
        forgiven = taken * FORGIVEN_BY_A_LETTER
        self._weight = max(0.0, self._weight + weight - forgiven)
        if self._weight < ENOUGH:
            return False
        if self.is_on:
            refused_at = self.per_second(now=now)
        else:
            refused_at = max(self._taken, self._taken_before, LEAST_KNOWN)
        self._refused_at = max(refused_at, SLOWEST / CUT)
        self._cut_at, self._next_at = now, now + HOLD_SECONDS
        self._weight, self.is_on = 0.0, True
        return True

    def per_second(self, *, now: float) -> float:
        """Return the pace, in letters a second; infinite when it is free."""
        if not self.is_on:
            return math.inf
        regained = (1 - CUT) * (now - self._cut_at) / REGAIN_SECONDS
        return self._refused_at * (CUT + regained)

    def ends(self, *, now: float) -> bool:
        """Tell, once, that the pace has grown so much that it is none any more."""
        if not self.is_on or self.per_second(now=now) < FREE_AT * self._refused_at:
            return False
        self.is_on = False
        return True

    def room(self, wanted: int, *, now: float) -> int:
        """Return how many of *wanted* letters may start now."""
        if not self.is_on:
            return wanted
        if now < self._next_at:
            return 0
        saved = min(now - self._next_at, SAVED_SECONDS)
        return min(wanted, 1 + int(saved * self.per_second(now=now)))

    def spend(self, letters: int, *, now: float) -> None:
        """Note that so many letters start, for which there was room."""
        if self.is_on:
            began = max(self._next_at, now - SAVED_SECONDS)
            self._next_at = began + letters / self.per_second(now=now)

    def wait_seconds(self, *, now: float) -> float:
        """Return how long no letter may start."""
        return max(0.0, self._next_at - now) if self.is_on else 0.0

    def _measure(self, taken: int, now: float) -> None:
        """Count what is accepted in a second; a burst counts as a second's worth."""
        passed = now - self._second
        if passed >= 1:
            self._taken_before = self._taken / passed
            self._second, self._taken = now, 0
        self._taken += taken
