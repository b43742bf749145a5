"""The operator's verbs on the library: add, edit, move, pin, retire.

Each takes a session, flushes and never commits, and gives back the tip as it now
stands. Which tip goes out in which week is not decided here: see `choosing`.
"""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta

from sqlalchemy import case, exists, literal, select
from sqlalchemy import update as update_rows
from sqlmodel import Session, col

from newsletter.errors import TipRefused
from newsletter.tables import Tip, TipStatus
from newsletter.tips import storing
from newsletter.tips.drafts import Refused, TipDraft, check
from newsletter.tips.labels import Label, is_slug, slug_for
from newsletter.tips.views import TipView, comments, find, get, list_tips
from subscribers.columns import UtcDateTime

__all__ = [
    "Label",
    "TipChanges",
    "TipView",
    "add",
    "comments",
    "edit",
    "find",
    "get",
    "list_tips",
    "move",
    "pin",
    "ready",
    "retire",
]


@dataclass(frozen=True)
class TipChanges:
    """What to change of a tip; None leaves a field as it is."""

    slug: str | None = None
    title: str | None = None
    body: str | None = None
    summary: str | None = None
    author: str | None = None
    tags: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    written_on: date | None = None


def add(session: Session, draft: TipDraft, *, now: datetime) -> TipView:
    """Put a new tip at the end of the queue.

    Raises:
        TipRefused: the draft is not complete, or its slug is taken.
    """
    tip = storing.cleaned(draft)
    _refuse_unusable(tip.slug, check(tip))
    _refuse_bad_slug(session, tip.slug, tip.slug)
    position = storing.next_position(session)
    return get(session, storing.insert(session, tip, position=position, now=now))


def edit(session: Session, slug: str, changes: TipChanges, *, now: datetime) -> TipView:
    """Change what a tip says; letters of issues already opened stay as they are.

    Raises:
        UnknownTip: there is no tip called *slug*.
        TipRefused: a change leaves the tip without title or text, or gives it the slug
            of another tip or a new one after it was sent.
    """
    tip = find(session, slug)
    draft = storing.cleaned(_changed(tip, changes))
    _refuse_unusable(slug, check(draft))
    if draft.slug != slug:
        _rename(session, tip, draft.slug, now=now)
    differing = storing.differences(tip, (), draft)
    storing.update(session, tip.id, draft, differing, now=now)
    return get(session, tip.id)


def move(
    session: Session,
    slug: str,
    *,
    before: str | None = None,
    after: str | None = None,
    now: datetime,
) -> TipView:
    """Put a tip right before or right after another one in the queue.

    Raises:
        UnknownTip: there is no tip of one of the names.
        ValueError: not exactly one of *before* and *after* is given.
    """
    if (before is None) == (after is None):
        raise ValueError("give either before or after")
    tip, other = find(session, slug), find(session, before or after or "")
    if tip.id == other.id:
        return tip
    downwards = tip.position < other.position
    place = other.position - downwards if before else other.position + (not downwards)
    if place != tip.position:
        _shift(session, tip, place, now=now)
    return get(session, tip.id)


def pin(session: Session, slug: str, day: date | None, *, now: datetime) -> TipView:
    """Ask that a tip goes out in the week of *day*; None takes the pin away.

    Raises:
        UnknownTip: there is no tip called *slug*.
        TipRefused: the tip can not go out any more, or the week is over.
    """
    tip = find(session, slug)
    if day is not None:
        reason = why_not_pin(tip)
        if reason:
            raise TipRefused(slug=slug, reason=reason)
        # A week may still go on in some time zone a day later than in UTC.
        if day < (now - timedelta(days=8)).date():
            raise TipRefused(
                slug=slug,
                reason=f"the week of {day} is over. Pin it to a day to come.",
            )
    return _set(session, tip, pin=day, now=now)


def why_not_pin(tip: TipView) -> str:
    """Return why *tip* cannot be pinned and what to do; empty when it can."""
    if tip.sent_in:
        return f"it was sent in {tip.sent_in[-1]}. Add a new tip to say it again."
    if tip.archived_on is not None:
        return f"it is in the archive since {tip.archived_on} and is never mailed."
    if tip.status is TipStatus.RETIRED:
        return "it is retired. Make it ready first."
    return ""


def retire(session: Session, slug: str, *, now: datetime) -> TipView:
    """Take a tip out of the queue for good; what was sent of it stays.

    Raises:
        UnknownTip: there is no tip called *slug*.
    """
    return _set(session, find(session, slug), status=TipStatus.RETIRED, now=now)


def ready(session: Session, slug: str, *, now: datetime) -> TipView:
    """Let a draft or a retired tip be sent.

    Raises:
        UnknownTip: there is no tip called *slug*.
    """
    return _set(session, find(session, slug), status=TipStatus.READY, now=now)


def _changed(tip: TipView, changes: TipChanges) -> TipDraft:
    draft = TipDraft(tip.slug, tip.title, tip.body, where=tip.slug)
    given = {
        field.name: value
        for field in fields(changes)
        if (value := getattr(changes, field.name)) is not None
    }
    return replace(draft, **given)


def _set(
    session: Session,
    tip: TipView,
    *,
    now: datetime,
    **values: date | TipStatus | None,
) -> TipView:
    row = session.get_one(Tip, tip.id)
    if any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = now
        session.flush()
    return get(session, tip.id)


def _rename(session: Session, tip: TipView, slug: str, *, now: datetime) -> None:
    if tip.sent_in:
        reason = f"it was sent in {tip.sent_in[-1]}, and letters link to its address."
        raise TipRefused(slug=tip.slug, reason=f"{reason} Keep the slug.")
    _refuse_bad_slug(session, slug, tip.slug)
    row = session.get_one(Tip, tip.id)
    row.slug = slug
    row.updated_at = now
    session.flush()


def _shift(session: Session, tip: TipView, place: int, *, now: datetime) -> None:
    """Move *tip* to *place*, and everything between by one, in one statement."""
    step = 1 if place < tip.position else -1
    first, last = sorted((place, tip.position))
    itself = col(Tip.id) == tip.id
    moment = literal(now, UtcDateTime())
    session.flush()
    session.execute(
        update_rows(Tip)
        .where(col(Tip.position).between(first, last))
        .values(
            position=case((itself, place), else_=col(Tip.position) + step),
            updated_at=case((itself, moment), else_=col(Tip.updated_at)),
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _refuse_unusable(slug: str, refused: Refused | None) -> None:
    if refused:
        raise TipRefused(slug=slug, reason=f"{refused.reason}. {refused.remedy}")


def _refuse_bad_slug(session: Session, slug: str, tip: str) -> None:
    if not is_slug(slug):
        reason = f"{slug!r} cannot be part of an address. Write it like "
        raise TipRefused(slug=tip, reason=f'{reason}"{slug_for(slug)}".')
    taken = session.execute(select(exists().where(col(Tip.slug) == slug)))
    if taken.scalar_one():
        reason = f"there is a tip {slug!r} already. Edit that one, or choose another"
        raise TipRefused(slug=tip, reason=f"{reason} slug.")
