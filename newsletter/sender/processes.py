"""More processes than one for an issue, where one core is too few.

Each is another worker with connections of its own: the ledger hands every letter out
once, so they need to know nothing of each other. Whoever started them says "stop" by
closing their input, which also happens when it is killed.
"""

import logging
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock, Thread

from newsletter import db, ledger
from newsletter.config import Config
from newsletter.issues import IssueView
from newsletter.sender.desk import Desk, relay_of
from newsletter.transport import SmtpTransport

log = logging.getLogger(__name__)

# A process takes most of a second to start; fewer letters are sent sooner by one.
LETTERS_WORTH_A_PROCESS = 5_000
# How soon a request to stop is passed on.
LISTEN_SECONDS = 0.25


@dataclass(frozen=True)
class Assignment:
    """What another process must know to send with us."""

    database_url: str
    config: Config
    issue_id: int
    connections: int

    def desk(self) -> Desk:
        """Set up the other process: an engine and connections of its own."""
        durability = self.config.settings.database.durability
        engine = db.connect(self.database_url, durability=durability)
        relay = replace(relay_of(self.config), connections=self.connections)
        return replace(
            Desk.of(engine, self.config), transport=SmtpTransport(relay), processes=1
        )


@contextmanager
def more_processes(
    desk: Desk, issue: IssueView, on_progress: Callable[[int], None]
) -> Iterator[tuple[Desk, Callable[[int], None]]]:
    """Start the other processes; wait for them at the end, or stop them.

    Yields:
        The desk with this process's share of the connections, and *on_progress* made
        safe to be called beside theirs.
    """
    number = _worthwhile(desk, issue)
    if number < 2 or not isinstance(desk.transport, SmtpTransport):
        yield desk, on_progress
        return
    shares = share(desk.transport.width, number)
    lock = Lock()

    def counting(done: int) -> None:
        with lock:
            on_progress(done)

    transport = SmtpTransport(replace(desk.transport.relay, connections=shares[0]))
    others = [_start(desk, issue, connections) for connections in shares[1:]]
    listeners = [Thread(target=_relay, args=(other, counting)) for other in others]
    for listener in listeners:
        listener.start()
    try:
        yield replace(desk, transport=transport), counting
    finally:
        transport.close()
        has_failed = sys.exc_info()[0] is not None
        for listener, other in zip(listeners, others, strict=True):
            while listener.is_alive():
                if desk.stop.is_set() or has_failed:
                    _stop(others)
                listener.join(LISTEN_SECONDS)
            # Leaving it closes its pipes and waits for its end.
            with other:
                pass
            if other.returncode:
                # Its letters in hand are free again when their lease is over.
                facts = {"slot": str(issue.slot), "code": other.returncode}
                log.error("another sending process failed", extra=facts)


def _worthwhile(desk: Desk, issue: IssueView) -> int:
    """Return how many processes the letters that are due are worth."""
    if desk.processes < 2:
        return 1
    most = desk.processes * LETTERS_WORTH_A_PROCESS
    with db.transaction(desk.engine) as session:
        due = ledger.count_due(session, issue.id, now=desk.clock(), limit=most)
    return min(desk.processes, 1 + due // LETTERS_WORTH_A_PROCESS)


def share(connections: int, processes: int) -> list[int]:
    """Return how many connections each process gets: at least one, and all of them."""
    processes = min(connections, processes)
    each, rest = divmod(connections, processes)
    return [each + (number < rest) for number in range(processes)]


def _start(desk: Desk, issue: IssueView, connections: int) -> "subprocess.Popen[bytes]":
    url = desk.engine.url.render_as_string(hide_password=False)
    assignment = Assignment(url, desk.config, issue.id, connections)
    program = [sys.executable, "-m", "newsletter.sender.process"]
    other = subprocess.Popen(  # noqa: S603 - our own module, no words from outside
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if other.stdin:
        # Over a pipe: nobody else can read it, as they could a list of processes.
        pickle.dump(assignment, other.stdin)
        other.stdin.flush()
    return other


def _stop(others: "Sequence[subprocess.Popen[bytes]]") -> None:
    for other in others:
        if other.stdin and not other.stdin.closed:
            other.stdin.close()


def _relay(
    other: "subprocess.Popen[bytes]", on_progress: Callable[[int], None]
) -> None:
    """Tell of the letters that another process counts, a number on each line."""
    for line in other.stdout or ():
        on_progress(int(line))
