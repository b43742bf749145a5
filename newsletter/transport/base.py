"""What every transport takes and gives."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from newsletter.outcome import Outcome

# How long one letter may wait for anything to happen before we look again.
PATIENCE_SECONDS = 1.0


class Envelope(NamedTuple):
    """What the relay is told, apart from the message itself.

    Both addresses are as they go over the wire. `smtputf8` says that one of them has a
    local part beyond ASCII, so that the relay must offer that extension.

    Source: RFC 5321 §2.3.1; RFC 6531 §3.1.
    """

    mail_from: str
    rcpt_to: str
    smtputf8: bool = False


class Letter(NamedTuple):
    """An envelope and the message in it: CRLF lines, not dot-stuffed."""

    envelope: Envelope
    message: bytes


class Done(NamedTuple):
    """A letter that needs nothing more, by the key it was started with."""

    key: int
    outcome: Outcome


class Turn(NamedTuple):
    """What a turn of the transport brought, by the letters' keys.

    Attributes:
        ready: letters whose reader the relay took; it waits for the message.
        done: letters that need nothing more.
    """

    ready: list[int]
    done: list[Done]


class Transport(Protocol):
    """Somewhere letters are handed to, several at once, without waiting for each.

    Ask for `room` and `start` so many letters; `turn` tells which are ready and which
    are done. Only `hand_over` lets a letter's message touch the wire, so whoever keeps
    a ledger writes the letter down in between.
    """

    @property
    def trouble(self) -> Outcome | None:
        """Why no letter can start now, nor soon; None when all is well."""

    @property
    def busy(self) -> int:
        """How many letters were started and not yet told of as done."""

    @property
    def width(self) -> int:
        """How many messages can be on the wire at once."""

    def room(self, wanted: int) -> int:
        """Return how many letters may start now, and make more room if it can."""

    def start(self, key: int, letter: Letter) -> None:
        """Begin a letter with its envelope; there must be room."""

    def hand_over(self, key: int) -> None:
        """Let the message of a letter go that was told of as ready."""

    def drop(self, key: int) -> None:
        """Give up a letter that is ready, so that its message never leaves."""

    def turn(self, timeout: float) -> Turn:
        """Wait up to *timeout* seconds for something to happen; tell what did."""

    def close(self) -> None:
        """Say goodbye; the transport may be used again afterwards."""


def send_all(transport: Transport, letters: Sequence[Letter]) -> list[Outcome]:
    """Send letters and wait for their outcomes, which come in the same order.

    For a letter or two beside the ledger; nothing else may be on its way.
    """
    outcomes: dict[int, Outcome] = {}
    started = 0
    while len(outcomes) < len(letters):
        free = letters[started:][: transport.room(len(letters) - started)]
        for key, letter in enumerate(free, start=started):
            transport.start(key, letter)
        started += len(free)
        ready, done = transport.turn(PATIENCE_SECONDS)
        for key in ready:
            transport.hand_over(key)
        outcomes |= dict(done)
        if transport.trouble and not transport.busy:
            missing = set(range(len(letters))) - outcomes.keys()
            outcomes |= dict.fromkeys(missing, transport.trouble)
    return [outcomes[key] for key in sorted(outcomes)]
