"""Hand letters to an SMTP relay, one connection for many letters.

`smtplib` speaks the protocol; what each reply means is decided in `newsletter.outcome`.
Letters that may be on the wire at once each have a connection, and a thread while they
are sent; the threads touch nothing but the wire.
"""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from newsletter.config import Security
from newsletter.outcome import Command, Deferred, Outcome, Rejected, Uncertain, classify
from newsletter.transport.base import Letter

YES = range(200, 400)
TAKEN = range(200, 300)
REFUSALS = range(400, 600)
READY_FOR_DATA = 354
CLOSING = 421


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


class SmtpTransport:
    """A relay, with up to `connections` connections that stay open between letters."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.width = relay.connections
        self._lines = [_Line(relay) for _ in range(relay.connections)]
        self._threads: ThreadPoolExecutor | None = None

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Send each letter on a connection of its own, all at once."""
        if len(letters) == 1:
            return [self._lines[0].send(letters[0])]
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.width, "smtp")
        return list(self._threads.map(_send_on, self._lines, letters))

    def close(self) -> None:
        """Say QUIT on every connection."""
        for line in self._lines:
            line.close()
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def check(self) -> None:
        """Connect and log in, to see that the relay would let us.

        Raises:
            OSError: the relay cannot be reached, or refuses the connection or login;
                `smtplib.SMTPException` is one, too.
        """
        self._lines[0].open()
        self.close()


def _send_on(line: "_Line", letter: Letter) -> Outcome:
    return line.send(letter)


class _Line:
    """One connection: opened when first needed, reopened when the relay closed it."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._smtp: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> Outcome:
        """Send one letter and return what the relay said."""
        was_open = self._smtp is not None
        outcome = self._send(letter)
        if was_open and self._smtp is None and _broke_at_mail(outcome):
            # Relays close a connection that was idle for some minutes, or has carried
            # enough letters; nothing of this letter was said yet.
            outcome = self._send(letter)
        return outcome

    def _send(self, letter: Letter) -> Outcome:
        try:
            smtp = self.open()
        except smtplib.SMTPAuthenticationError as error:
            return _refusal(error.smtp_code, error.smtp_error, Command.LOGIN)
        except (OSError, smtplib.SMTPException) as error:
            reason = f"{self._relay.name} cannot be reached: {error}"
            return Deferred(None, reason, Command.CONNECT)
        return self._transact(smtp, letter)

    def open(self) -> smtplib.SMTP:
        """Return the open connection, after greeting, TLS and login."""
        if self._smtp is not None:
            return self._smtp
        relay = self._relay
        context = _tls_context(relay.ca_file)
        if relay.security is Security.TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host,
                relay.port,
                relay.hello_name,
                timeout=relay.timeout_seconds,
                context=context,
            )
        else:
            smtp = smtplib.SMTP(
                relay.host, relay.port, relay.hello_name, relay.timeout_seconds
            )
        try:
            if relay.security is Security.STARTTLS:
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if relay.username:
                _log_in(smtp, relay)
        except BaseException:
            smtp.close()
            raise
        self._smtp = smtp
        return smtp

    def close(self) -> None:
        """Say QUIT, if there is still somebody to hear it."""
        if self._smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
            self._drop()

    def _transact(self, smtp: smtplib.SMTP, letter: Letter) -> Outcome:
        """Walk through MAIL, RCPT and DATA, and stop at the first refusal."""
        envelope = letter.envelope
        if envelope.smtputf8 and not smtp.has_extn("smtputf8"):
            return Rejected(550, "5.6.7 the relay offers no SMTPUTF8", Command.RCPT)
        step = Command.MAIL
        try:
            code, text = smtp.mail(envelope.mail_from, _mail_options(smtp, letter))
            if code in YES:
                step = Command.RCPT
                code, text = smtp.rcpt(envelope.rcpt_to)
            if code in YES:
                step = Command.DATA
                code, text = smtp.docmd("DATA")
            if code != READY_FOR_DATA:
                return self._refused(code, text, step)
            smtp.send(_stuffed(letter.message))
        except (OSError, smtplib.SMTPException) as error:
            # The final dot was not handed over, so the relay has no message.
            self._drop()
            return Deferred(None, f"the connection broke at {step}: {error}", step)
        return self._final_reply(smtp)

    def _final_reply(self, smtp: smtplib.SMTP) -> Outcome:
        try:
            code, text = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Uncertain(f"no answer after the message: {error}")
        if code not in TAKEN and code not in REFUSALS:
            self._drop()
            return Uncertain(f"no clear answer after the message: {code} {text!r}")
        if code == CLOSING:
            self._drop()
        return classify(code, _words(text), command=Command.DATA)

    def _refused(self, code: int, text: bytes, step: Command) -> Outcome:
        """Clear the transaction, so that the next letter starts afresh."""
        if code == CLOSING or code not in REFUSALS:
            self._drop()
        elif self._smtp is not None:
            try:
                self._smtp.rset()
            except (OSError, smtplib.SMTPException):
                self._drop()
        return _refusal(code, text, step)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _broke_at_mail(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred) and outcome.command is Command.MAIL


def _log_in(smtp: smtplib.SMTP, relay: Relay) -> None:
    if not (relay.username + relay.password).isascii():
        # smtplib cannot encode them; its own error is none of SMTP.
        words = b"5.7.8 smtp.username and smtp.password must be ASCII"
        raise smtplib.SMTPAuthenticationError(535, words)
    smtp.login(relay.username, relay.password)


def _refusal(code: int, text: bytes | str, step: Command) -> Outcome:
    """Read a reply that is not the yes we need; a wrong kind of yes is no SMTP."""
    if code in REFUSALS:
        return classify(code, _words(text), command=step)
    words = f"the relay does not speak SMTP: it answered {code} {_words(text)}"
    return Deferred(None, f"{words} at {step}", step)


def _mail_options(smtp: smtplib.SMTP, letter: Letter) -> list[str]:
    """Return the options of MAIL; none when the relay offers nothing of them."""
    options = []
    if smtp.has_extn("size"):
        options.append(f"size={len(letter.message)}")
    if letter.envelope.smtputf8:
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    return options


def _stuffed(message: bytes) -> bytes:
    """Double leading dots and end with the final one (RFC 5321 §4.5.2)."""
    end = b"" if message.endswith(b"\r\n") else b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", message) + end + b".\r\n"


def _words(reply: bytes | str) -> str:
    """Return the text of a reply as one line."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verify chain and name, always (RFC 8314 §3, RFC 7817)."""
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
