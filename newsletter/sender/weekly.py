"""One round of the main job, and the operator's way to end an issue."""

from newsletter import db, issues, ledger
from newsletter.issues import IssueView
from newsletter.sender.delivering import deliver
from newsletter.sender.desk import Desk
from newsletter.sender.opening import open_due
from newsletter.sender.operator import tell_operator
from newsletter.slots import Slot


def tick(desk: Desk) -> None:
    """Open the week if it is due, send what is due, and bring notices out."""
    open_due(desk)
    with db.transaction(desk.engine) as session:
        going_out = issues.sending(session)
    for issue in going_out:
        if desk.stop.is_set():
            return
        deliver(desk, issue)
    tell_operator(desk)


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
        return issue, ledger.withdraw(session, issue.id)
