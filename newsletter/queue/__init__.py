"""Many machines send one issue: who is woken, and by whom. Needs Procrastinate.

The coordinator (`newsletter run`) opens the weeks and puts *shards* into a queue that
Procrastinate keeps in the same PostgreSQL; workers (`newsletter worker`) take them out
and send with the very recipe of a single machine, `sender.deliver`. The ledger stays
the truth: the queue only says that there is something to do, never what was done.

`shards` decides what is in the queue, `working` empties it, `tables` makes it, and
`borrowed` lets Procrastinate speak through our own transactions. No other room knows
Procrastinate.
"""

from importlib.util import find_spec

from newsletter.errors import MissingExtra

if find_spec("procrastinate") is None:
    raise MissingExtra(key="queue.enabled", extra="distributed")

from newsletter.queue.shards import defer_opened, hand_out
from newsletter.queue.tables import check, install
from newsletter.queue.working import work

__all__ = ["check", "defer_opened", "hand_out", "install", "work"]
