"""Rows for tests: each function writes one, with only what matters spelled out.

They flush and never commit; the live row comes back, so that a test can change it.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from newsletter.slots import Slot
from newsletter.tables import (
    CommentStatus,
    Delivery,
    DeliveryStatus,
    Issue,
    IssueStatus,
    Tip,
    TipComment,
    TipStatus,
)
from subscribers.tables import Subscriber, SubscriberStatus

OPENED_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LEASE = timedelta(minutes=15)

_numbers = count(1)


def make_tip(
    session: Session,
    slug: str = "",
    *,
    position: int | None = None,
    pin: date | None = None,
    status: TipStatus = TipStatus.READY,
    **more: Any,
) -> Tip:
    """Write a tip; without a position it stands behind those made before."""
    number = next(_numbers)
    slug = slug or f"tip-{number}"
    facts: dict[str, Any] = {
        "title": slug.replace("-", " ").capitalize(),
        "body": "Say what happens next.",
        "created_at": OPENED_AT,
        "updated_at": OPENED_AT,
    }
    tip = Tip(
        slug=slug,
        position=number if position is None else position,
        pin=pin,
        status=status,
        **(facts | more),
    )
    session.add(tip)
    session.flush()
    return tip


def make_comment(
    session: Session,
    tip: Tip,
    body: str = "So true.",
    *,
    status: CommentStatus = CommentStatus.SHOWN,
    **more: Any,
) -> TipComment:
    """Write a comment on *tip*; each is a minute later than those made before."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "author": "Bo",
        "origin": f"{number}",
        "written_at": OPENED_AT + timedelta(minutes=number),
    }
    comment = TipComment(tip_id=tip.id or 0, body=body, status=status, **(facts | more))
    session.add(comment)
    session.flush()
    return comment


def make_subscriber(
    session: Session,
    address: str = "",
    *,
    name: str = "",
    status: SubscriberStatus = SubscriberStatus.ACTIVE,
    **more: Any,
) -> Subscriber:
    """Write a subscriber; without an address they get one of their own."""
    address = address or f"reader{next(_numbers)}@example.org"
    facts: dict[str, Any] = {"created_at": OPENED_AT, "status_at": OPENED_AT}
    subscriber = Subscriber(
        address=address,
        address_key=address.casefold(),
        name=name,
        status=status,
        **(facts | more),
    )
    session.add(subscriber)
    session.flush()
    return subscriber


def make_issue(
    session: Session,
    tip: Tip | None = None,
    *,
    slot: Slot | str = "2026-W47",
    status: IssueStatus = IssueStatus.SENDING,
    round: int = 1,  # noqa: A002 - the column's name
    **more: Any,
) -> Issue:
    """Write an issue that is going out, of *tip* or of one made for it."""
    facts: dict[str, Any] = {
        "reason": "next in queue",
        "due_at": OPENED_AT,
        "subject": "Say what happens next",
        "html": "<p>Say what happens next.</p>",
        "text": "Say what happens next.",
        "mail_domain": "tips.example",
        "created_at": OPENED_AT,
    }
    issue = Issue(
        slot=str(slot),
        tip_id=(tip or make_tip(session)).id or 0,
        status=status,
        round=round,
        **(facts | more),
    )
    session.add(issue)
    session.flush()
    return issue


def make_delivery(
    session: Session,
    issue: Issue,
    subscriber: Subscriber | None = None,
    *,
    status: DeliveryStatus = DeliveryStatus.PENDING,
    **more: Any,
) -> Delivery:
    """Write the letter of *issue* to a subscriber, or to one made for it.

    A letter in hand has a lease of fifteen minutes from the opening of the issue.
    """
    in_hand = status in (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
    facts: dict[str, Any] = {
        "round": None if status is DeliveryStatus.SKIPPED else issue.round,
        "due_at": OPENED_AT,
        "lease_until": OPENED_AT + LEASE if in_hand else None,
    }
    delivery = Delivery(
        issue_id=issue.id or 0,
        tip_id=issue.tip_id,
        subscriber_id=(subscriber or make_subscriber(session)).id or 0,
        status=status,
        **(facts | more),
    )
    session.add(delivery)
    session.flush()
    return delivery
