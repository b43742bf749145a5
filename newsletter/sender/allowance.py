"""What this process may send now: slices of the rates that all processes share.

It asks the database for a slice of letters at a time and remembers when asking again is
of use. Without a limit in the settings it never asks at all. Below all limits is the
pace that the relay itself asks for, which each process learns alone.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from newsletter import db, ledger, rates
from newsletter.db import Engine
from newsletter.easing import Easing
from newsletter.ledger import Claim
from newsletter.rates import Grant, Rest
from newsletter.throttle import Limits

log = logging.getLogger(__name__)

# Letters in hand for longer are given back: their minute is over.
STALE = timedelta(seconds=2)
# What somebody else gave back, or a clock that was set, is noticed after this.
ASK_AGAIN = timedelta(minutes=1)
# A wait that is worth keeping claims and connections for.
SHORT = timedelta(seconds=30)
# A letter whose place in its domain's rate is so near goes now; one whose place is
# longer past gets a new one, or a pause would end in a burst.
NEAR = timedelta(seconds=1)
LATE = timedelta(seconds=10)


class Allowance:
    """How many letters this process may send, whatever the others do.

    Args:
        clock: what time it is, in UTC.
        monotonic: seconds, by which the relay's own pace is kept.

    Attributes:
        paces: whether the rate of any domain is limited.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self._easing = Easing()
        self._monotonic = monotonic
        self._engine = engine
        self._clock = clock
        self._in_hand = 0
        self._grant: Grant | None = None
        # Asked for every letter, so it is known beforehand.
        self._is_free = not limits.hold_every_letter
        self.paces = bool(limits.per_domain)

    def grant(self, ready: int) -> int:
        """Return how many of *ready* letters may start now; they count as sent."""
        if not self._easing.is_on:
            return self._grant_within_limits(ready)
        now = self._monotonic()
        if self._easing.ends(now=now):
            log.info("the relay takes letters as fast as before again")
        ready = self._easing.room(ready, now=now)
        granted = self._grant_within_limits(ready) if ready else 0
        self._easing.spend(granted, now=now)
        return granted

    def _grant_within_limits(self, ready: int) -> int:
        if self._is_free:
            return ready
        self._give_back_what_is_stale()
        if self._in_hand < ready and self._may_ask():
            self._take(ready - self._in_hand)
        granted = min(ready, self._in_hand)
        self._in_hand -= granted
        return granted

    def wait_seconds(self) -> float:
        """Return how long nothing more is granted, as far as this process knows."""
        eased = self._easing.wait_seconds(now=self._monotonic())
        rest = self._rest
        if rest is None or self._may_ask():
            return eased
        return max(eased, (rest.until - self._clock()).total_seconds())

    @property
    def per_second(self) -> float:
        """The pace that a process must keep, of the limits' and the relay's own."""
        eased = self._easing.per_second(now=self._monotonic())
        return min(self.limits.per_second or math.inf, eased)

    def hear(self, *, taken: int, too_fast: int = 0, closed: int = 0) -> bool:
        """Take in how letters went, and tell whether the relay's pace was cut for it.

        See `Easing.hear`; what came of it is logged when it begins and when it ends.
        """
        was_free, now = not self._easing.is_on, self._monotonic()
        cut = self._easing.hear(taken=taken, too_fast=too_fast, closed=closed, now=now)
        if cut and was_free:
            facts = {"per_second": round(self._easing.per_second(now=now), 1)}
            log.warning("the relay asks to go slower", extra=facts)
        return cut

    @property
    def rests(self) -> bool:
        """Tell whether the hour, the day or the warm-up is used up for a while.

        Then a run ends and gives its claims back; a later one goes on.
        """
        if self._is_free:
            return False
        never_asked = self._grant is None
        if never_asked or (self._limit_that_is_full() and self._may_ask()):
            self._take(1)
        rest = self._limit_that_is_full()
        return rest is not None and rest.until > self._clock() + SHORT

    def pace(self, claims: Sequence[Claim]) -> list[Claim]:
        """Return the claims that may go now, and give places to those that may not.

        The others go back to the ledger, due at their place in the rate of their
        domain. Each letter is asked about once; when its place has come, it goes.
        """
        if not self.paces:
            return [*claims]
        now = self._clock()
        held = [claim for claim in claims if self._needs_a_place(claim, now)]
        if not held:
            return list(claims)
        with db.transaction(self._engine) as session:
            wanted = Counter(claim.domain for claim in held)
            places = rates.reserve_all(session, self.limits, wanted, now=now)
            # Taken from the end, so that whoever was claimed first goes first.
            queues = {domain: found[::-1] for domain, found in places.items()}
            placed = [(claim, queues[claim.domain].pop()) for claim in held]
            later = [(claim, at) for claim, at in placed if at > now + NEAR]
            ledger.postpone(session, later)
        gone = {claim.delivery_id for claim, _ in later}
        return [claim for claim in claims if claim.delivery_id not in gone]

    def next_place(self, issue_id: int) -> datetime | None:
        """Return when the next letter's place comes, if that is worth waiting for.

        To be asked when nothing is due. None when the run may end.
        """
        if not self.paces:
            return None
        with db.transaction(self._engine) as session:
            place = ledger.next_place(session, issue_id)
        return place if place and place <= self._clock() + SHORT else None

    def take_back_places(self) -> None:
        """Give others the places of letters that were withdrawn.

        In a transaction of its own: whoever places letters locks the domain first and
        then the letters.
        """
        with db.transaction(self._engine) as session:
            now = self._clock()
            for domain, per_second in sorted(self.limits.per_domain.items()):
                rates.lock(session, domain, now=now)
                last = ledger.last_place(session, domain)
                rates.take_back(session, domain, per_second, last, now=now)

    def close(self) -> None:
        """Give back what is in hand, when a run ends or pauses."""
        if self._in_hand and self._grant:
            with db.transaction(self._engine) as session:
                rates.give_back(session, self.limits, self._grant, self._in_hand)
        self._in_hand = 0

    @property
    def _rest(self) -> Rest | None:
        return self._grant.rest if self._grant and not self._in_hand else None

    def _limit_that_is_full(self) -> Rest | None:
        """Return the rest that a limit asks for, other than the rate a second."""
        rest = self._rest
        return rest if rest and rest.because != rates.PER_SECOND else None

    def _may_ask(self) -> bool:
        """Tell whether asking could bring letters: never in a hot loop."""
        grant = self._grant
        if grant is None or grant.rest is None:
            return True
        now = self._clock()
        is_over = now >= min(grant.rest.until, grant.taken_at + ASK_AGAIN)
        # Set back since: what was said about later times is void.
        return is_over or now < grant.taken_at

    def _take(self, wanted: int) -> None:
        """Take a slice. What was in hand before is granted first, and at once."""
        before = self._limit_that_is_full()
        with db.transaction(self._engine) as session:
            self._grant = rates.take(session, self.limits, wanted, now=self._clock())
        self._in_hand += self._grant.letters
        full = self._limit_that_is_full()
        if full and not before:
            facts = {"until": full.until.isoformat(), "because": full.because}
            log.info("letters wait for the rate", extra=facts)

    def _give_back_what_is_stale(self) -> None:
        if not self._in_hand or self._grant is None:
            return
        if abs(self._clock() - self._grant.taken_at) > STALE:
            self.close()
            self._grant = None

    def _needs_a_place(self, claim: Claim, now: datetime) -> bool:
        if claim.domain not in self.limits.per_domain:
            return False
        return claim.place is None or claim.place < now - LATE
