"""Run `newsletter` and write down how much CPU each part of sending took.

    python -m benchmarks.split FIGURES.json send ...

The parts are timed from outside, at the borders between the rooms; that costs a
microsecond or two a letter, so a run with it is not a run for the stop-watch.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from newsletter import ledger
from newsletter.cli import main
from newsletter.sender import Composer
from newsletter.transport import SmtpTransport

P = ParamSpec("P")
T = TypeVar("T")
PARTS = {
    "compose": [(Composer, "compose")],
    "wire": [(SmtpTransport, name) for name in ("turn", "start", "hand_over", "room")],
    "ledger": [(ledger, name) for name in ("claim", "record", "mark_sending")],
}


def timed(part: str, act: Callable[P, T], spent: Counter[str]) -> Callable[P, T]:
    """Return *act* as it is, but counted under *part*."""

    def acting(*words: P.args, **more: P.kwargs) -> T:
        began = time.thread_time()
        try:
            return act(*words, **more)
        finally:
            spent[part] += time.thread_time() - began

    return acting


def run() -> None:
    """Time the parts, run the command, and write the figures."""
    figures = Path(sys.argv.pop(1))
    spent: Counter[str] = Counter()
    for part, places in PARTS.items():
        for owner, name in places:
            setattr(owner, name, timed(part, getattr(owner, name), spent))
    began = time.thread_time()
    try:
        main()
    finally:
        spent["rest"] = time.thread_time() - began - sum(spent.values())
        figures.write_text(json.dumps(spent))


if __name__ == "__main__":
    run()
