"""Taking a person off the list, by whatever way they ask: a page, a click, a mail.

The rooms that have a part in it are asked one after the other, here and nowhere else:
when their letter went, whether a machine seems to be at work, and whether a last letter
says goodbye. Knows nothing of pages and mailboxes.
"""

from datetime import datetime, timedelta

from newsletter import ledger, notices, outbox
from newsletter.config import Settings
from newsletter.db import Session
from newsletter.tables import LetterKind, NoticeKind
from subscribers import leaving
from subscribers.addresses import parse_address
from subscribers.hashing import AddressHasher
from subscribers.leaving import BurstPolicy, Left
from subscribers.tables import DepartureState, DepartureWay
from subscribers.tokens import TokenSubject

HELD = (
    "{count} people left within a minute, each right after their letter or all from "
    "one network, as a machine does that follows every link. They get no more mail, "
    "like everybody who leaves, and so do those who follow. See who: `newsletter "
    "subscribers held`. Then keep or undo it: `newsletter subscribers held --keep` or "
    "`--undo`."
)


def depart(
    session: Session,
    who: TokenSubject,
    *,
    way: DepartureWay,
    network: str = "",
    settings: Settings,
    hasher: AddressHasher,
    now: datetime,
) -> Left:
    """Take somebody off the list, and tell the operator of a burst.

    A second time changes nothing.

    Args:
        who: from the token in their letter.
        way: how they asked.
        network: where from, if it is known.
    """
    went_at = None
    if who.about:
        went_at = ledger.went_at(session, who.subject, who.about)
    policy = _policy(settings)
    left = leaving.leave(
        session,
        who.subject,
        way=way,
        issue_id=who.about,
        seconds_after_letter=(now - went_at).total_seconds() if went_at else None,
        network=network,
        policy=policy,
        now=now,
    )
    if left.lot:
        message = HELD.format(count=policy.burst)
        kind = NoticeKind.LEAVING_HELD
        notices.post(session, kind, f"departure {left.lot}", message, now=now)
    is_final = left.changed and left.state is DepartureState.FINAL
    if is_final and settings.welcome.goodbye:
        outbox.post(
            session,
            LetterKind.GOODBYE,
            left.address,
            facts={},
            subscriber_id=who.subject,
            to_hash=hasher.hash(parse_address(left.address).key),
            now=now,
        )
    return left


def _policy(settings: Settings) -> BurstPolicy:
    section = settings.leaving
    return BurstPolicy(section.burst, timedelta(seconds=section.soon_seconds))
