"""How many letters may leave now: the arithmetic of rates, told the time.

Pure: it neither sleeps, reads a clock nor knows where the figures are kept; `rates`
keeps them in the database, for all processes together.

A rate a second is a bucket that is known by one instant, the time up to which its
letters are *taken*: what has been earned since may leave.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
# What a process takes at once, so that several share a rate fairly.
SLICE_SECONDS = 0.25
# What is made up for when a process comes late; the relay sees it as a burst.
SAVED_SECONDS = 0.5
# Clocks of machines differ by less than this; a time further ahead is a clock that was
# set back since.
SKEW = timedelta(minutes=1)
# Nor more than this part of what is left of an hour or a day: a crash loses a slice.
SLICE_PART = 100
LARGEST_SLICE = 500
# A ramp beyond this is no limit any more.
NO_LIMIT = 10**9


@dataclass(frozen=True)
class WarmUp:
    """The ramp of a new sender: so many letters a day, by days on which it sent.

    Attributes:
        sender: whose ramp it is, the domain of From; another one begins anew.
        start: letters on the first day.
        factor: how many times as many on each following day.
    """

    sender: str
    start: int
    factor: float

    def most(self, days: int) -> int | None:
        """Return how many letters may leave today, after *days* earlier days.

        None when the ramp has grown beyond any list.
        """
        # Powers of a large count overflow; their logarithms do not.
        if math.log(self.start) + days * math.log(self.factor) > math.log(NO_LIMIT):
            return None
        return int(self.start * self.factor**days)


@dataclass(frozen=True)
class Window:
    """At most so many letters in any stretch of *minutes*, as the operator set it."""

    setting: str
    most: int
    minutes: int

    @property
    def span(self) -> timedelta:
        """How long a minute's letters count: its own minute, and those after it.

        Letters are counted by the minute, so this is up to a minute longer than asked
        for, never shorter.
        """
        return (self.minutes + 1) * MINUTE


@dataclass(frozen=True)
class Limits:
    """Every limit that the operator set; 0 and None mean none.

    Attributes:
        per_second: letters a second.
        per_domain: letters a second to readers of a domain, by its name in lower case.
    """

    per_second: float = 0
    per_hour: int = 0
    per_day: int = 0
    warm_up: WarmUp | None = None
    per_domain: Mapping[str, float] = field(default_factory=dict)

    @property
    def windows(self) -> list[Window]:
        """The limits of an hour and a day, as far as they are set."""
        both = (
            Window("smtp.max_per_hour", self.per_hour, 60),
            Window("smtp.max_per_day", self.per_day, 24 * 60),
        )
        return [window for window in both if window.most]

    @property
    def hold_every_letter(self) -> bool:
        """Tell whether any limit holds whatever the reader's domain is."""
        return bool(self.per_second or self.windows or self.warm_up)

    @property
    def slice(self) -> int:
        """How many letters of a rate a second a process takes at once."""
        if not self.per_second:
            return LARGEST_SLICE
        return max(1, int(self.per_second * SLICE_SECONDS))


@dataclass(frozen=True)
class Bucket:
    """A rate a second, and the instant up to which its letters are taken."""

    per_second: float
    taken_until: datetime

    @classmethod
    def new(cls, per_second: float, *, now: datetime) -> "Bucket":
        """Return a bucket that holds one letter."""
        return cls(per_second, now - _time_of(1, per_second))

    def heeding(self, *, now: datetime) -> "Bucket":
        """Return the bucket for a clock that may have been set back: it begins anew."""
        is_ahead = self.taken_until > now + SKEW
        return Bucket(self.per_second, now) if is_ahead else self

    def earned(self, *, now: datetime) -> int:
        """Return how many letters may leave."""
        time = now - self._begin(now)
        # A billionth: what floats may lack of a whole letter.
        return max(0, int(time / MICROSECOND * self.per_second / 1e6 + 1e-9))

    def take(self, letters: int, *, now: datetime) -> "Bucket":
        """Return the bucket without *letters*, which were earned."""
        taken_until = self._begin(now) + _time_of(letters, self.per_second)
        return Bucket(self.per_second, taken_until)

    def ready_at(self, letters: int, *, now: datetime) -> datetime:
        """Return when *letters* will have been earned, if nobody takes any."""
        return self._begin(now) + _time_of(letters, self.per_second)

    def _begin(self, now: datetime) -> datetime:
        """Return when it began to fill: it holds a moment's worth and a letter."""
        depth = timedelta(seconds=SAVED_SECONDS) + _time_of(1, self.per_second)
        return max(self.taken_until, now - depth)


def places(
    per_second: float, taken_until: datetime, letters: int, *, now: datetime
) -> list[datetime]:
    """Return the next instants at which a letter each may leave, evenly spread.

    Args:
        taken_until: up to when places were given out before.
    """
    first = max(taken_until, now)
    return [first + _time_of(number, per_second) for number in range(letters)]


def frees_at(window: Window, counts: Sequence[tuple[datetime, int]]) -> datetime | None:
    """Return when a window that is full has room again; None when it has now.

    Args:
        counts: the minutes that the window sees, oldest first, and their letters.
    """
    excess = sum(letters for _, letters in counts) - window.most
    if excess < 0:
        return None
    for minute, letters in counts:
        excess -= letters
        if excess < 0:
            return minute + window.span
    return None


def minute_of(instant: datetime) -> datetime:
    """Return the minute in which *instant* lies, by its beginning."""
    return instant.replace(second=0, microsecond=0)


def _time_of(letters: int, per_second: float) -> timedelta:
    """Return how long *letters* take, rounded so that they are never too fast."""
    return timedelta(microseconds=math.ceil(letters * 1e6 / per_second))
