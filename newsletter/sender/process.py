"""Another process of `newsletter.sender.processes`: it sends until it is done or told.

Run as `python -m newsletter.sender.process` by `more_processes`, and by nobody else.
"""

import pickle
import signal
import sys
from threading import Thread

from newsletter import db, issues
from newsletter.sender.delivering import deliver
from newsletter.sender.processes import Assignment


def main() -> None:
    """Send the letters of the issue that the process which started us sends."""
    # Ctrl-C reaches us, too; whoever started us decides what follows from it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = sys.stdin.buffer
    assignment: Assignment = pickle.load(incoming)  # noqa: S301 - from our own parent
    desk = assignment.desk()

    def heed() -> None:
        incoming.read()
        desk.stop.set()

    Thread(target=heed, daemon=True).start()
    with db.transaction(desk.engine) as session:
        issue = issues.get(session, assignment.issue_id)
    deliver(desk, issue, on_progress=lambda done: print(done, flush=True))  # noqa: T201
    desk.transport.close()
    desk.engine.dispose()


if __name__ == "__main__":
    main()
