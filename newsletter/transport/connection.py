"""One connection to the relay: opened by `smtplib`, then fed letters without blocking.

Opening (greeting, TLS, EHLO, login) blocks and belongs in a thread; afterwards the
socket never blocks, and a loop tells the connection when there is something to read or
room to write.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE
from socket import socket

from newsletter.config import Security
from newsletter.outcome import Command, Outcome
from newsletter.transport.base import Letter
from newsletter.transport.dialogue import Dialogue, Features
from newsletter.transport.replies import NotSmtp, ReplyReader

READ_AT_ONCE = 65_536
# How long each step may take, in seconds (RFC 5321 §4.5.3.2).
PATIENCE = {Command.MAIL: 300.0, Command.RCPT: 300.0, Command.DATA: 120.0}
PATIENCE_FOR_THE_MESSAGE = 600.0
# A goodbye is a courtesy; nobody waits long for its answer.
GOODBYE_SECONDS = 2.0
# The longest wait while a connection is opened: who stops the program waits as long.
OPENING_SECONDS = 60.0


@dataclass(frozen=True)
class Relay:
    """Where the relay is and how to talk to it; `timeout_seconds` is for each reply."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = ""
    ca_file: Path | None = None
    hello_name: str | None = None
    timeout_seconds: float = 300.0
    connections: int = 1

    @property
    def name(self) -> str:
        """The relay as logs and errors call it."""
        return f"{self.host}:{self.port}"


class Connection:
    """An open connection and the letter that is on it, if any.

    Args:
        smtp: as `open_smtp` returns it.
        patience: the longest wait for any reply, in seconds.

    Attributes:
        deadline: when the wait for the next reply ends, on a monotonic clock.
        untouched: a letter that must start afresh elsewhere: the relay closed a
            connection that was idle for minutes, or had carried enough letters.
    """

    def __init__(self, smtp: smtplib.SMTP, *, patience: float) -> None:
        self._smtp = smtp
        self._features = _features(smtp)
        self._patience = patience
        self._reader = ReplyReader()
        self._unwritten = memoryview(b"")
        self._dialogue: Dialogue | None = None
        self._leaves_open = False
        self._wants_write = False
        self._waited_for = EVENT_READ
        self._carried = 0
        self.deadline = 0.0
        self.is_open = True
        self.untouched: Letter | None = None
        self.socket.setblocking(False)
        self.fileno = self.socket.fileno()

    @property
    def socket(self) -> socket:
        """The socket, to wait for."""
        sock: socket | None = self._smtp.sock
        if sock is None:
            raise ValueError("the connection is closed")
        return sock

    @property
    def is_idle(self) -> bool:
        """Tell whether a letter may start."""
        return self.is_open and self._dialogue is None

    @property
    def has_carried(self) -> bool:
        """Tell whether a letter was answered on it, whatever the answer was."""
        return self._carried > 0

    def new_events(self) -> int | None:
        """Return what to wait for from now on, if that has changed."""
        events = EVENT_READ | (EVENT_WRITE if self._wants_write else 0)
        if events == self._waited_for:
            return None
        self._waited_for = events
        return events

    def start(self, letter: Letter, *, now: float) -> Outcome | None:
        """Begin a letter; its outcome at once when it cannot be sent here."""
        dialogue = Dialogue(letter, self._features, reset=self._leaves_open)
        words = dialogue.begin()
        if dialogue.outcome:
            return dialogue.outcome
        self._dialogue = dialogue
        return self._guarded(lambda: self._write(words), now)

    def ready(self, *, now: float) -> Outcome | None:
        """Read and write what can be; the outcome when the letter is done."""
        return self._guarded(self._exchange, now)

    def expire(self) -> Outcome | None:
        """End the connection, since the relay was silent for too long."""
        return self._lose("the relay did not answer in time")

    def close(self) -> None:
        """Say QUIT, unless a letter is on its way, and hang up."""
        if self.is_idle:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self.socket.settimeout(GOODBYE_SECONDS)
                self._smtp.quit()
        if self.is_open:
            self._hang_up()

    def _guarded(self, act: Callable[[], None], now: float) -> Outcome | None:
        """Do something with the socket; what breaks it ends the letter."""
        try:
            act()
        except NotSmtp as error:
            if self._dialogue is not None:
                # It did not leave before the letter came, whatever it is saying.
                self._dialogue.was_heard = True
            return self._lose(str(error))
        except OSError as error:
            return self._lose(str(error) or type(error).__name__)
        return self._finish(now)

    def _exchange(self) -> None:
        self._flush()
        while True:
            try:
                data = self.socket.recv(READ_AT_ONCE)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except ssl.SSLWantWriteError:
                self._wants_write = True
                return
            if not data:
                raise ConnectionResetError("the relay closed the connection")
            self._hear(data)
            # Without TLS one read takes all that is there; a second would only say so.
            if len(data) < READ_AT_ONCE and not isinstance(self.socket, ssl.SSLSocket):
                return

    def _hear(self, data: bytes) -> None:
        words = b""
        for reply in self._reader.feed(data):
            dialogue = self._dialogue
            # What stands behind a reply that we have yet to answer was not asked for.
            if dialogue is None or dialogue.outcome is not None or words:
                self._unwritten = memoryview(words)
                said = f"{reply.code} {reply.text}"
                raise NotSmtp(f"the relay answered what nobody asked: {said}")
            words = dialogue.hear(reply)
        if words:
            self._write(words)

    def _write(self, words: bytes) -> None:
        if self._unwritten:
            words = bytes(self._unwritten) + words
        self._unwritten = memoryview(words)
        self._flush()

    def _flush(self) -> None:
        self._wants_write = False
        while self._unwritten:
            try:
                sent = self.socket.send(self._unwritten)
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wants_write = True
                return
            except ssl.SSLWantReadError:
                return
            self._unwritten = self._unwritten[sent:]

    def _finish(self, now: float) -> Outcome | None:
        """Return the outcome if there is one, and make room for the next letter."""
        dialogue = self._dialogue
        if dialogue is None:
            return None
        if dialogue.outcome is None:
            step = PATIENCE.get(dialogue.waits_for, PATIENCE_FOR_THE_MESSAGE)
            self.deadline = now + min(
                self._patience, PATIENCE_FOR_THE_MESSAGE if dialogue.in_doubt else step
            )
            return None
        self._leaves_open = dialogue.leaves_open
        self._dialogue = None
        if dialogue.closing:
            self._hang_up()
            if self._carried and dialogue.was_turned_away:
                self.untouched = dialogue.letter
                return None
        else:
            self._carried += 1
        return dialogue.outcome

    def _lose(self, reason: str) -> Outcome | None:
        dialogue, self._dialogue = self._dialogue, None
        all_written = not self._unwritten
        self._hang_up()
        if dialogue is None or dialogue.outcome is not None:
            return dialogue.outcome if dialogue else None
        if self._carried and not dialogue.was_heard:
            self.untouched = dialogue.letter
            return None
        return dialogue.broken(reason, all_written=all_written)

    def _hang_up(self) -> None:
        self.is_open = False
        self._smtp.close()


def open_smtp(relay: Relay) -> smtplib.SMTP:
    """Connect, greet, protect and log in; blocks for a minute a step at most.

    Raises:
        OSError: the relay cannot be reached, or its certificate is wrong.
        smtplib.SMTPException: it refuses the connection or the login.
    """
    context = ssl.create_default_context(
        cafile=str(relay.ca_file) if relay.ca_file else None
    )
    where = (relay.host, relay.port, relay.hello_name)
    timeout = min(relay.timeout_seconds, OPENING_SECONDS)
    if relay.security is Security.TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(*where, timeout=timeout)
    try:
        if relay.security is Security.STARTTLS:
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if relay.username:
            _log_in(smtp, relay)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _log_in(smtp: smtplib.SMTP, relay: Relay) -> None:
    if not (relay.username + relay.password).isascii():
        # smtplib cannot encode them; its own error is none of SMTP.
        words = b"5.7.8 smtp.username and smtp.password must be ASCII"
        raise smtplib.SMTPAuthenticationError(535, words)
    smtp.login(relay.username, relay.password)


def _features(smtp: smtplib.SMTP) -> Features:
    size = str(smtp.esmtp_features.get("size", "")).strip()
    return Features(
        pipelining=bool(smtp.has_extn("pipelining")),
        smtputf8=bool(smtp.has_extn("smtputf8")),
        size=bool(smtp.has_extn("size")),
        largest=int(size) if size.isdigit() else 0,
    )
