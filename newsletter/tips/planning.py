"""What goes out in the coming weeks, and how long the library will last.

The plan asks the same question as the sender, `choose`, week by week, on a library in
which the weeks before have been sent; so what it announces is what is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session, col

from newsletter.slots import Slot, Timetable
from newsletter.tables import (
    Delivery,
    DeliveryStatus,
    Issue,
    IssueStatus,
    Tip,
    TipStatus,
)
from newsletter.tips.choosing import Candidate, Choice, choose

# A letter that stands so is, or may be, with its reader.
_REACHED = (DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True)
class PlannedWeek:
    """One week of the plan: its moment in UTC, and its tip or why there is none."""

    slot: Slot
    moment: datetime
    choice: Choice | None
    reason: str


def candidates(session: Session) -> list[Candidate]:
    """Return the ready tips with what the ledger says of each.

    A tip counts as sent when an issue of it lives, or when a cancelled one has, or may
    have, reached somebody. Tips of the archive were sent elsewhere and are never
    candidates.
    """
    reached = exists().where(
        col(Delivery.issue_id) == col(Issue.id), col(Delivery.status).in_(_REACHED)
    )
    sent = (
        select(
            col(Issue.tip_id),
            func.max(col(Issue.slot)).label("last_sent"),
            func.max(col(Issue.round)).label("rounds"),
        )
        .where(or_(col(Issue.status) != IssueStatus.CANCELLED, reached))
        .group_by(col(Issue.tip_id))
        .subquery()
    )
    rows = session.execute(
        select(
            col(Tip.id),
            col(Tip.slug),
            col(Tip.title),
            col(Tip.position),
            col(Tip.pin),
            sent.c.last_sent,
            sent.c.rounds,
        )
        .join(sent, sent.c.tip_id == col(Tip.id), isouter=True)
        .where(col(Tip.status) == TipStatus.READY, col(Tip.archived_on).is_(None))
        .order_by(col(Tip.position), col(Tip.id))
    )
    return [
        Candidate(
            tip_id,
            slug,
            title,
            position,
            pin,
            last_sent=Slot.parse(last_sent) if last_sent else None,
            times_sent=rounds or 0,
        )
        for tip_id, slug, title, position, pin, last_sent, rounds in rows
    ]


def plan(
    library: Sequence[Candidate],
    timetable: Timetable,
    first: Slot,
    *,
    weeks: int,
    recycle_after_weeks: int | None = None,
) -> list[PlannedWeek]:
    """Return what goes out in *weeks* weeks from *first* on.

    The same library, timetable and first week always give the same plan.
    """
    tips = {tip.tip_id: tip for tip in library}
    planned = []
    for slot in (first.shift(offset) for offset in range(weeks)):
        moment = timetable.moment(slot)
        if timetable.is_skipped(slot):
            day = timetable.day(slot)
            planned.append(PlannedWeek(slot, moment, None, f"{day} is a skip date"))
            continue
        choice = choose(
            list(tips.values()), slot, recycle_after_weeks=recycle_after_weeks
        )
        if choice:
            tip = tips[choice.tip_id]
            tips[tip.tip_id] = replace(tip, last_sent=slot, times_sent=choice.round)
        reason = choice.reason if choice else "no unsent tip is left for this week"
        planned.append(PlannedWeek(slot, moment, choice, reason))
    return planned


def runway(library: Sequence[Candidate], timetable: Timetable, first: Slot) -> int:
    """Return for how many weeks in a row, from *first*, there is an unsent tip.

    Skipped weeks do not count, and recycled tips do not lengthen it. It counts instead
    of choosing, so that a library of 10,000 tips costs one pass; a test holds it
    against the plan.
    """
    unsent = [tip for tip in library if not tip.times_sent]
    waiting = sum(tip.waits_in(first) for tip in unsent)
    pinned: dict[Slot, int] = {}
    for tip in unsent:
        if tip.pinned_to and not tip.waits_in(first):
            pinned[tip.pinned_to] = pinned.get(tip.pinned_to, 0) + 1
    weeks = 0
    slot = first
    while waiting or pinned.get(slot) or timetable.is_skipped(slot):
        here = pinned.pop(slot, 0)
        if not timetable.is_skipped(slot):
            weeks += 1
            here -= 1
        # Whoever did not get the week they were pinned to falls back into the queue.
        waiting += here
        slot = slot.shift(1)
    return weeks
