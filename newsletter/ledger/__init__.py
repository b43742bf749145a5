"""Who was sent which issue, and how it went.

All SQL about deliveries is here. Knows nothing of templates or SMTP; the sender brings
outcomes in. `enrolment`, `steps`, `holding`, `pacing` and `recording` move rows,
`questions` reads them, `promises` doubts them all, `forgetting` unnames them, `entries`
are what they speak.
"""

from newsletter.ledger.enrolment import enrol, withdraw
from newsletter.ledger.entries import (
    Claim,
    Freed,
    HistoryLine,
    RetryPolicy,
    Tally,
    Trouble,
)
from newsletter.ledger.forgetting import forget, naming_the_erased
from newsletter.ledger.holding import release_dead
from newsletter.ledger.pacing import last_place, next_place, postpone
from newsletter.ledger.questions import (
    count_due,
    had,
    history,
    in_hand,
    is_finished,
    last_sent,
    left_open,
    tally,
    troubles,
    went_at,
)
from newsletter.ledger.recording import record
from newsletter.ledger.steps import (
    claim,
    mark_sending,
    release,
    release_lapsed,
    resend_held,
    resend_uncertain,
)

__all__ = [
    "Claim",
    "Freed",
    "HistoryLine",
    "RetryPolicy",
    "Tally",
    "TipHad",
    "Trouble",
    "claim",
    "count_due",
    "enrol",
    "forget",
    "had",
    "history",
    "in_hand",
    "is_finished",
    "last_place",
    "last_sent",
    "left_open",
    "mark_sending",
    "naming_the_erased",
    "next_place",
    "postpone",
    "record",
    "release",
    "release_dead",
    "release_lapsed",
    "resend_held",
    "resend_uncertain",
    "tally",
    "troubles",
    "went_at",
    "withdraw",
]
