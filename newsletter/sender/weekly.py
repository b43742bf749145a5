"""One round of the main job, and the operator's way to end an issue."""

import logging
from collections.abc import Callable

from newsletter import archive, db, fence, issues, ledger, notices, privacy
from newsletter.errors import (
    ConfigError,
    DatabaseProblem,
    Fenced,
    IssueRefused,
    NewsletterError,
)
from newsletter.issues import IssueView
from newsletter.sender.delivering import deliver
from newsletter.sender.desk import Desk
from newsletter.sender.opening import open_due
from newsletter.sender.operator import tell_operator
from newsletter.sender.posting import send_waiting, tidy
from newsletter.sender.taking_up import free
from newsletter.slots import Slot
from newsletter.tables import NoticeKind
from subscribers.hashing import AddressHasher

log = logging.getLogger(__name__)

LONGEST_KEY = 200

Forward = Callable[[Desk, IssueView], object]


def tick(desk: Desk, *, forward: Forward = deliver) -> None:
    """Open the week if it is due, send what is due, and bring notices out.

    Automatic letters go before and after the issue, and who never confirmed is
    reminded, or forgotten.

    A tip that cannot be opened keeps nothing else from going out.

    Args:
        desk: the process's tools.
        forward: brings an issue that is going out further; by sending it, unless other
            machines do.

    Raises:
        Fenced: this database is not the live one; nothing at all goes out.
    """
    try:
        open_due(desk)
    except (Fenced, DatabaseProblem):
        # It can keep no notice, or must not; the next round tries again.
        raise
    except (NewsletterError, ConfigError) as error:
        _report_the_start(desk, error)
    _clear_up(desk)
    tidy(desk)
    _erase_overdue(desk)
    # Before the issue, which may take hours, and after it.
    tell_operator(desk)
    send_waiting(desk)
    with db.transaction(desk.engine) as session:
        going_out = issues.sending(session)
    for issue in going_out:
        if desk.stop.is_set():
            return
        forward(desk, issue)
    tell_operator(desk)
    send_waiting(desk)


def _clear_up(desk: Desk) -> None:
    """End the letters of cancelled issues that a killed process had in hand."""
    with db.transaction(desk.engine) as session:
        for issue_id in ledger.left_open(session):
            free(desk, session, issue_id)
            ledger.withdraw(session, issue_id)
            archive.settle(session, issues.get(session, issue_id).tip_id)


def _erase_overdue(desk: Desk) -> None:
    """Erase a handful of those who left longer ago than people are kept.

    Raises:
        Fenced: this database is not the live one; nobody is erased.
    """
    kept = desk.config.settings.privacy.keeps_left
    if kept is None:
        return
    now = desk.clock()
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        erased = privacy.erase_overdue(
            session,
            before=now - kept,
            hasher=AddressHasher(desk.config.secrets),
            now=now,
        )
    if erased:
        log.info("people who left were erased", extra={"people": erased})


def _report_the_start(desk: Desk, error: Exception) -> None:
    """Tell the operator, once for each week and reason, why it does not begin."""
    now = desk.clock()
    slot = desk.timetable.latest(now)
    hours = desk.config.settings.schedule.catch_up_hours
    message = (
        f"The tip of {slot} cannot go out: {error} It goes out by itself once that is "
        f"mended, within {hours:g} hours of its moment."
    )
    with db.transaction(desk.engine) as session:
        key = f"{slot} {error}"[:LONGEST_KEY]
        notices.post(session, NoticeKind.CANNOT_START, key, message, now=now)


def resend(desk: Desk, slot: Slot) -> tuple[IssueView, int]:
    """Send the letters of an issue whose outcome is unknown once more.

    Returns:
        The issue, going out again, and how many letters that is.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: no letter of it is in doubt.
    """
    with db.transaction(desk.engine) as session:
        issue = issues.find(session, slot)
        issues.lock(session, issue.id)
        letters = ledger.resend_held(session, issue.id, now=desk.clock())
        if not letters:
            reason = "none of its letters is in doubt."
            raise IssueRefused(slot=str(slot), reason=reason)
        return issues.reopen(session, slot), letters


def cancel(desk: Desk, slot: Slot) -> tuple[IssueView, int]:
    """End an issue for good and withdraw what never left.

    Returns:
        The issue, and how many letters were withdrawn.

    Raises:
        UnknownIssue: there is none for *slot*.
        IssueRefused: it is already over.
    """
    with db.transaction(desk.engine) as session:
        issue = issues.cancel(session, slot, now=desk.clock())
        withdrawn = ledger.withdraw(session, issue.id)
        archive.settle(session, issue.tip_id)
    if desk.allowance.paces:
        desk.allowance.take_back_places()
    return issue, withdrawn
