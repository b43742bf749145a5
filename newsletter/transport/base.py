"""What every transport takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from newsletter.outcome import Outcome


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


class Transport(Protocol):
    """Somewhere letters are handed to."""

    @property
    def width(self) -> int:
        """How many letters may be on the wire at once."""

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Send up to `width` letters and return their outcomes, in the same order."""

    def close(self) -> None:
        """Say goodbye; the transport may be used again afterwards."""
