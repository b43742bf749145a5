"""Open this week's issue: choose the tip, render it, freeze it, enrol the readers.

The choice and the rendering need no lock. Whoever inserts the issue first has opened
the week; everybody else finds that out from the unique indexes, and looks again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from newsletter import db, fence, issues, ledger, notices
from newsletter.db import Session
from newsletter.errors import IssueRefused, TipRefused
from newsletter.issues import IssueView, NewIssue
from newsletter.sender.announcing import announce_start
from newsletter.sender.composing import render_article
from newsletter.sender.desk import Desk
from newsletter.slots import Slot
from newsletter.tables import IssueStatus, NoticeKind, TipStatus
from newsletter.tips import library
from newsletter.tips.choosing import Candidate, Choice, choose, pins_missed
from newsletter.tips.planning import candidates, runway
from subscribers.audience import mailable, week_ordinal
from subscribers.pausing import end_pauses

log = logging.getLogger(__name__)

# How far back a start-up looks for weeks that nobody opened.
WEEKS_LOOKED_BACK = 8


@dataclass(frozen=True)
class Nothing:
    """Why no issue was opened, in words for the operator."""

    slot: Slot
    reason: str


def open_due(desk: Desk) -> IssueView | Nothing:
    """Open the issue whose moment has come, if nobody has, and say what was missed.

    The database decides: any number of schedulers may ask at any time.

    Raises:
        Fenced: this database is not the live one.
    """
    now = desk.clock()
    timetable = desk.timetable
    slot = timetable.latest(now)
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        # At each ring, so that a pause ends when it should, issue or not.
        end_pauses(session, now=now)
        founded = db.installation(session).created_at
        _report_missed(session, desk, founded=founded, now=now)
        known = issues.in_slot(session, slot)
    if known:
        return Nothing(slot, f"{slot} was opened before.")
    if timetable.moment(slot) < founded:
        return Nothing(slot, f"{slot} was before this newsletter began.")
    if not timetable.may_open(slot, now):
        return Nothing(slot, f"{slot} is over, or a skip date.")
    return open_slot(desk, slot)


def open_slot(
    desk: Desk, slot: Slot, *, slug: str | None = None, again: bool = False
) -> IssueView | Nothing:
    """Open the issue of *slot* now.

    Args:
        desk: the process's tools.
        slot: the week; its moment may still lie ahead.
        slug: the tip to send instead of the one that would be chosen.
        again: allow a tip that was sent before; everybody gets it once more.

    Returns:
        The issue, going out; or why there is none.

    Raises:
        UnknownTip: no tip has that slug.
        TipRefused: the tip is retired, a draft, of the archive, or was sent before.
        IssueRefused: the slot lies in the past.
        Fenced: this database is not the live one.
    """
    now = desk.clock()
    choice = choose_for(desk, slot, slug=slug, again=again)
    if isinstance(choice, Nothing):
        return choice
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        if choice is None:
            return _nothing_left(session, slot, now=now)
        tips = candidates(session)
        new = _freeze(session, desk, slot, choice)
    opened = _open(desk, new, tips, now=now)
    # Somebody else opened this week meanwhile, or another one with this tip.
    return opened or open_slot(desk, slot, slug=slug, again=again)


def choose_for(
    desk: Desk, slot: Slot, *, slug: str | None = None, again: bool = False
) -> Choice | Nothing | None:
    """Say what `open_slot` would send; nothing is written.

    Returns:
        The choice; why *slot* takes none; or None when the library has none.

    Raises:
        UnknownTip, TipRefused, IssueRefused: as `open_slot` does.
    """
    if slot < desk.timetable.latest(desk.clock()):
        raise IssueRefused(slot=str(slot), reason="that week is over.")
    with db.transaction(desk.engine) as session:
        known = issues.in_slot(session, slot)
        if known and known.status is not IssueStatus.CANCELLED:
            return Nothing(slot, _already(known))
        # What was cancelled in a week does not come back in the same week.
        tried = issues.tips_in_slot(session, slot)
        tips = [tip for tip in candidates(session) if tip.tip_id not in tried]
        if slug:
            return _named(session, tips, slug, again=again, tried=tried)
    return choose(tips, slot, recycle_after_weeks=desk.recycle_after_weeks)


def _open(
    desk: Desk, new: NewIssue, tips: list[Candidate], *, now: datetime
) -> IssueView | None:
    """Insert the issue and enrol everybody, in one transaction, unless it exists."""
    with db.transaction(desk.engine) as session:
        issue_id = issues.open_issue(session, new, now=now)
        if issue_id is None:
            return None
        due_at = min(new.due_at, now)
        # Whoever comes back today gets today's tip.
        end_pauses(session, now=now)
        people = mailable(week=week_ordinal(new.slot.monday))
        enrolled = ledger.enrol(session, issue_id, people, due_at=due_at)
        issues.start(session, issue_id, enrolled=enrolled)
        _warn_of_the_library(session, desk, tips, new, now=now)
        opened = issues.get(session, issue_id)
        announce_start(session, opened, settings=desk.config.settings, now=now)
        if desk.on_open:
            desk.on_open(session, opened)
        mark = fence.advance(session)
    fence.keep(mark, desk.mark)
    facts = {"issue": issue_id, "slot": str(new.slot), "enrolled": enrolled}
    log.info("issue opened", extra=facts | {"tip": opened.tip_slug})
    return opened


def _freeze(session: Session, desk: Desk, slot: Slot, choice: Choice) -> NewIssue:
    """Render the chosen tip for this slot."""
    tip = library.get(session, choice.tip_id)
    rendered = render_article(desk.config, tip, day=desk.timetable.day(slot))
    return NewIssue(
        slot=slot,
        tip_id=choice.tip_id,
        round=choice.round,
        reason=choice.reason,
        due_at=desk.timetable.moment(slot),
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        mail_domain=desk.config.settings.identity.from_address.rpartition("@")[2],
    )


def _named(
    session: Session,
    tips: list[Candidate],
    slug: str,
    *,
    again: bool,
    tried: frozenset[int],
) -> Choice:
    """Return the tip that the operator named, if it may be sent."""
    tip = library.find(session, slug)
    if tip.status is not TipStatus.READY:
        reason = f"it is {tip.status}; only ready tips are sent."
        raise TipRefused(slug=slug, reason=reason)
    if tip.id in tried:
        reason = "its issue of that week was cancelled. Send it in a later week."
        raise TipRefused(slug=slug, reason=reason)
    found = next((c for c in tips if c.tip_id == tip.id), None)
    if found is None:
        reason = "it is in the archive, sent elsewhere before; it is never mailed."
        raise TipRefused(slug=slug, reason=reason)
    if found.times_sent and not again:
        raise TipRefused(
            slug=slug,
            reason=f"it was sent in {found.last_sent}. Send it to everybody once more "
            "with --again.",
        )
    chosen = "chosen by hand"
    return Choice(tip.id, tip.slug, tip.title, chosen, round=found.times_sent + 1)


def _already(issue: IssueView) -> str:
    done = {
        IssueStatus.SENT: "was sent",
        IssueStatus.PAUSED: "is paused",
    }.get(issue.status, "is going out")
    return f"{issue.slot} {done} already: {issue.tip_title}."


def _nothing_left(session: Session, slot: Slot, *, now: datetime) -> Nothing:
    """Tell the operator, once for each week, that the library has nothing to send."""
    message = (
        f"There is no unsent tip for {slot}, so nothing goes out. Add tips with "
        '`newsletter tips add` or `import`, or set library.end = "recycle".'
    )
    if notices.post(session, NoticeKind.LIBRARY_EMPTY, str(slot), message, now=now):
        log.error("no tip to send", extra={"slot": str(slot)})
    return Nothing(slot, message)


def _warn_of_the_library(
    session: Session,
    desk: Desk,
    tips: list[Candidate],
    new: NewIssue,
    *,
    now: datetime,
) -> None:
    """Tell the operator in time what the remaining tips are about to run into."""
    left = [tip for tip in tips if tip.tip_id != new.tip_id]
    weeks = runway(left, desk.timetable, new.slot.shift(1))
    if weeks < desk.config.settings.library.warn_weeks:
        message = (
            f"The library lasts {weeks} more {'week' if weeks == 1 else 'weeks'} "
            f"after {new.slot}. Add tips with `newsletter tips add` or `import`."
        )
        notices.post(session, NoticeKind.RUNWAY_LOW, str(new.slot), message, now=now)
    for tip in pins_missed(left, new.slot.shift(1)):
        message = (
            f'"{tip.title}" was pinned to {tip.pin}, but that week went by without it; '
            "it is back in the queue at its old place. Pin it again with "
            f"`newsletter tips pin {tip.slug} DATE`, move it, or retire it."
        )
        key = f"{tip.slug} {tip.pin}"
        notices.post(session, NoticeKind.PIN_MISSED, key, message, now=now)


def _report_missed(
    session: Session, desk: Desk, *, founded: datetime, now: datetime
) -> None:
    """Say, once for each week, that its moment passed while nobody was there."""
    timetable = desk.timetable
    latest = timetable.latest(now)
    for weeks in range(WEEKS_LOOKED_BACK):
        slot = latest.shift(-weeks)
        moment = timetable.moment(slot)
        if moment < founded:
            return
        too_late = now > moment + timetable.catch_up
        if not too_late or timetable.is_skipped(slot) or _accounted(session, slot):
            continue
        message = (
            f"Nothing went out in {slot}: the newsletter was not running from its "
            f"moment until {desk.config.settings.schedule.catch_up_hours:g} hours "
            "later. Its tip goes out in the next week; none is lost."
        )
        notices.post(session, NoticeKind.SLOT_MISSED, str(slot), message, now=now)
        log.error("week missed", extra={"slot": str(slot)})


def _accounted(session: Session, slot: Slot) -> bool:
    """Tell whether *slot* has an issue, or the operator knows why it has none."""
    return (
        issues.in_slot(session, slot) is not None
        or notices.is_posted(session, NoticeKind.LIBRARY_EMPTY, str(slot))
        or notices.is_posted(session, NoticeKind.SLOT_MISSED, str(slot))
    )
