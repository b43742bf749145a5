"""Run `newsletter` and write down how long each part of sending took.

    python -m benchmarks.split FIGURES.json PARTS SECONDS send ...

Opening and delivering are timed from outside, which costs nothing. With PARTS `1` the
borders between the rooms are timed, too: a microsecond or two a letter, so such a run
is not one for the stop-watch. With SECONDS above 0 sending stops after so many, as if
somebody had asked it to. Only this process is timed, not others that it starts, and
not the database's server.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import Any, ParamSpec, TypeVar

from newsletter import ledger
from newsletter.cli import main
from newsletter.db import KeptSession, Session
from newsletter.sender import Composer, Desk, deliver, open_slot
from newsletter.transport import SmtpTransport

P = ParamSpec("P")
T = TypeVar("T")
# A part is many doors; nobody goes through two of them at once.
PARTS: dict[str, list[tuple[Any, str]]] = {
    "compose": [(Composer, "compose")],
    "wire": [(SmtpTransport, name) for name in ("turn", "start", "hand_over", "room")],
    "ledger": [
        *((ledger, name) for name in ledger.__all__ if name[0].islower()),
        (KeptSession, "commit"),
        (Session, "commit"),
    ],
}
COMMAND = "newsletter.cli.send"


class Watch:
    """The seconds that were spent, by what they were spent on.

    Attributes:
        seconds: "open" and "send" by the clock; "cpu" of sending, with all threads;
            and of that the parts, if they were asked for.
    """

    def __init__(self, stops_after: float) -> None:
        self.seconds: dict[str, float] = {}
        self._parts: Counter[str] = Counter()
        self._stops_after = stops_after

    def timed(self, part: str, act: Callable[P, T]) -> Callable[P, T]:
        """Return *act* as it is, but counted under *part*."""
        # A Counter counts whole things for its type; these are seconds.
        spent: dict[str, Any] = self._parts

        def acting(*words: P.args, **more: P.kwargs) -> T:
            began = time.thread_time()
            try:
                return act(*words, **more)
            finally:
                spent[part] += time.thread_time() - began

        return acting

    def opening(self, *words: Any, **more: Any) -> Any:  # noqa: ANN401
        """Open the issue, as `open_slot` does."""
        began = time.perf_counter()
        opened = open_slot(*words, **more)
        self.seconds["open"] = time.perf_counter() - began
        return opened

    def delivering(self, desk: Desk, *words: Any, **more: Any) -> Any:  # noqa: ANN401
        """Deliver the issue, as `deliver` does; what else the command does is free."""
        if self._stops_after:
            timer = Timer(self._stops_after, desk.stop.set)
            timer.daemon = True
            timer.start()
        self._parts.clear()
        began, worked = time.perf_counter(), time.process_time()
        tally = deliver(desk, *words, **more)
        self.seconds["send"] = time.perf_counter() - began
        self.seconds["cpu"] = time.process_time() - worked
        if self._parts:
            # Sockets that are opened in threads, too, and the bar that shows progress.
            rest = self.seconds["cpu"] - sum(self._parts.values())
            self.seconds |= {**self._parts, "rest": rest}
        return tally


def run() -> None:
    """Time what was asked for, run the command, and write the figures."""
    figures = Path(sys.argv.pop(1))
    by_parts, stops_after = sys.argv.pop(1) == "1", float(sys.argv.pop(1))
    watch = Watch(stops_after)
    command: Any = import_module(COMMAND)
    command.open_slot, command.deliver = watch.opening, watch.delivering
    for part, doors in PARTS.items() if by_parts else ():
        for owner, name in doors:
            setattr(owner, name, watch.timed(part, getattr(owner, name)))
    try:
        main()
    finally:
        figures.write_text(json.dumps(watch.seconds))


if __name__ == "__main__":
    run()
