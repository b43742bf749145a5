"""The recipe of a week: open the issue, deliver it, tell the operator.

The only room that knows all sides: `opening` chooses and freezes, `composing` writes
one reader's letter, `delivering` hands letters to the transport and keeps the ledger
(`run` is its memory, `allowance` its rate, `processes` its company, `taking_up` what
killed processes left), `announcing` and `operator` tell the operator, `weekly` is one
round of the main job, `desk` is what they all work with. Beside the week, `posting`
sends automatic letters, which `letters` and `welcoming` write, and `inbox` takes off
the list who asks for it by mail; `messenger` and `watching` have that done in threads
of their own, `beside` the week.
"""

from newsletter.sender.composing import Composer
from newsletter.sender.delivering import deliver, settle
from newsletter.sender.desk import Clock, Desk, open_transport, relay_of, utc_now
from newsletter.sender.inbox import Reading, mailbox_of, read_mailbox, take_mail
from newsletter.sender.messenger import Messenger
from newsletter.sender.opening import Nothing, choose_for, open_due, open_slot
from newsletter.sender.operator import tell_operator
from newsletter.sender.posting import send_waiting, tidy
from newsletter.sender.previewing import As, Preview, preview
from newsletter.sender.taking_up import take_up_lapsed
from newsletter.sender.watching import Watch
from newsletter.sender.weekly import Forward, cancel, resend, tick

__all__ = [
    "As",
    "Clock",
    "Composer",
    "Desk",
    "Forward",
    "Messenger",
    "Nothing",
    "Preview",
    "Reading",
    "Watch",
    "cancel",
    "choose_for",
    "deliver",
    "mailbox_of",
    "open_due",
    "open_slot",
    "open_transport",
    "preview",
    "read_mailbox",
    "relay_of",
    "resend",
    "send_waiting",
    "settle",
    "take_mail",
    "take_up_lapsed",
    "tell_operator",
    "tick",
    "tidy",
    "utc_now",
]
