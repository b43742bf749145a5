"""One go at an issue: what it has in hand, and whether the relay still wants us.

It remembers and judges; what is done about it is the recipe's, in `delivering`.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.holders import Holder
from newsletter.issues import IssueView
from newsletter.ledger import Claim
from newsletter.outcome import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Uncertain,
)
from newsletter.sender.composing import Composer
from newsletter.sender.desk import Desk
from newsletter.transport import Done, Letter

log = logging.getLogger(__name__)

# Relays may write pages; an operator reads a line.
LONGEST_REASON = 300

Result = tuple[Claim, Outcome]


@dataclass
class Run:
    """What a process knows while it sends an issue.

    Attributes:
        holder: whose leases its letters have.
        claims: letters that are ours and not written yet.
        pile: letters that are written and not offered yet.
        on_the_wire: letters that were offered, by their keys.
        results: letters that ended and are not recorded yet.
        next_place: when a letter that waits for its domain's rate may go, if nothing
            else is due and that is soon.
        must_slow_down: whether the relay asked for it, and nobody was told yet.
        too_fast_because: what it said.
    """

    desk: Desk
    issue: IssueView
    composer: Composer
    on_progress: Callable[[int], None]
    holder: Holder
    claims: deque[Claim] = field(default_factory=deque)
    pile: deque[tuple[Claim, Letter]] = field(default_factory=deque)
    on_the_wire: dict[int, Claim] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    refusals_in_a_row: int = 0
    last_refusal: str = ""
    was_let_in: bool = False
    was_taken: bool = False
    away_because: str = ""
    is_halted: bool = False
    is_exhausted: bool = False
    waits_for_the_rate: bool = False
    next_place: datetime | None = None
    page_seconds: float = 0.0
    too_fast_because: str = ""
    must_slow_down: bool = False
    _ready: dict[int, None] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Tell whether another letter may be offered."""
        ended = self.desk.stop.is_set() or self.desk.allowance.rests
        return self.hands_over and not ended

    @property
    def hands_over(self) -> bool:
        """Tell whether messages may leave; asked to stop, those in hand still do."""
        return not (self.away_because or self.is_halted or self.refused_too_often)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is left to offer, to hear of, or to record."""
        has_more = self.claims or self.pile or not self.is_exhausted
        starts_more = has_more and self.goes_on
        return not (starts_more or self.on_the_wire or self.results)

    @property
    def has_news(self) -> bool:
        """Tell whether there is something to write down."""
        return bool(self.results or self._ready)

    @property
    def expects_more(self) -> bool:
        """Tell whether the relay owes us an answer to anything."""
        return len(self.on_the_wire) > len(self._ready)

    @property
    def refused_too_often(self) -> bool:
        """Tell whether the relay refused us so often that the issue must pause."""
        limit = self.desk.config.settings.delivery.pause_after
        return self.refusals_in_a_row >= limit

    @property
    def was_turned_away(self) -> bool:
        """Tell whether all that the relay said was no to our login or our address."""
        return self.refusals_in_a_row > 0 and not self.was_let_in

    @property
    def was_refused_by_all(self) -> bool:
        """Tell whether every letter was refused for what we are, or what it says."""
        return self.refusals_in_a_row > 0 and not self.was_taken

    @property
    def unsent(self) -> list[Claim]:
        """Letters that are ours and were never offered."""
        return [*(claim for claim, _ in self.pile), *self.claims]

    def take_ready(self) -> list[Claim]:
        """Return the letters whose message the relay waits for, once."""
        ready, self._ready = self._ready, {}
        return [self.on_the_wire[key] for key in ready]

    def take_results(self) -> int:
        """Forget what was recorded, and return how many letters that was."""
        recorded, self.results = len(self.results), []
        return recorded

    def hear(self, ready: Sequence[int], done: Sequence[Done]) -> None:
        """Take in what the relay said, and what concerns the whole run."""
        self._ready |= dict.fromkeys(ready)
        if not done:
            return
        others = []
        for key, outcome in done:
            # It may be gone after it was ready: the connection broke.
            self._ready.pop(key, None)
            claim = self.on_the_wire.pop(key)
            self.results.append((claim, outcome))
            if isinstance(outcome, Accepted):
                self.refusals_in_a_row = 0
                self.was_let_in = self.was_taken = True
            else:
                others.append(outcome)
                self._heed(claim, outcome)
        self._heed_the_pace(len(done) - len(others), others)

    def heed_trouble(self, trouble: Outcome) -> None:
        """End the run when the relay lets us have no connection at all."""
        if isinstance(trouble, Rejected):
            self.refusals_in_a_row += 1
            self.last_refusal = trouble.reason[:LONGEST_REASON]
            self.is_halted = True
        elif isinstance(trouble, Deferred):
            self.away_because = trouble.reason[:LONGEST_REASON]

    def _heed_the_pace(self, taken: int, others: Sequence[Outcome]) -> None:
        """Notice when the relay asks to go slower."""
        asking = [it for it in others if isinstance(it, Deferred) and it.is_too_fast]
        if asking:
            self.too_fast_because = asking[-1].reason[:LONGEST_REASON]
        self.must_slow_down |= self.desk.allowance.hear(
            taken=taken,
            too_fast=len(asking),
            closed=sum(outcome.is_closing for outcome in asking),
        )

    def _heed(self, claim: Claim, outcome: Deferred | Rejected | Uncertain) -> None:
        if isinstance(outcome, Uncertain) or not outcome.command.is_at_the_door:
            self.was_let_in = True
        self.was_taken |= not (isinstance(outcome, Rejected) and outcome.ours)
        match outcome:
            case Rejected(ours=False):
                self.refusals_in_a_row = 0
            case Rejected():
                self.refusals_in_a_row += 1
                self.last_refusal = outcome.reason[:LONGEST_REASON]
            case Deferred(is_relay_away=True):
                self.away_because = outcome.reason[:LONGEST_REASON]
            case _:
                facts = {"delivery": claim.delivery_id, "reason": outcome.reason}
                log.debug("letter not taken", extra=facts)
