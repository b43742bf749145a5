"""What the relay said of one letter: a value, never an exception.

Pure. Which reply means what is settled here and nowhere else; what follows from it
(retry, fail, pause) is the sender's business.
"""

from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """The step of the SMTP conversation that a reply answers."""

    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"

    @property
    def is_at_the_door(self) -> bool:
        """Tell whether the relay answers it before it hears of any reader."""
        return self in (Command.CONNECT, Command.LOGIN, Command.MAIL)


@dataclass(frozen=True)
class Accepted:
    """The relay answered 250 to the message: it is theirs now."""

    code: int = 250
    reason: str = ""


@dataclass(frozen=True)
class Deferred:
    """Not now, perhaps later (4yz), or the relay could not be reached."""

    code: int | None
    reason: str
    command: Command


@dataclass(frozen=True)
class Rejected:
    """Never (5yz). `ours` tells a refusal of us from a refusal of this reader."""

    code: int
    reason: str
    command: Command

    @property
    def ours(self) -> bool:
        """Tell whether the refusal concerns the sender rather than the reader.

        Only RCPT speaks of the reader, and even there an enhanced status of class
        5.7 (policy) speaks of us.

        Source: RFC 5321 §4.3.2; RFC 3463 §3.8 (x.7: security or policy status).
        """
        return self.command is not Command.RCPT or self.reason.startswith("5.7.")


@dataclass(frozen=True)
class Uncertain:
    """The message was handed over and no answer came; nobody can know (RFC 1047)."""

    reason: str


Outcome = Accepted | Deferred | Rejected | Uncertain

# "Too many recipients" is 552 at some relays although the standard means 452.
_TEMPORARY_AT_RCPT = frozenset({552})


def classify(code: int, reason: str, *, command: Command) -> Outcome:
    """Turn the relay's final reply into an outcome.

    Args:
        code: three-digit reply code, 200-599.
        reason: the reply's text, with its enhanced status first if it has one.
        command: what it answered; 552 is temporary after RCPT, final after DATA.

    Returns:
        Accepted, Deferred or Rejected; never Uncertain, which means "no reply".

    Raises:
        ValueError: *code* is outside 200-599.

    Source: RFC 5321 §4.2.1 (first digit), §4.5.3.1.10 (552).
    """
    if not 200 <= code <= 599:
        raise ValueError(f"{code} is not an SMTP reply code (200-599)")
    if code < 400:
        return Accepted(code, reason)
    if code < 500 or (command is Command.RCPT and code in _TEMPORARY_AT_RCPT):
        return Deferred(code, reason, command)
    return Rejected(code, reason, command)
