"""Say that an issue starts, and how it ended; each once, whichever process finds out.

Both are posted in the transaction that makes them true.
"""

from datetime import datetime, timedelta

from newsletter import notices
from newsletter.config import Settings
from newsletter.db import Session
from newsletter.issues import IssueView
from newsletter.ledger import Tally
from newsletter.tables import NoticeKind

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# What stands in the sentence, in this order, when it is not 0.
_FIGURES = ("failed", "uncertain", "skipped")


def announce_start(
    session: Session, issue: IssueView, *, settings: Settings, now: datetime
) -> None:
    """Post that *issue* begins to go out, and to how many."""
    readers = f"{issue.enrolled:,} {'reader' if issue.enrolled == 1 else 'readers'}"
    message = f'{issue.slot}, "{issue.tip_title}", starts going out to {readers}.'
    _post(session, NoticeKind.ISSUE_STARTED, issue, message, settings, now)


def announce_finish(
    session: Session,
    issue: IssueView,
    tally: Tally,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Post that no letter of *issue* waits any more, how they went, and how long."""
    figures = [f"{tally.sent:,} of {tally.total:,} sent"]
    figures += [f"{n:,} {name}" for name in _FIGURES if (n := getattr(tally, name))]
    message = (
        f'{issue.slot}, "{issue.tip_title}", is finished after '
        f"{in_words(now - issue.created_at)}: {', '.join(figures)}."
    )
    if tally.failed or tally.uncertain:
        message += f" Who and why: newsletter issues show {issue.slot}"
    _post(session, NoticeKind.ISSUE_FINISHED, issue, message, settings, now)


def in_words(length: timedelta) -> str:
    """Return a length of time in its two largest units, such as "2 h 5 min"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def _post(
    session: Session,
    kind: NoticeKind,
    issue: IssueView,
    message: str,
    settings: Settings,
    now: datetime,
) -> None:
    if settings.identity.announce_issues:
        # A week whose issue was cancelled may have another; each is its own news.
        notices.post(session, kind, f"{issue.slot} #{issue.id}", message, now=now)
