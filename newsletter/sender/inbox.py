"""Mail to the newsletter: read the mailbox, take off the list who asked, mark it read.

In this order: a mail is marked after its departure is committed. Killed in between, it
is read once more, and leaving twice changes nothing; so two processes may read at once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter import bounces, db, fence
from newsletter.config import Config, MailboxKind
from newsletter.departing import depart
from newsletter.mailbox import (
    ImapAccount,
    ImapMailbox,
    Mail,
    Mailbox,
    MaildirMailbox,
    OpenMailbox,
)
from newsletter.sender.desk import Desk
from subscribers.errors import BadToken
from subscribers.hashing import AddressHasher
from subscribers.tables import DepartureWay
from subscribers.tokens import Purpose, TokenSigner, TokenSubject

log = logging.getLogger(__name__)

# Mails that are fetched, and then marked, together.
AT_ONCE = 100


@dataclass(frozen=True)
class Reading:
    """What came of reading mail.

    Attributes:
        left: people who were on the list until now.
        before: mails of people who had left before, or are no more.
        waiting: mails that ask to leave without one of our tokens. From is easily
            forged, so only a person can judge them; they stay unread.
    """

    left: int = 0
    before: int = 0
    waiting: int = 0

    def __add__(self, other: "Reading") -> "Reading":
        """Return both together."""
        return Reading(
            self.left + other.left,
            self.before + other.before,
            self.waiting + other.waiting,
        )


def mailbox_of(config: Config) -> Mailbox | None:
    """Return the mailbox that the settings name, if any; nothing is opened yet."""
    section = config.settings.mailbox
    if section.kind is MailboxKind.NONE:
        return None
    if section.kind is MailboxKind.MAILDIR:
        return MaildirMailbox(config.path(section.path))
    return ImapMailbox(
        ImapAccount(
            host=section.host,
            port=section.port,
            security=section.security,
            username=section.username,
            password=section.password.get_secret_value(),
            folder=section.folder,
            ca_file=config.path(section.ca_file) if section.ca_file else None,
            timeout_seconds=section.timeout_seconds,
        )
    )


def read_mailbox(desk: Desk, mailbox: Mailbox) -> Reading:
    """Read all unread mail, and take off the list who asks for it by their token.

    Raises:
        MailboxProblem: the mailbox cannot be read or marked; what was read is kept.
        Fenced: this database is not the live one; nobody is taken off, nothing marked.
    """
    read = Reading()
    with mailbox.open() as opened:
        last = ""
        while not desk.stop.is_set():
            mails = opened.unread(after=last, limit=AT_ONCE)
            if not mails:
                break
            read += _take(desk, opened, mails)
            last = mails[-1].key
    if read.left:
        log.info("people left by mail", extra={"people": read.left})
    return read


def take_mail(desk: Desk, mail: bytes) -> Reading:
    """Take off the list who asks for it with one mail.

    Raises:
        Fenced: this database is not the live one; nobody is taken off.
    """
    wish = bounces.read(mail)
    if wish is None:
        return Reading()
    who = _whose(desk, wish)
    if who is None:
        return Reading(waiting=1)
    now = desk.clock()
    # One at a time, like a click: whoever sends meanwhile waits for nothing longer.
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        left = depart(
            session,
            who,
            way=DepartureWay.MAIL,
            settings=desk.config.settings,
            hasher=AddressHasher(desk.config.secrets),
            now=now,
        )
    return Reading(left=1) if left.changed else Reading(before=1)


def _take(desk: Desk, opened: OpenMailbox, mails: Sequence[Mail]) -> Reading:
    """Take some mails, and mark those that are dealt with."""
    read = Reading()
    done: list[str] = []
    for mail in mails:
        taken = take_mail(desk, mail.head)
        if taken.left or taken.before:
            done.append(mail.key)
        read += taken
    opened.mark_seen(done)
    return read


def _whose(desk: Desk, wish: bounces.WishToLeave) -> TokenSubject | None:
    """Return whose token it is; None when it is none of ours."""
    try:
        signer = TokenSigner(desk.config.secrets)
        return signer.verify(Purpose.UNSUBSCRIBE, wish.token)
    except BadToken:
        return None
