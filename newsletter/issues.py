"""This week's issue: opened exactly once, then paused, resumed, cancelled or closed.

A week has at most one living issue; the unique index on the slot says so, not this
code. Who the issue goes to is the ledger's business.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlmodel import Session, col

from newsletter.db import insert_once
from newsletter.errors import IssueRefused, UnknownIssue
from newsletter.slots import Slot
from newsletter.tables import Issue, IssueStatus, Tip


@dataclass(frozen=True)
class NewIssue:
    """What is frozen when an issue is opened; `due_at` is UTC."""

    slot: Slot
    tip_id: int
    round: int
    reason: str
    due_at: datetime
    subject: str
    html: str
    text: str
    mail_domain: str


@dataclass(frozen=True)
class IssueView:
    """An issue as the rooms above see it; times are UTC."""

    id: int
    slot: Slot
    tip_id: int
    tip_slug: str
    tip_title: str
    round: int
    reason: str
    status: IssueStatus
    due_at: datetime
    subject: str
    html: str
    text: str
    mail_domain: str
    enrolled: int
    created_at: datetime
    finished_at: datetime | None
    paused_because: str


def open_issue(session: Session, new: NewIssue, *, now: datetime) -> int | None:
    """Open the issue of a slot, unless somebody else has.

    Returns:
        The issue's id; None when the slot has a living issue, or had this very tip, or
        another slot has it in this round.
    """
    values = {
        "slot": str(new.slot),
        "tip_id": new.tip_id,
        "round": new.round,
        "reason": new.reason,
        "status": IssueStatus.PLANNED,
        "due_at": new.due_at,
        "subject": new.subject,
        "html": new.html,
        "text": new.text,
        "mail_domain": new.mail_domain,
        "enrolled": 0,
        "created_at": now,
        "paused_because": "",
    }
    made = insert_once(session, Issue, values)
    if made is not None:
        _publish(session, new.tip_id, now=now)
    return made


def _publish(session: Session, tip_id: int, *, now: datetime) -> None:
    """Put the tip on the public site, from its first issue on."""
    hidden = col(Tip.published_at).is_(None)
    session.execute(
        update(Tip).where(col(Tip.id) == tip_id, hidden).values(published_at=now)
    )


def start(session: Session, issue_id: int, *, enrolled: int) -> None:
    """Let an enrolled issue go out."""
    issue = session.get_one(Issue, issue_id)
    issue.status = IssueStatus.SENDING
    issue.enrolled = enrolled
    session.flush()


def find(session: Session, slot: Slot) -> IssueView:
    """Return the living issue of *slot*, or the last cancelled one.

    Raises:
        UnknownIssue: no issue was ever opened for it.
    """
    found = in_slot(session, slot)
    if found is None:
        raise UnknownIssue(slot=str(slot))
    return found


def in_slot(session: Session, slot: Slot) -> IssueView | None:
    """Return the living issue of *slot*, else the last cancelled one, else None."""
    rows = _views(session, col(Issue.slot) == str(slot))
    living = [row for row in rows if row.status is not IssueStatus.CANCELLED]
    return next(iter(living or rows), None)


def tips_in_slot(session: Session, slot: Slot) -> frozenset[int]:
    """Return the tips that had an issue in *slot*, cancelled or not."""
    found = select(col(Issue.tip_id)).where(col(Issue.slot) == str(slot))
    return frozenset(session.scalars(found))


def get(session: Session, issue_id: int) -> IssueView:
    """Return one issue by its id."""
    return _views(session, col(Issue.id) == issue_id)[0]


def newest(session: Session, *, limit: int = 20) -> list[IssueView]:
    """Return the newest issues, newest first."""
    return _views(session, limit=limit)


def sending(session: Session) -> list[IssueView]:
    """Return the issues that are going out, oldest first."""
    return _views(session, col(Issue.status) == IssueStatus.SENDING)[::-1]


def paused(session: Session) -> list[IssueView]:
    """Return the issues that wait for their operator, oldest first."""
    return _views(session, col(Issue.status) == IssueStatus.PAUSED)[::-1]


def is_sending(session: Session, issue_id: int) -> bool:
    """Tell whether letters of the issue may leave now."""
    status = session.connection().execute(_STATUS, {"of": issue_id}).scalar()
    return status is IssueStatus.SENDING


_STATUS = select(col(Issue.status)).where(col(Issue.id) == bindparam("of"))


def pause(session: Session, slot: Slot, *, because: str) -> IssueView:
    """Stop an issue that is going out; letters on the wire still end.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: it is not going out.
    """
    return _step(
        session,
        slot,
        verb="paused",
        allowed=(IssueStatus.SENDING,),
        to=IssueStatus.PAUSED,
        because=because,
    )


def resume(session: Session, slot: Slot) -> IssueView:
    """Let a paused issue go on where it stopped.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: it is not paused.
    """
    return _step(
        session,
        slot,
        verb="resumed",
        allowed=(IssueStatus.PAUSED,),
        to=IssueStatus.SENDING,
    )


def cancel(session: Session, slot: Slot, *, now: datetime) -> IssueView:
    """End an issue for good; what was sent stays sent.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: it is already over.
    """
    living = (IssueStatus.PLANNED, IssueStatus.SENDING, IssueStatus.PAUSED)
    return _step(
        session,
        slot,
        verb="cancelled",
        allowed=living,
        to=IssueStatus.CANCELLED,
        ended_at=now,
    )


def reopen(session: Session, slot: Slot) -> IssueView:
    """Let an issue go out again for letters that its operator wants sent.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: it was cancelled, or is paused.
    """
    return _step(
        session,
        slot,
        allowed=(IssueStatus.SENT, IssueStatus.SENDING),
        to=IssueStatus.SENDING,
        verb="sent again",
    )


def lock(session: Session, issue_id: int) -> None:
    """Let nobody else change how far an issue is before the caller has committed."""
    session.execute(
        select(col(Issue.id)).where(col(Issue.id) == issue_id).with_for_update()
    )


def close(session: Session, issue_id: int, *, now: datetime) -> None:
    """Mark an issue as sent, once every letter has an outcome."""
    issue = session.get_one(Issue, issue_id)
    if issue.status is IssueStatus.SENDING:
        issue.status = IssueStatus.SENT
        issue.finished_at = now
        session.flush()


def opened_twice(session: Session) -> list[str]:
    """Return the slots that have more than one living issue; there should be none."""
    rows = session.scalars(
        select(col(Issue.slot))
        .where(col(Issue.status) != IssueStatus.CANCELLED)
        .group_by(col(Issue.slot))
        .having(func.count() > 1)
        .order_by(col(Issue.slot))
    )
    return list(rows)


def with_a_wrong_end(session: Session) -> list[str]:
    """Return the slots whose issue is over without a time, or is not and has one."""
    is_over = col(Issue.status).in_((IssueStatus.SENT, IssueStatus.CANCELLED))
    has_end = col(Issue.finished_at).is_not(None)
    rows = session.scalars(
        select(col(Issue.slot)).where(is_over != has_end).order_by(col(Issue.slot))
    )
    return list(rows)


def _step(
    session: Session,
    slot: Slot,
    *,
    verb: str,
    allowed: tuple[IssueStatus, ...],
    to: IssueStatus,
    because: str = "",
    ended_at: datetime | None = None,
) -> IssueView:
    found = find(session, slot)
    issue = session.get_one(Issue, found.id, with_for_update=True)
    session.refresh(issue)
    if issue.status not in allowed:
        why = " already" if issue.status is to else f", so it cannot be {verb}"
        raise IssueRefused(slot=str(slot), reason=f"it is {issue.status}{why}.")
    issue.status = to
    issue.paused_because = because
    issue.finished_at = ended_at
    session.flush()
    return get(session, found.id)


def _views(
    session: Session, *where: ColumnElement[bool], limit: int = 100
) -> list[IssueView]:
    rows = session.execute(
        select(Issue, col(Tip.slug), col(Tip.title))
        .join(Tip, col(Tip.id) == col(Issue.tip_id))
        .where(*where)
        .order_by(col(Issue.slot).desc(), col(Issue.id).desc())
        .limit(limit)
    )
    return [
        IssueView(
            id=issue.id or 0,
            slot=Slot.parse(issue.slot),
            tip_id=issue.tip_id,
            tip_slug=slug,
            tip_title=title,
            round=issue.round,
            reason=issue.reason,
            status=issue.status,
            due_at=issue.due_at,
            subject=issue.subject,
            html=issue.html,
            text=issue.text,
            mail_domain=issue.mail_domain,
            enrolled=issue.enrolled,
            created_at=issue.created_at,
            finished_at=issue.finished_at,
            paused_because=issue.paused_because,
        )
        for issue, slug, title in rows
    ]
