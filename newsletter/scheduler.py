"""An alarm clock, nothing more: APScheduler wakes the sender, the database decides.

It rings often and remembers nothing. Whether a week is due, was missed or is already
open is read from the database at each ring, so a restart, a machine that slept, a
changed clock or a second scheduler on the same database need no special case.
"""

import logging
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.errors import DatabaseProblem
from newsletter.sender import Desk, Forward, deliver, tick

log = logging.getLogger(__name__)

# The longest a slot waits for its ring, and a deferred letter beyond its retry time.
RING_SECONDS = 15
FAILED = "this round failed; the next one tries again"


def run(
    desk: Desk, *, ring_seconds: float = RING_SECONDS, forward: Forward = deliver
) -> None:
    """Ring until `desk.stop` is set, then wait for the letters in hand.

    Args:
        desk: the process's tools.
        ring_seconds: time between two rings.
        forward: what each ring does for an issue that is going out.
    """
    # It warns at each ring that falls into a long round; that is as it should be.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(
        _ring,
        "interval",
        args=[desk, forward],
        seconds=ring_seconds,
        # A ring that comes late still rings, once; the default drops it after 1 s.
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    _ring(desk, forward)
    scheduler.start()
    try:
        desk.stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        desk.transport.close()


def _ring(desk: Desk, forward: Forward) -> None:
    """Do what is due; an error is logged and the next ring tries again."""
    if desk.stop.is_set():
        return
    try:
        tick(desk, forward=forward)
    except DatabaseProblem as error:
        # It says what is wrong in a line, and may say so for hours.
        log.error(FAILED, extra={"reason": str(error)})
    except Exception:
        log.exception(FAILED)
