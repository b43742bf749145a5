"""Another process of `newsletter.sender.processes`: it sends until it is done or told.

Run as `python -m newsletter.sender.process` by `more_processes`, and by nobody else.
"""

import os
import pickle
import signal
import sys
from threading import Thread

from newsletter import db, issues
from newsletter.sender.delivering import deliver
from newsletter.sender.processes import Assignment


def main() -> None:
    """Send the letters of the issue that the process which started us sends."""
    # Both reach us, too; whoever started us decides what follows from them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    assignment: Assignment = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent's
    desk = assignment.desk()

    def heed() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        desk.stop.set()

    def tell(done: int) -> None:
        try:
            print(done, flush=True)  # noqa: T201 - to whoever started us
        except OSError:
            # Killed. What is on the wire is still to be recorded.
            desk.stop.set()

    Thread(target=heed, daemon=True).start()
    with db.transaction(desk.engine) as session:
        issue = issues.get(session, assignment.issue_id)
    deliver(desk, issue, on_progress=tell)
    desk.transport.close()
    desk.engine.dispose()


if __name__ == "__main__":
    main()
