"""A folder on an IMAP server: the unread mail in it that speaks of unsubscribing.

Everything else is never asked for, and what is asked for stays unread (PEEK). Every
answer has a time-out. What goes wrong is told in a sentence that an operator can act
on, with the step at which it happened.
"""

import contextlib
import imaplib
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imap_tools import AND, BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError

from newsletter.config import Security
from newsletter.errors import MailboxProblem
from newsletter.mailbox.base import HEAD_OCTETS, Mail

_CONNECTION, _TLS, _LOGIN = "the connection", "STARTTLS", "the login"
_FOLDER, _SEARCH, _FETCH, _STORE = "SELECT", "SEARCH", "FETCH", "STORE"
_WANTED = AND(seen=False, subject="unsubscribe")
_HEAD = f"(BODY.PEEK[HEADER]<0.{HEAD_OCTETS}>)"
# Whatever the server says, imaplib and imap_tools answer with one of these.
_TROUBLES = (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError)


@dataclass(frozen=True)
class ImapAccount:
    """Where the folder is and how to get in; `timeout_seconds` is for each answer."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    folder: str
    ca_file: Path | None = None
    timeout_seconds: float = 20.0

    @property
    def name(self) -> str:
        """The mailbox as logs and errors call it."""
        return f"{self.folder} at {self.host}:{self.port}"


class ImapMailbox:
    """The mailbox of an account; each opening is a connection of its own."""

    def __init__(self, account: ImapAccount) -> None:
        self._account = account

    @property
    def name(self) -> str:
        """The mailbox as logs and errors call it."""
        return self._account.name

    @contextmanager
    def open(self) -> Iterator["_OpenFolder"]:
        """Connect, protect, log in and choose the folder, for the time of a block.

        Raises:
            MailboxProblem: the server cannot be reached, its certificate is wrong, or
                it refuses the login or the folder.
        """
        account = self._account
        with _at(_CONNECTION, account):
            box = _connect(account)
        try:
            if account.security is Security.STARTTLS:
                with _at(_TLS, account):
                    box.client.starttls(_verifying(account))
            with _at(_LOGIN, account):
                _log_in(box, account)
            with _at(_FOLDER, account):
                box.folder.set(account.folder)
            yield _OpenFolder(box, account)
            # After a trouble nobody waits for a goodbye.
            with contextlib.suppress(*_TROUBLES):
                box.logout()
        finally:
            with contextlib.suppress(OSError):
                box.client.shutdown()


class _OpenFolder:
    """A folder that was chosen, on an open connection."""

    def __init__(self, box: BaseMailBox, account: ImapAccount) -> None:
        self._box = box
        self._account = account

    def unread(self, *, after: str, limit: int) -> list[Mail]:
        """Return unread mail with "unsubscribe" in its Subject, in order of arrival."""
        with _at(_SEARCH, self._account):
            # Numbers alone, and without a charset: some servers refuse to be told one.
            found = sorted(int(uid) for uid in self._box.uids(_WANTED, charset=None))
        rest = [uid for uid in found if uid > int(after or 0)]
        with _at(_FETCH, self._account):
            heads = ((uid, self._head(uid)) for uid in rest[:limit])
            return [Mail(str(uid), head) for uid, head in heads if head]

    def mark_seen(self, keys: Collection[str]) -> None:
        """Set the flag of mail that was read.

        By STORE itself: `imap_tools` would remove for good whatever the owner of the
        mailbox has marked as deleted.
        """
        if keys:
            with _at(_STORE, self._account):
                self._command("STORE", ",".join(keys), "+FLAGS.SILENT", "(\\Seen)")

    def _head(self, uid: int) -> bytes:
        """Return the headers of a mail; nothing when it is gone."""
        answer = self._command("FETCH", str(uid), _HEAD)
        return next((part[1] for part in answer if isinstance(part, tuple)), b"")

    def _command(self, *words: str) -> list[bytes | tuple[bytes, bytes]]:
        result = self._box.client.uid(*words)
        if result[0] != "OK":
            raise UnexpectedCommandStatusError(result, "OK")
        return result[1]


def _connect(account: ImapAccount) -> BaseMailBox:
    where = (account.host, account.port, account.timeout_seconds)
    if account.security is Security.TLS:
        return MailBox(*where, ssl_context=_verifying(account))
    return MailBoxUnencrypted(*where)


def _verifying(account: ImapAccount) -> ssl.SSLContext:
    ca_file = str(account.ca_file) if account.ca_file else None
    return ssl.create_default_context(cafile=ca_file)


def _log_in(box: BaseMailBox, account: ImapAccount) -> None:
    who = (account.username, account.password)
    # LOGIN has no characters beyond ASCII (RFC 3501 §6.2.3).
    log_in = box.login if "".join(who).isascii() else box.login_utf8
    log_in(*who, initial_folder=None)


@contextmanager
def _at(step: str, account: ImapAccount) -> Iterator[None]:
    """Turn whatever goes wrong at a step into one kind of error."""
    try:
        yield
    except _TROUBLES as error:
        reason = _reason(error, step)
        raise MailboxProblem(mailbox=account.name, reason=reason) from error


def _reason(error: Exception, step: str) -> str:
    """Say in a line what went wrong, and what to look at."""
    match error:
        case TimeoutError():
            return f"the server did not answer in time at {step}"
        case ssl.SSLCertVerificationError():
            return (
                f"the server shows no good certificate: {error.verify_message}. "
                "Authorities of your own belong into mailbox.ca_file"
            )
        case ssl.SSLEOFError() | ConnectionResetError() | BrokenPipeError():
            return f"the server closed the connection at {step}"
        case imaplib.IMAP4.abort() if "EOF" in str(error):
            return f"the server closed the connection at {step}"
        case ssl.SSLError():
            return (
                f"the server does not speak TLS where it must ({error.reason}). "
                "mailbox.security and mailbox.port must fit together"
            )
        case OSError() if step == _CONNECTION:
            return str(error)
        case UnexpectedCommandStatusError():
            return f"the server refuses {step}: {_said(error.command_result[1])}"
    return f"{step} failed: {error}"


def _said(words: object) -> str:
    """Return what the server said, on a line."""
    parts = words if isinstance(words, list) else [words]
    texts = (
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
        for part in parts
    )
    return " ".join(" ".join(texts).split())
