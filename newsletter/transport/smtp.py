"""A relay, and as many connections to it as it lets us have, under one loop.

No thread touches a letter: all sockets are non-blocking and one `turn` serves whichever
is ready. Only opening a connection blocks, in a thread of its own, so that a relay that
is slow to answer holds up nobody.
"""

import contextlib
import logging
import os
import smtplib
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from selectors import EVENT_READ, DefaultSelector

from newsletter.outcome import Accepted, Command, Deferred, Outcome
from newsletter.transport.base import Done, Letter, Turn
from newsletter.transport.connection import Connection
from newsletter.transport.opening import NotOpened, Relay, open_smtp

log = logging.getLogger(__name__)

# Waits after connections that could not be opened, in seconds; the last one repeats.
BACK_OFF = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
OPENED_AT_ONCE = 8
NEVER = float("inf")
# How often silent connections are looked for, in seconds.
CHECK_EVERY = 0.5


class SmtpTransport:
    """Connections that stay open between letters, and the letters on them."""

    def __init__(
        self, relay: Relay, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.relay = relay
        self.width = relay.connections
        self._trouble: Outcome | None = None
        self._monotonic = monotonic
        self._selector = DefaultSelector()
        self._connections: set[Connection] = set()
        # Sets that keep their order: without a letter, and with a message on the wire.
        self._idle: dict[Connection, None] = {}
        self._behind: dict[Connection, None] = {}
        self._unsaid: set[Connection] = set()
        self._letters: dict[int, Connection] = {}
        self._opening = 0
        self._opened: deque[Future[smtplib.SMTP]] = deque()
        self._failures = 0
        self._is_away = False
        # One connection shows whether the relay is there; then all of them are opened.
        self._ceiling = 1
        self._probe_at = NEVER
        self._next_check = 0.0
        self._wake_read, self._wake_write = os.pipe()
        # A long-lived process has many transports, one after another.
        weakref.finalize(self, _close, self._wake_read, self._wake_write)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, EVENT_READ, None)
        self._not_before = 0.0
        self._threads: ThreadPoolExecutor | None = None
        self._again: deque[tuple[int, Letter]] = deque()
        self._ready: list[int] = []
        self._done: list[Done] = []

    @property
    def trouble(self) -> Outcome | None:
        """Why there is no connection at all; None as long as one is being opened."""
        return None if self._opening else self._trouble

    @property
    def busy(self) -> int:
        """How many letters are on the wire, or done and not yet told by `turn`."""
        return len(self._letters) + len(self._again) + len(self._done)

    def room(self, wanted: int) -> int:
        """Return how many letters may start now, and open connections for the rest.

        It is 0 while the first connections open, and stays 0 when there is `trouble`.
        """
        for _ in range(wanted - len(self._idle)):
            if not self._may_open():
                break
            self._open_one()
        return len(self._idle) + len(self._behind)

    def _may_open(self) -> bool:
        """Tell whether the relay is to be asked for another connection now."""
        have = len(self._connections) + self._opening
        if have >= self.width:
            return False
        now = self._monotonic()
        if now < self._not_before:
            return False
        return have < self._ceiling or (now >= self._probe_at and not self._opening)

    def start(self, key: int, letter: Letter) -> None:
        """Begin a letter where there is room; `turn` will tell of it by its *key*.

        Raises:
            KeyError: there is no room.
        """
        # An idle connection first: behind a message a letter waits for that one's end.
        connection, _ = (self._idle or self._behind).popitem()
        self._letters[key] = connection
        connection.start(key, letter)
        self._unsaid.add(connection)

    def hand_over(self, key: int) -> None:
        """Let the message of a letter go that was told of as ready."""
        connection = self._letters[key]
        connection.hand_over()
        self._unsaid.add(connection)
        if connection.has_room:
            self._behind[connection] = None

    def drop(self, key: int) -> None:
        """Give up a letter that is ready: only hanging up stops its message."""
        connection = self._letters.pop(key)
        connection.abandon()
        self._settle(connection)

    def turn(self, timeout: float) -> Turn:
        """Write what was said, serve whatever is ready, and tell what came of it.

        Args:
            timeout: seconds to wait for something to happen.
        """
        now = self._monotonic()
        unsaid, self._unsaid = self._unsaid, set()
        for connection in unsaid:
            connection.push(now=now)
            self._settle(connection)
        if self._done:
            timeout = 0.0
        events = self._selector.select(timeout)
        now = self._monotonic()
        for selected, _ in events:
            connection = selected.data
            if connection is None:
                os.read(selected.fd, 1024)
                continue
            connection.exchange(now=now)
            self._settle(connection)
        self._take_opened()
        self._expire(now)
        self._start_again()
        ready, self._ready = self._ready, []
        done, self._done = self._done, []
        return Turn(ready, done)

    def check(self) -> None:
        """Connect and log in, to see that the relay would let us.

        Raises:
            OSError: the relay cannot be reached, or refuses the connection or login.
        """
        open_smtp(self.relay).quit()

    def close(self) -> None:
        """Say goodbye on every connection; the transport may be used again."""
        for connection in self._connections:
            self._unwatch(connection)
            connection.close()
        for left in (self._connections, self._unsaid, self._again):
            left.clear()
        for those in (self._idle, self._behind, self._letters):
            those.clear()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None
        for future in self._opened:
            with contextlib.suppress(OSError, CancelledError):
                future.result().close()
        self._opened.clear()
        self._opening = 0
        self._ready, self._done = [], []

    def _settle(self, connection: Connection) -> None:
        """Take from a connection what just happened on it."""
        if connection.ready:
            self._ready += connection.ready
            connection.ready = []
        if connection.done:
            for done in connection.done:
                del self._letters[done.key]
            self._done += connection.done
            if connection.is_open:
                self._failures, self._is_away = 0, False
            elif not connection.has_carried:
                self._heed_the_end(connection, connection.done[0].outcome)
            connection.done = []
        if not connection.is_open:
            self._forget(connection)
            return
        if connection.is_idle:
            self._behind.pop(connection, None)
            self._idle[connection] = None
        if (events := connection.new_events()) is not None:
            self._selector.modify(connection.fileno, events, connection)

    def _forget(self, connection: Connection) -> None:
        """Let go of a closed connection, and of what must start afresh elsewhere."""
        for key, letter in connection.untouched:
            del self._letters[key]
            self._again.append((key, letter))
        connection.untouched = []
        self._unwatch(connection)
        self._connections.discard(connection)
        self._unsaid.discard(connection)
        self._idle.pop(connection, None)
        self._behind.pop(connection, None)

    def _unwatch(self, connection: Connection) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.fileno)

    def _start_again(self) -> None:
        """Start letters afresh whose connection was lost before any answer."""
        while self._again and self.room(len(self._again)):
            key, letter = self._again.popleft()
            self.start(key, letter)
        if self.trouble:
            self._done += [Done(key, self.trouble) for key, _ in self._again]
            self._again.clear()

    def _expire(self, now: float) -> None:
        """End the connections whose relay was silent for too long."""
        if now < self._next_check:
            return
        self._next_check = now + CHECK_EVERY
        for connection in [c for c in self._connections if c.deadline <= now]:
            connection.expire()
            self._settle(connection)

    def _open_one(self) -> None:
        if self._threads is None:
            workers = min(self.width, OPENED_AT_ONCE)
            self._threads = ThreadPoolExecutor(workers, "smtp-open")
        self._opening += 1
        self._threads.submit(open_smtp, self.relay).add_done_callback(self._wake)

    def _wake(self, opened: "Future[smtplib.SMTP]") -> None:
        """Hand an opened connection to the loop; runs in the thread that opened it."""
        self._opened.append(opened)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b".")

    def _take_opened(self) -> None:
        while self._opened:
            opened = self._opened.popleft()
            self._opening -= 1
            try:
                smtp = opened.result()
            except NotOpened as error:
                self._step_back(error.outcome)
                continue
            connection = Connection(smtp, patience=self.relay.timeout_seconds)
            self._selector.register(connection.fileno, EVENT_READ, connection)
            self._connections.add(connection)
            self._idle[connection] = None
            self._trouble = None
            if self._probe_at == NEVER:
                self._ceiling = self.width
            self._ceiling = max(self._ceiling, len(self._connections))

    def _heed_the_end(self, connection: Connection, outcome: Outcome) -> None:
        """Heed that the first letter ended its connection: an accident, or a habit."""
        self._connections.discard(connection)
        if isinstance(outcome, Accepted):
            return
        if not self._failures:
            self._failures = 1
            return
        code = outcome.code if isinstance(outcome, Deferred) else None
        self._step_back(Deferred(code, outcome.reason, Command.CONNECT))

    def _step_back(self, reason: Outcome) -> None:
        """Make do with the connections that are open; without any, wait ever longer."""
        now = self._monotonic()
        facts = {"relay": self.relay.name, "reason": reason.reason}
        if have := len(self._connections):
            if have < self._ceiling:
                facts["connections"] = str(have)
                log.warning("the relay takes no more connections", extra=facts)
            self._ceiling, self._probe_at = have, now + BACK_OFF[-1]
            return
        self._trouble = reason
        self._ceiling, self._probe_at = 1, NEVER
        if now < self._not_before:
            # Several that failed together are one failure.
            return
        self._not_before = now + BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        if not self._is_away:
            self._is_away = True
            log.warning("no connection to the relay for now", extra=facts)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
