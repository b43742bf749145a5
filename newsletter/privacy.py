"""What the law gives a person: all that is known of them, and to be forgotten.

The rooms that know something of a person are asked one after the other, here and
nowhere else, so that no page and no command forgets one of them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from newsletter import comments, ledger, outbox
from newsletter.db import Session
from subscribers import erasure, personal_data, retention
from subscribers.hashing import AddressHasher
from subscribers.tables import SuppressionReason

# How many people one transaction forgets at most, so that nobody waits for it.
HANDFUL = 100


def everything(
    session: Session, subscriber_id: int, *, hasher: AddressHasher
) -> dict[str, Any]:
    """Return all that is kept about a person, ready for JSON; times in ISO 8601, UTC.

    It is empty when there is nobody.
    """
    found = personal_data.everything(session, subscriber_id, hasher=hasher)
    if found:
        found["tips"] = [
            {
                "week": str(line.slot),
                "title": line.tip_title,
                "slug": line.tip_slug,
                "status": line.status.value,
                "at": line.at.isoformat() if line.at else None,
            }
            for line in ledger.history(session, subscriber_id)
        ]
        found["letters"] = [
            {
                "kind": letter.kind.value,
                "written_at": letter.created_at.isoformat(),
                "ended_at": letter.ended_at.isoformat() if letter.ended_at else None,
            }
            for letter in outbox.written_to(session, subscriber_id)
        ]
        found["comments"] = _comments(session, _addresses(found), hasher)
    return found


def erase(
    session: Session,
    subscriber_id: int,
    *,
    hasher: AddressHasher,
    now: datetime,
    reason: SuppressionReason = SuppressionReason.ERASED,
) -> bool:
    """Forget a person everywhere; their addresses stay suppressed, as hashes.

    Their comments lose their name when they were erased because they asked for it.
    Whoever only left long ago said them in public, and not as somebody on the list.

    Args:
        reason: why they are suppressed from now on.

    Returns:
        Whether there was anybody to erase.
    """
    hashes = erasure.erase(
        session, subscriber_id, hasher=hasher, now=now, reason=reason
    )
    if not hashes:
        return False
    ledger.forget(session, subscriber_id)
    outbox.forget(session, subscriber_id)
    if reason is SuppressionReason.ERASED:
        for address_hash in hashes:
            comments.forget_author(session, address_hash)
    return True


def erase_overdue(
    session: Session, *, before: datetime, hasher: AddressHasher, now: datetime
) -> int:
    """Erase some of those who left before that instant; return how many."""
    found = retention.overdue(session, before=before, limit=HANDFUL)
    for line in found:
        erase(session, line.subscriber_id, hasher=hasher, now=now, reason=line.reason)
    return len(found)


def left_behind(session: Session) -> list[str]:
    """Return what is left of people who were erased: for `newsletter verify`."""
    found = {
        "details of people": erasure.incomplete(session),
        "addresses in letters": ledger.naming_the_erased(session),
    }
    return [f"{number} {what}" for what, number in found.items() if number]


def _addresses(found: dict[str, Any]) -> list[str]:
    """Return the addresses that a person has and had, the present one first."""
    former = [
        change["old_address"]
        for change in found["address_changes"]
        if change["confirmed_at"]
    ]
    return list(dict.fromkeys([found["person"]["address"], *former]))


def _comments(
    session: Session, addresses: Sequence[str], hasher: AddressHasher
) -> list[dict[str, object]]:
    """Return what was said with these addresses, whoever has given them."""
    # The key of an address as it is stored; see `subscribers.addresses.Address`.
    keys = [hasher.hash(address.casefold()) for address in addresses]
    return [
        {
            "tip": comment.tip_slug,
            "name": comment.author,
            "text": comment.body,
            "written_at": comment.written_at.isoformat(),
            "status": comment.status.value,
        }
        for key in keys
        for comment in comments.said_by(session, key)
    ]
