"""Bring tips from elsewhere into the library: first a plan, then all of it or nothing.

A tip is known again by its origin, and without one by its slug, so that importing the
same thing twice changes nothing. An import adds and renews; it never takes away.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col

from newsletter.errors import ImportRefused
from newsletter.tables import Tip, TipStatus
from newsletter.tips import storing
from newsletter.tips.drafts import Found, LeftOut, Refused, TipDraft, check
from newsletter.tips.library import why_not_pin
from newsletter.tips.views import TipView, comments_of, matching

# SQLite takes at most 32,766 values in a statement; fewer are as fast.
_AT_ONCE = 300


@dataclass(frozen=True)
class Change:
    """A tip of the library that the source tells differently: in which fields."""

    tip_id: int
    slug: str
    fields: tuple[str, ...]
    draft: TipDraft


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do; `new` is in the order that the tips will queue in."""

    new: tuple[TipDraft, ...]
    changed: tuple[Change, ...]
    same: tuple[str, ...]
    refused: tuple[Refused, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """What was changed while reading, as (place, note)."""
        drafts = (*self.new, *(change.draft for change in self.changed))
        return tuple((d.where, note) for d in drafts for note in d.notes)


@dataclass(frozen=True)
class ImportReport:
    """What an import did; tips are named by their slugs."""

    added: tuple[str, ...]
    changed: tuple[Change, ...]
    same: tuple[str, ...]
    refused: tuple[Refused, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[tuple[str, str], ...]


def plan_import(
    session: Session, drafts: Iterable[Found], *, as_archive: bool
) -> ImportPlan:
    """Compare what a reader found with the library; nothing is written.

    Args:
        drafts: as the readers yield them.
        as_archive: the tips were sent elsewhere before: they are shown and never
            mailed. Each needs a date.

    Raises:
        UnreadableSource: the reader cannot go on.
    """
    sorter = _Sorter(as_archive=as_archive)
    for found in drafts:
        sorter.take(found)
    for chunk in _chunks(sorter.drafts):
        sorter.compare(session, chunk)
    return ImportPlan(
        new=tuple(sorter.new),
        changed=tuple(sorter.changed),
        same=tuple(sorter.same),
        refused=tuple(sorter.refused),
        left_out=tuple(sorter.left_out),
    )


def apply_import(
    session: Session, plan: ImportPlan, *, now: datetime, skip_bad: bool
) -> ImportReport:
    """Write what *plan* says.

    Args:
        skip_bad: leave out what was refused, instead of refusing everything.

    Raises:
        ImportRefused: something was refused; nothing has changed.
    """
    if plan.refused and not skip_bad:
        raise ImportRefused(refused=plan.refused)
    first = storing.next_position(session)
    for position, draft in enumerate(plan.new, start=first):
        storing.insert(session, draft, position=position, now=now)
    for change in plan.changed:
        storing.update(session, change.tip_id, change.draft, change.fields, now=now)
    return ImportReport(
        added=tuple(draft.slug for draft in plan.new),
        changed=plan.changed,
        same=plan.same,
        refused=plan.refused,
        left_out=plan.left_out,
        notes=plan.notes,
    )


@dataclass
class _Sorter:
    """Puts every draft where it belongs: new, changed, the same, or refused."""

    as_archive: bool
    drafts: list[TipDraft] = field(default_factory=list)
    new: list[TipDraft] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    # What came earlier in the same import, by slug, origin and tip.
    seen: dict[str | int, TipDraft] = field(default_factory=dict)

    def take(self, found: Found) -> None:
        """Accept a draft for comparison, if nothing in the import itself forbids it."""
        if isinstance(found, Refused):
            self.refused.append(found)
        elif isinstance(found, LeftOut):
            self.left_out.append(found)
        else:
            draft = storing.cleaned(found)
            bad = check(draft) or self._undated(draft)
            if bad:
                self.refused.append(bad)
            elif self._is_first(draft, f"slug {draft.slug}", f"origin {draft.origin}"):
                self.drafts.append(draft)

    def compare(self, session: Session, drafts: list[TipDraft]) -> None:
        """Sort *drafts* by what the library has of them."""
        tips = matching(
            session,
            or_(
                col(Tip.slug).in_([draft.slug for draft in drafts]),
                col(Tip.origin).in_([draft.origin for draft in drafts if draft.origin]),
            ),
        )
        comments = comments_of(session, [tip.id for tip in tips])
        by_slug = {tip.slug: tip for tip in tips}
        by_origin = {tip.origin: tip for tip in tips if tip.origin}
        for draft in drafts:
            tip = by_origin.get(draft.origin or "") or by_slug.get(draft.slug)
            if tip is None:
                self.new.append(self._archived(draft, None))
            elif draft.origin and tip.origin != draft.origin:
                self.refused.append(_taken(draft, tip))
            elif self._is_first(draft, tip.id):
                wanted = self._archived(draft, tip)
                fields = storing.differences(tip, comments.get(tip.id, ()), wanted)
                self._sort_known(tip, wanted, fields)

    def _sort_known(
        self, tip: TipView, draft: TipDraft, fields: tuple[str, ...]
    ) -> None:
        reason = why_not_pin(tip) if "pin" in fields else ""
        if reason:
            remedy = "Take the pin out of the source."
            value = str(draft.pin)
            bad = Refused(draft.where, value, f"is no pin for it: {reason}", remedy)
            self.refused.append(bad)
        elif fields:
            self.changed.append(Change(tip.id, tip.slug, fields, draft))
        else:
            self.same.append(tip.slug)

    def _is_first(self, draft: TipDraft, *keys: str | int) -> bool:
        """Tell whether no other draft of this import has one of *keys*."""
        earlier = next((self.seen[key] for key in keys if key in self.seen), None)
        if earlier is None:
            unique = [key for key in keys if key != "origin None"]
            self.seen.update(dict.fromkeys(unique, draft))
            return True
        if earlier.content == draft.content:
            reason = f"it says the same as {earlier.where}"
            self.left_out.append(LeftOut(draft.where, "tip", reason))
        else:
            reason = f"names a different tip at {earlier.where} too"
            remedy = "Give one of the two another slug and origin."
            self.refused.append(Refused(draft.where, draft.slug, reason, remedy))
        return False

    def _undated(self, draft: TipDraft) -> Refused | None:
        if not self.as_archive or draft.archived_on or draft.written_on:
            return None
        reason = "has no date, so it has no place in the archive"
        remedy = "Give it the date on which it was sent."
        return Refused(draft.where, draft.slug, reason, remedy)

    def _archived(self, draft: TipDraft, tip: TipView | None) -> TipDraft:
        """Return *draft* with the day it came into the archive, if it is to be there.

        A tip that is there stays there, and one that we sent is there by its issue.
        """
        if not self.as_archive or (tip and (tip.archived_on or tip.sent_in)):
            return draft
        day = draft.archived_on or draft.written_on
        return replace(draft, archived_on=day, status=TipStatus.READY)


def _taken(draft: TipDraft, tip: TipView) -> Refused:
    whose = f"which comes from {tip.origin}" if tip.origin else "which was written here"
    reason = f"is the slug of another tip of the library, {tip.title!r}, {whose}"
    return Refused(draft.where, draft.slug, reason, "Give one of the two another slug.")


def _chunks(drafts: list[TipDraft]) -> Iterator[list[TipDraft]]:
    for start in range(0, len(drafts), _AT_ONCE):
        yield drafts[start : start + _AT_ONCE]
