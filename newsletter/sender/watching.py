"""A thread that reads the mailbox now and then, beside `newsletter run`.

An issue may take hours, and whoever asks to leave by mail meanwhile must not get it; a
mailbox that does not answer must delay no letter. So neither waits for the other.
"""

import logging
from threading import Thread
from types import TracebackType

from newsletter import db, notices
from newsletter.errors import DatabaseProblem, Fenced, MailboxProblem
from newsletter.mailbox import Mailbox
from newsletter.sender.desk import Desk
from newsletter.sender.inbox import read_mailbox
from newsletter.tables import NoticeKind

log = logging.getLogger(__name__)

UNREAD = "the mailbox was not read"


class Watch:
    """Reads *mailbox* at once and then at intervals, until its block or the desk ends.

    Args:
        desk: another thread may work with it meanwhile.
        look_seconds: how often it reads.
    """

    def __init__(self, desk: Desk, mailbox: Mailbox, *, look_seconds: float) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._look_seconds = look_seconds
        self._was_fenced = False
        self._thread = Thread(target=self._run, name="mailbox", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._desk.stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._desk.stop.is_set():
            self._look()
            self._desk.stop.wait(self._look_seconds)

    def _look(self) -> None:
        try:
            try:
                read_mailbox(self._desk, self._mailbox)
            except MailboxProblem as error:
                self._report(error)
            self._was_fenced = False
        except Fenced as error:
            if not self._was_fenced:
                log.error(UNREAD, extra={"reason": str(error)})
            self._was_fenced = True
        except DatabaseProblem as error:
            log.error(UNREAD, extra={"reason": str(error)})
        except Exception:
            log.exception(UNREAD)

    def _report(self, problem: MailboxProblem) -> None:
        """Say, once a day and not at each look, that mail is not read."""
        now = self._desk.clock()
        key, kind = str(now.date()), NoticeKind.MAILBOX_AWAY
        message = f"{problem} Whoever asks to leave by mail goes on getting letters."
        with db.transaction(self._desk.engine) as session:
            is_new = notices.post(session, kind, key, message, now=now)
        if is_new:
            log.warning(UNREAD, extra={"reason": str(problem)})
