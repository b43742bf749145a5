"""Wait for what happens in another thread, and say what did not."""

import time
from collections.abc import Callable

PATIENCE = 20.0


def until(condition: Callable[[], object], *, say: str) -> None:
    """Wait for *condition* to hold; fail after a while, with what was waited for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {say}"
        time.sleep(0.01)
