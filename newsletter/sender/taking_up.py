"""What killed processes had in hand: taken up at once, or when its lease is over."""

import logging

from newsletter import db, holders, ledger
from newsletter.config import UncertainPolicy
from newsletter.db import Session
from newsletter.issues import IssueView
from newsletter.ledger import Freed
from newsletter.sender.desk import Desk

log = logging.getLogger(__name__)


def take_up_lapsed(desk: Desk, issue: IssueView) -> Freed:
    """Free what killed processes had in hand; resend what is in doubt, if allowed.

    Letters of a process that is known to be dead need not wait for their lease.

    Returns:
        How many of those letters there were, where no lease had ended yet.
    """
    with db.transaction(desk.engine) as session:
        freed, doubtful = free(desk, session, issue.id)
        if desk.config.settings.delivery.uncertain is UncertainPolicy.RESEND:
            ledger.resend_uncertain(session, issue.id, now=desk.clock())
    facts = {"issue": issue.id, "slot": str(issue.slot)}
    if freed.waiting:
        more = {"letters": freed.waiting}
        log.info("letters of a killed process free again", extra=facts | more)
    if doubtful:
        log.warning(
            "letters in doubt after a crash", extra=facts | {"letters": doubtful}
        )
    return freed


def free(desk: Desk, session: Session, issue_id: int) -> tuple[Freed, int]:
    """Free the letters of those who are dead, and those whose lease is over.

    Returns:
        The letters of the dead, and how many letters became uncertain altogether.
    """
    now = desk.clock()
    dead = holders.dead(desk.mark, now=now, lease=desk.lease)
    freed = ledger.release_dead(session, issue_id, dead, now=now)
    lapsed = ledger.release_lapsed(session, issue_id, now=now)
    return freed, freed.doubtful + lapsed
