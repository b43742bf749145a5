"""What the ledger says and is told: claims, counts, a person's history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus


class Claim(NamedTuple):
    """One letter that this process may send, and the reader it goes to.

    Times are UTC. `dated_at` is the Date of the message, the same on every retry, and
    so the beginning of the time after which a letter is given up. `attempts` counts
    those before this one. `is_marked` says that the ledger has it as `sending`. `place`
    is the letter's place in the rate of its domain, if it has one for this attempt.
    `bounces` is the reader's count when it was claimed.
    """

    delivery_id: int
    issue_id: int
    subscriber_id: int
    address: str
    name: str
    signed_up_at: datetime | None
    attempts: int
    dated_at: datetime
    lease_until: datetime
    is_marked: bool = False
    place: datetime | None = None
    bounces: int = 0

    @property
    def domain(self) -> str:
        """The reader's domain, in lower case as addresses are kept."""
        return self.address.rpartition("@")[2]


class Freed(NamedTuple):
    """How many letters of the dead wait again, and how many are in doubt."""

    waiting: int = 0
    doubtful: int = 0


@dataclass(frozen=True)
class RetryPolicy:
    """When a letter that was not taken is tried again, and when no more."""

    waits: tuple[timedelta, ...]
    give_up_after: timedelta

    def retry_at(self, attempts: int, *, now: datetime) -> datetime:
        """Return when a letter that was tried *attempts* times is due again."""
        return now + self.waits[min(attempts, len(self.waits)) - 1]

    def is_spent(self, attempts: int) -> bool:
        """Tell whether a letter tried *attempts* times has waited every wait."""
        return attempts > len(self.waits)


@dataclass(frozen=True)
class Tally:
    """How many letters of an issue stand where."""

    pending: int = 0
    claimed: int = 0
    sending: int = 0
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All letters of the issue."""
        return self.done + self.open

    @property
    def open(self) -> int:
        """Letters that still wait for an outcome."""
        return self.pending + self.claimed + self.sending + self.deferred

    @property
    def done(self) -> int:
        """Letters that need nothing more from the sender."""
        return self.sent + self.failed + self.uncertain + self.skipped


@dataclass(frozen=True)
class HistoryLine:
    """One tip that a person was sent, or was to be sent; times are UTC."""

    slot: Slot
    tip_slug: str
    tip_title: str
    status: DeliveryStatus
    at: datetime | None
    attempts: int
    doubts: int
    reason: str


@dataclass(frozen=True)
class TipHad:
    """One tip that a person was sent; `letter` numbers the letter, `at` is UTC."""

    letter: int
    issue_id: int
    slot: Slot
    slug: str
    title: str
    at: datetime


@dataclass(frozen=True)
class Trouble:
    """A letter that did not simply go out, for the operator."""

    address: str
    status: DeliveryStatus
    attempts: int
    code: int | None
    reason: str
