"""A connection to the relay is opened here: greeting, EHLO, TLS, login.

All of it blocks and belongs in a thread. What goes wrong is told in a sentence that an
operator can act on, with the step at which it happened.
"""

import contextlib
import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from newsletter.config import Security
from newsletter.outcome import Command, Deferred, Outcome, classify
from newsletter.transport.dialogue import REFUSALS

# The longest wait while a connection is opened: who stops the program waits as long.
OPENING_SECONDS = 60.0
YES = range(200, 300)
NEVER = range(500, 600)
GREETING, HELLO, TLS, LOGIN = "the greeting", "EHLO", "STARTTLS", "the login"
# Where the relay's own words do not say what they answer.
_UNCLEAR = (HELLO, TLS)


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


class NotOpened(OSError):
    """There is no connection; `outcome` is what that means for letters."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def open_smtp(relay: Relay) -> smtplib.SMTP:
    """Connect, greet, protect and log in; blocks for a minute a step at most.

    Raises:
        NotOpened: the relay cannot be reached, its certificate is wrong, or it refuses
            the connection or the login.
    """
    with _at(GREETING, relay):
        smtp = _connect(relay)
    try:
        with _at(HELLO, relay):
            _say_hello(smtp)
        if relay.security is Security.STARTTLS:
            with _at(TLS, relay):
                smtp.starttls(context=_verifying(relay.ca_file))
            with _at(HELLO, relay):
                _say_hello(smtp)
        if relay.username:
            with _at(LOGIN, relay):
                _log_in(smtp, relay)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _connect(relay: Relay) -> smtplib.SMTP:
    where = (relay.host, relay.port, relay.hello_name)
    timeout = min(relay.timeout_seconds, OPENING_SECONDS)
    if relay.security is Security.TLS:
        context = _verifying(relay.ca_file)
        return smtplib.SMTP_SSL(*where, timeout=timeout, context=context)
    return smtplib.SMTP(*where, timeout=timeout)


def _say_hello(smtp: smtplib.SMTP) -> None:
    """Say EHLO, or HELO to a relay that is too old for it.

    `smtplib` says HELO after anything but a yes. Only a 5yz means that EHLO is unknown;
    after a 4yz or no SMTP at all we would go on without what the relay offers.

    Source: RFC 5321 §3.2, §4.1.4.
    """
    code, words = smtp.ehlo()
    if code in NEVER:
        code, words = smtp.helo()
    if code not in YES:
        raise smtplib.SMTPHeloError(code, words)


def _verifying(ca_file: Path | None) -> ssl.SSLContext:
    return _context(ca_file, hour=int(time.time()) // 3_600)


@lru_cache(maxsize=2)
def _context(ca_file: Path | None, *, hour: int) -> ssl.SSLContext:  # noqa: ARG001
    """Return a context that verifies certificates, read anew every hour.

    Reading them takes 20 ms, which fifty connections would pay fifty times.
    """
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def _log_in(smtp: smtplib.SMTP, relay: Relay) -> None:
    if not (relay.username + relay.password).isascii():
        # smtplib cannot encode them; its own error is none of SMTP.
        words = b"5.7.8 smtp.username and smtp.password must be ASCII"
        raise smtplib.SMTPAuthenticationError(535, words)
    smtp.login(relay.username, relay.password)


@contextlib.contextmanager
def _at(step: str, relay: Relay) -> Iterator[None]:
    """Turn whatever goes wrong at a step into one kind of error."""
    try:
        yield
    # A ValueError is what smtplib makes of words that nobody could foresee.
    except (OSError, ValueError) as error:
        command = Command.LOGIN if step == LOGIN else Command.CONNECT
        if isinstance(error, smtplib.SMTPResponseException):
            outcome = _answered(error, step, command)
        else:
            outcome = Deferred(None, _reason(error, step, relay), command)
        raise NotOpened(outcome) from error


def _answered(
    error: smtplib.SMTPResponseException, step: str, command: Command
) -> Outcome:
    """Return what an answer means that is no yes."""
    words = error.smtp_error
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    text = " ".join(text.split())
    if error.smtp_code in REFUSALS:
        where = f" (at {step})" if step in _UNCLEAR else ""
        return classify(error.smtp_code, text + where, command=command)
    # smtplib has dropped what stood where the code should be.
    said = f"{error.smtp_code} {text}" if error.smtp_code > 0 else f"…{text}"
    reason = f"the relay does not speak SMTP: it answered {said!r} at {step}"
    return Deferred(None, reason, command)


def _reason(error: Exception, step: str, relay: Relay) -> str:
    """Say in a line why there is no connection, and what to look at."""
    timed_out = (error, error.__context__)
    if any(isinstance(each, TimeoutError) for each in timed_out):
        return f"{relay.name} did not answer in time at {step}"
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"{relay.name} shows no good certificate: {error.verify_message}. "
                "Authorities of your own belong into smtp.ca_file"
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ConnectionResetError():
            return f"{relay.name} closed the connection at {step}"
        case smtplib.SMTPServerDisconnected():
            return f"{relay.name} closed the connection at {step}"
        case ssl.SSLError():
            return (
                f"{relay.name} does not speak TLS where it must ({error.reason}). "
                "smtp.security and smtp.port must fit together"
            )
        case smtplib.SMTPNotSupportedError() if step == TLS:
            return f"{relay.name} offers no STARTTLS, and nothing is sent in the clear"
        case smtplib.SMTPNotSupportedError():
            return f"{relay.name} offers no login, and smtp.username is set"
        case smtplib.SMTPException() if step == LOGIN:
            return f"{relay.name} offers no way to log in that we know: {error}"
        case ValueError():
            return f"{relay.name} cannot be understood at {step}: {error}"
    return f"{relay.name} cannot be reached: {error}"
