"""What every transport takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from newsletter.outcome import Outcome

# How long one letter may wait for anything to happen before we look again.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Envelope:
    """What the relay is told, apart from the message itself.

    Both addresses are as they go over the wire. `smtputf8` says that one of them has a
    local part beyond ASCII, so that the relay must offer that extension.

    Source: RFC 5321 §2.3.1; RFC 6531 §3.1.
    """

    mail_from: str
    rcpt_to: str
    smtputf8: bool = False


@dataclass(frozen=True)
class Letter:
    """An envelope and the message in it: CRLF lines, not dot-stuffed."""

    envelope: Envelope
    message: bytes


class Done(NamedTuple):
    """A letter that needs nothing more, by the key it was started with."""

    key: int
    outcome: Outcome


class Transport(Protocol):
    """Somewhere letters are handed to, several at once, without waiting for each.

    Ask for `room`, `start` so many letters, and call `turn` until they are done.
    """

    @property
    def trouble(self) -> Outcome | None:
        """Why no letter can start now, nor soon; None when all is well."""

    @property
    def busy(self) -> int:
        """How many letters were started and not yet told of by `turn`."""

    def room(self, wanted: int) -> int:
        """Return how many letters may start now, and make more room if it can."""

    def start(self, key: int, letter: Letter) -> None:
        """Begin a letter; there must be room."""

    def turn(self, timeout: float) -> list[Done]:
        """Wait up to *timeout* seconds for something to happen; return what is done."""

    def close(self) -> None:
        """Say goodbye; the transport may be used again afterwards."""


def send_all(transport: Transport, letters: Sequence[Letter]) -> list[Outcome]:
    """Send letters and wait for their outcomes, which come in the same order.

    For a letter or two beside the ledger; nothing else may be on its way.
    """
    outcomes: dict[int, Outcome] = {}
    started = 0
    while len(outcomes) < len(letters):
        ready = letters[started:][: transport.room(len(letters) - started)]
        for key, letter in enumerate(ready, start=started):
            transport.start(key, letter)
        started += len(ready)
        outcomes |= dict(transport.turn(PATIENCE_SECONDS))
        if transport.trouble and not transport.busy:
            missing = set(range(len(letters))) - outcomes.keys()
            outcomes |= dict.fromkeys(missing, transport.trouble)
    return [outcomes[key] for key in sorted(outcomes)]
