"""What transports without a wire have in common: a letter is done at once."""

from collections.abc import Sequence

from newsletter.outcome import Outcome
from newsletter.transport.base import Done, Letter


class InstantTransport:
    """A transport without a wire: `send` takes a volley and says how each letter went.

    Attributes:
        width: letters in a volley; they share one commit of the ledger.
    """

    trouble: Outcome | None = None

    def __init__(self, *, width: int) -> None:
        self.width = width
        self._volley: list[tuple[int, Letter]] = []

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Take letters and return their outcomes, in the same order."""
        raise NotImplementedError

    @property
    def busy(self) -> int:
        """How many letters wait for the next turn."""
        return len(self._volley)

    def room(self, wanted: int) -> int:
        """Return how many letters may start: up to `width` between two turns."""
        return min(wanted, self.width - len(self._volley))

    def start(self, key: int, letter: Letter) -> None:
        """Put a letter into the volley."""
        self._volley.append((key, letter))

    def turn(self, timeout: float) -> list[Done]:  # noqa: ARG002 - nothing to wait for
        """Hand the volley over."""
        volley, self._volley = self._volley, []
        if not volley:
            return []
        outcomes = self.send([letter for _, letter in volley])
        keys = (key for key, _ in volley)
        return [Done(*pair) for pair in zip(keys, outcomes, strict=True)]

    def close(self) -> None:
        """Do nothing: there is nobody to say goodbye to."""
