"""A transport that keeps what it is given, and answers as it is told to."""

from collections.abc import Callable, Sequence

from newsletter.outcome import Accepted, Outcome
from newsletter.transport.base import Letter
from newsletter.transport.instant import InstantTransport


def _accept(_letter: Letter) -> Outcome:
    return Accepted()


class MemoryTransport(InstantTransport):
    """Keep accepted letters in `sent`.

    Args:
        answer: says how a letter goes; by default every letter is accepted.
        width: letters on the wire at once.
    """

    def __init__(
        self, answer: Callable[[Letter], Outcome] = _accept, *, width: int = 1
    ) -> None:
        super().__init__(width=width)
        self.sent: list[Letter] = []
        self._answer = answer

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Keep the letters that are accepted."""
        outcomes = [self._answer(letter) for letter in letters]
        self.sent += [
            letter
            for letter, outcome in zip(letters, outcomes, strict=True)
            if isinstance(outcome, Accepted)
        ]
        return outcomes
