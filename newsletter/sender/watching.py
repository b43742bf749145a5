"""A thread that reads the mailbox now and then, beside `newsletter run`.

An issue may take hours, and whoever asks to leave by mail meanwhile must not get it; a
mailbox that does not answer must delay no letter. So neither waits for the other.
"""

import logging

from newsletter import db, notices
from newsletter.errors import MailboxProblem
from newsletter.mailbox import Mailbox
from newsletter.sender.beside import Beside
from newsletter.sender.desk import Desk
from newsletter.sender.inbox import read_mailbox
from newsletter.tables import NoticeKind

log = logging.getLogger(__name__)

UNREAD = "the mailbox was not read"


class Watch(Beside):
    """Reads *mailbox* at once and then at intervals.

    Args:
        desk: another thread may work with it meanwhile.
        look_seconds: how often it reads.
    """

    def __init__(self, desk: Desk, mailbox: Mailbox, *, look_seconds: float) -> None:
        super().__init__(
            desk,
            self._read,
            name="mailbox",
            failed=UNREAD,
            look_seconds=look_seconds,
        )
        self._mailbox = mailbox

    def _read(self) -> None:
        try:
            read_mailbox(self._desk, self._mailbox)
        except MailboxProblem as error:
            self._report(error)

    def _report(self, problem: MailboxProblem) -> None:
        """Say, once a day and not at each look, that mail is not read."""
        now = self._desk.clock()
        key, kind = str(now.date()), NoticeKind.MAILBOX_AWAY
        message = f"{problem} Whoever asks to leave by mail goes on getting letters."
        with db.transaction(self._desk.engine) as session:
            is_new = notices.post(session, kind, key, message, now=now)
        if is_new:
            log.warning(UNREAD, extra={"reason": str(problem)})
