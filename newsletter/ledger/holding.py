"""Letters in the hands of the dead: freed before their lease ends.

Whose a letter is, is written in the last digits of its lease; see `holders`.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from newsletter.ledger.entries import Freed
from newsletter.ledger.steps import give_up
from newsletter.tables import Delivery, DeliveryStatus

IN_HAND = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


def release_dead(
    session: Session, issue_id: int, holders: Collection[int], *, now: datetime
) -> Freed:
    """Free the letters of holders who ended without giving them back.

    They are named by their very leases, so a letter that somebody else has meanwhile
    stays where it is; and a holder that lost its leases changes nothing any more.

    Args:
        holders: the numbers that their leases bear.
    """
    if not holders:
        return Freed()
    # A process has a page of letters in hand, of a handful of leases.
    leases = session.scalars(
        select(col(Delivery.lease_until))
        .where(
            col(Delivery.issue_id) == issue_id,
            col(Delivery.status).in_(IN_HAND),
            col(Delivery.lease_until).is_not(None),
        )
        .distinct()
    )
    theirs = [each for each in leases if each and each.microsecond in holders]
    if not theirs:
        return Freed()
    return give_up(session, issue_id, col(Delivery.lease_until).in_(theirs), now=now)
