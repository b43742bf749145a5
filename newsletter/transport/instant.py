"""What transports without a wire have in common: a letter is done at once."""

from collections.abc import Sequence

from newsletter.outcome import Outcome
from newsletter.transport.base import Done, Letter, Turn


class InstantTransport:
    """A transport without a wire: `send` takes a volley and says how each letter went.

    Attributes:
        width: letters in a volley; they share one commit of the ledger.
    """

    trouble: Outcome | None = None

    def __init__(self, *, width: int) -> None:
        self.width = width
        self._waiting: dict[int, Letter] = {}
        self._told: dict[int, Letter] = {}
        self._volley: dict[int, Letter] = {}

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Take letters and return their outcomes, in the same order."""
        raise NotImplementedError

    @property
    def busy(self) -> int:
        """How many letters are not done."""
        return len(self._waiting) + len(self._told) + len(self._volley)

    def room(self, wanted: int) -> int:
        """Return how many letters may start: up to `width` behind a volley."""
        return min(wanted, self.width - len(self._waiting) - len(self._told))

    def start(self, key: int, letter: Letter) -> None:
        """Take a letter, which is ready at the next turn."""
        self._waiting[key] = letter

    def hand_over(self, key: int) -> None:
        """Put a letter into the volley."""
        self._volley[key] = self._told.pop(key)

    def drop(self, key: int) -> None:
        """Forget a letter."""
        del self._told[key]

    def turn(self, timeout: float) -> Turn:  # noqa: ARG002 - nothing to wait for
        """Hand the volley over, and tell which letters are ready for the next."""
        volley, self._volley = self._volley, {}
        outcomes = self.send([*volley.values()]) if volley else []
        ready, self._waiting = self._waiting, {}
        self._told |= ready
        return Turn([*ready], [Done(*pair) for pair in zip(volley, outcomes)])  # noqa: B905

    def close(self) -> None:
        """Forget what was not done; there is nobody to say goodbye to."""
        for letters in (self._waiting, self._told, self._volley):
            letters.clear()
