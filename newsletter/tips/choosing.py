"""Which tip goes out in a week: a pure choice from the library and the ledger.

There is no position to keep. What was sent is read from the ledger each time, so tips
can be inserted, reordered, pinned or retired whenever the operator likes: nobody misses
one and nobody gets one twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.slots import Slot


@dataclass(frozen=True)
class Candidate:
    """A ready tip as the choice sees it.

    Attributes:
        position: its place in the queue, small first.
        pin: a day of the week it asks for.
        last_sent: the newest slot it went out in, if any.
        times_sent: in how many rounds it went out.
    """

    tip_id: int
    slug: str
    title: str
    position: int
    pin: date | None = None
    last_sent: Slot | None = None
    times_sent: int = 0

    @property
    def pinned_to(self) -> Slot | None:
        """The slot that the pin asks for."""
        return Slot.of(self.pin) if self.pin else None

    def waits_in(self, slot: Slot) -> bool:
        """Tell whether the tip stands in the queue of *slot*.

        A pin to a later week keeps it out; a pin to a week gone by lets it back in.
        """
        return not self.times_sent and (self.pinned_to is None or self.pinned_to < slot)


@dataclass(frozen=True)
class Choice:
    """The tip of one slot, and why it is this one."""

    tip_id: int
    slug: str
    title: str
    reason: str
    round: int = 1


def choose(
    library: Sequence[Candidate], slot: Slot, *, recycle_after_weeks: int | None = None
) -> Choice | None:
    """Choose the tip that goes out in *slot*.

    A tip pinned to this week comes first, then the first in the queue that was never
    sent. When there is none and *recycle_after_weeks* is given, the tip sent longest
    ago opens a new round, if that many weeks have passed.

    Args:
        library: the ready tips, in any order.
        slot: the week to fill.
        recycle_after_weeks: None when the library simply ends.

    Returns:
        The choice, or None when nothing may be sent.
    """
    queue = sorted(library, key=lambda tip: (tip.position, tip.tip_id))
    for tip in queue:
        fresh = not tip.times_sent or recycle_after_weeks is not None
        if tip.pinned_to == slot and tip.last_sent != slot and fresh:
            return _choice(tip, f"pinned to {tip.pin}")
    for tip in queue:
        if tip.waits_in(slot):
            missed = f" (its pin, {tip.pin}, has passed)" if tip.pin else ""
            return _choice(tip, f"next in queue{missed}")
    return _recycled(queue, slot, recycle_after_weeks)


def pins_missed(library: Sequence[Candidate], slot: Slot) -> list[Candidate]:
    """Return the unsent tips whose pinned week went by before *slot*."""
    return [
        tip
        for tip in library
        if not tip.times_sent and tip.pinned_to is not None and tip.pinned_to < slot
    ]


def _choice(tip: Candidate, reason: str) -> Choice:
    return Choice(tip.tip_id, tip.slug, tip.title, reason, round=tip.times_sent + 1)


def _recycled(
    queue: Sequence[Candidate], slot: Slot, after_weeks: int | None
) -> Choice | None:
    """Return the tip sent longest ago, if it has rested for *after_weeks*."""
    if after_weeks is None:
        return None
    rested = [
        (tip.last_sent, place, tip)
        for place, tip in enumerate(queue)
        if tip.last_sent
        and slot.weeks_since(tip.last_sent) >= after_weeks
        and not (tip.pinned_to and tip.pinned_to > slot)
    ]
    if not rested:
        return None
    last_sent, _, tip = min(rested)
    return _choice(tip, f"round {tip.times_sent + 1}, last sent in {last_sent}")
