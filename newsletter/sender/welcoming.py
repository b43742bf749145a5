"""What somebody new gets to read at once: this week's tip, or the favourites.

Only what the public site shows: whoever joins need not hear of drafts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter import issues
from newsletter.db import Session
from newsletter.errors import UnknownTip
from newsletter.tables import IssueStatus
from newsletter.tips.library import TipView, find, get

_OUT = (IssueStatus.SENDING, IssueStatus.SENT)


@dataclass(frozen=True)
class Welcome:
    """The tip in full, or some by their titles; neither before the first issue."""

    tip: TipView | None = None
    favourites: tuple[TipView, ...] = ()


def welcome_for(session: Session, slugs: Sequence[str], *, now: datetime) -> Welcome:
    """Return what a welcome says.

    Args:
        slugs: favourites; those that were never sent, or are gone, are left out.
        now: nothing that goes out later counts.
    """
    favourites = tuple(tip for slug in slugs if (tip := _public(session, slug)))
    if favourites:
        return Welcome(favourites=favourites)
    for issue in issues.newest(session):
        if issue.status in _OUT and issue.due_at <= now:
            return Welcome(get(session, issue.tip_id))
    return Welcome()


def _public(session: Session, slug: str) -> TipView | None:
    try:
        tip = find(session, slug)
    except UnknownTip:
        return None
    return tip if tip.sent_in or tip.archived_on else None
