"""What the relay said of one letter: a value, never an exception.

Pure. Which reply means what is settled here and nowhere else; what follows from it
(retry, fail, pause) is the sender's business.
"""

import re
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

    @property
    def is_relay_away(self) -> bool:
        """Tell whether the relay could not be reached, or let nobody in for now."""
        return self.command in (Command.CONNECT, Command.LOGIN)

    @property
    def is_closing(self) -> bool:
        """Tell whether the relay said that it hangs up."""
        return self.code == CLOSING

    @property
    def is_too_fast(self) -> bool:
        """Tell whether the relay, or a reader's host behind it, asks to go slower.

        Greylisting has the same status, and only wants to see us again. A relay that is
        away is asked ever more seldom as it is.

        Source: RFC 5321 §3.8 (421); RFC 3463 §3.8 (x.7.x, policy), with which large
        hosts limit rates: Gmail 4.7.28, Outlook 4.7.650, Postfix 4.7.1.
        """
        if self.is_relay_away or _GREYLISTED.search(self.reason):
            return False
        return self.is_closing or bool(_POLICY.match(self.reason))


class Blame(StrEnum):
    """Whom a lasting refusal (5yz) speaks of."""

    PERSON = "nobody has this address"
    READER = "something else about this reader"
    US = "the sender, the message, or everything"


@dataclass(frozen=True)
class Rejected:
    """Never (5yz). `ours` tells a refusal of us from a refusal of this reader."""

    code: int
    reason: str
    command: Command

    @property
    def ours(self) -> bool:
        """Tell whether the refusal concerns the sender rather than the reader."""
        return blame(self.code, self.reason, command=self.command) is Blame.US

    @property
    def is_no_such_person(self) -> bool:
        """Tell whether nobody has the address: a bounce that counts."""
        return blame(self.code, self.reason, command=self.command) is Blame.PERSON


@dataclass(frozen=True)
class Uncertain:
    """The message was handed over and no answer came; nobody can know (RFC 1047)."""

    reason: str


Outcome = Accepted | Deferred | Rejected | Uncertain

CLOSING = 421
_POLICY = re.compile(r"4\.7\.\d")
_GREYLISTED = re.compile(r"gr[ae]y-?list", re.IGNORECASE)
# Enhanced statuses by subject and detail, behind the class 5.
_STATUS = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\S)")
# Bad mailbox, host, syntax; moved without a trace; null MX; switched off.
_NO_SUCH_PERSON = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
# Their host takes no address, or no header, beyond ASCII (RFC 6531 §3.4).
_BEYOND_ASCII = frozenset({(6, 7), (6, 8), (6, 9), (6, 10)})
# The sender's own address; a message that is too long, for a mailbox or a host.
_BAD_SENDER = frozenset({(1, 7), (1, 8)})
_TOO_LONG = frozenset({(2, 3), (3, 4)})
# "Other or undefined": the code says more.
_SAYS_NOTHING = frozenset({(0, 0), (1, 0), (5, 0)})
_ADDRESS, _MAILBOX, _ROUTE = 1, 2, 4
_CODES_OF_A_PERSON = frozenset({550, 551, 553, 556})
TOO_MUCH = 552


def blame(code: int, reason: str, *, command: Command) -> Blame:
    """Say whom a lasting refusal speaks of.

    Only a reply that names an address, a mailbox or a way to it speaks of the reader.
    Any other does not, so that no reader is failed for what is wrong with us.

    Args:
        code: 500-599.
        reason: the reply's text, with its enhanced status first if it has one.
        command: what it answered; there is one RCPT a letter, so that even the reply
            to the message can speak of its reader.

    Source: RFC 5321 §4.2.3 and §4.3.2; RFC 3463 §3; RFC 7505 §4.1; and what large
    hosts say: Outlook.com refuses unknown people with 550 5.5.0, Exchange with 5.4.1.
    """
    if command.is_at_the_door:
        return Blame.US
    status = _status(reason)
    if status in _NO_SUCH_PERSON:
        return Blame.PERSON
    if status in _BAD_SENDER | _TOO_LONG:
        return Blame.US
    if status in _BEYOND_ASCII or (status and status[0] in (_MAILBOX, _ROUTE)):
        return Blame.READER
    if command is Command.DATA:
        return Blame.US
    if status is None or status in _SAYS_NOTHING:
        return Blame.PERSON if code in _CODES_OF_A_PERSON else Blame.US
    return Blame.READER if status[0] == _ADDRESS else Blame.US


def _status(reason: str) -> tuple[int, int] | None:
    found = _STATUS.match(reason)
    return (int(found[1]), int(found[2])) if found else None


def classify(code: int, reason: str, *, command: Command) -> Outcome:
    """Turn the relay's final reply into an outcome.

    Args:
        code: three-digit reply code, 200-599.
        reason: the reply's text, with its enhanced status first if it has one.
        command: what it answered; 552 after RCPT means "too many", which passes,
            unless its status says that the message is too long.

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
    # "Too many recipients" is 552 at some relays although the standard means 452.
    too_many = code == TOO_MUCH and command is Command.RCPT
    if code < 500 or (too_many and _status(reason) not in _TOO_LONG):
        return Deferred(code, reason, command)
    return Rejected(code, reason, command)
