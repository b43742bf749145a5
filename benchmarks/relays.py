"""The relays that are mailed to: Postfix's `smtp-sink`, and one that takes its time."""

import asyncio
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 10.0
# Every connection is open and busy by then.
WARM_AFTER = 400


@contextmanager
def sink() -> Iterator[int]:
    """Run `smtp-sink`, which takes everything and keeps nothing; yield its port."""
    if not shutil.which("smtp-sink"):
        raise SystemExit("There is no smtp-sink. On Debian: apt install postfix")
    port = free_port()
    with _running(["smtp-sink", "-u", "nobody", f"{LOOPBACK}:{port}", "1000"], port):
        yield port


@contextmanager
def slow_relay(
    seconds: float, *, window: float = 0.0, stalls: bool = False
) -> Iterator[int]:
    """Run a relay whose every reply comes so much later; yield its port.

    Args:
        seconds: from what is said to the answer; each connection waits for itself.
        window: for how many seconds messages are counted, once all is warm; `counted`
            tells the number.
        stalls: whether the connection whose message opens the window keeps silent
            until it closes.
    """
    port = free_port()
    words = [str(port), str(seconds), str(window), str(int(stalls))]
    with _running([sys.executable, "-m", "benchmarks.relays", *words], port):
        yield port


def counted(port: int) -> int:
    """Return how many messages a `slow_relay` took within its window."""
    with smtplib.SMTP(LOOPBACK, port) as smtp:
        _, answer = smtp.docmd("COUNTED")
    return int(answer)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _running(program: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"The relay did not listen within {STARTS_WITHIN:.0f} s.")


@dataclass
class _Book:
    """What all connections of the slow relay have in common.

    Attributes:
        seconds: how late every reply is.
        window: for how long messages are counted.
        stalls: whether the connection that opens the window keeps silent in it.
    """

    seconds: float
    window: float
    stalls: bool
    taken: int = 0
    counted: int = 0
    closes_at: float = 0.0

    def take(self, now: float) -> float:
        """Count a message; return how long its connection keeps silent for it."""
        self.taken += 1
        self.counted += now < self.closes_at
        if self.taken != WARM_AFTER:
            return 0.0
        self.closes_at = now + self.window
        return self.window if self.stalls else 0.0


class _Slow(asyncio.Protocol):
    """One connection: it answers each command as late as it is told."""

    def __init__(self, book: _Book) -> None:
        self._book, self._unread, self._in_message = book, b"", False
        self._loop = asyncio.get_running_loop()
        self._silent_until = 0.0
        # Said in this order, whatever the timers of one instant do.
        self._unsaid: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 slow.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        replies = []
        while reply := self._next_reply():
            replies.append(reply)
        if replies:
            self._unsaid.append(b"".join(replies))
            when = max(self._loop.time() + self._book.seconds, self._silent_until)
            self._loop.call_at(when, self._say)

    def _say(self) -> None:
        self._transport.write(self._unsaid.popleft())

    def _next_reply(self) -> bytes:
        end = b"\r\n.\r\n" if self._in_message else b"\r\n"
        words, found, rest = self._unread.partition(end)
        if not found:
            return b""
        self._unread = rest
        if self._in_message:
            self._in_message = False
            now = self._loop.time()
            if silent := self._book.take(now):
                self._silent_until = now + silent
            return b"250 2.0.0 taken\r\n"
        return self._answer(words[:4].upper())

    def _answer(self, verb: bytes) -> bytes:
        match verb:
            case b"EHLO":
                return b"250-slow.test\r\n250 PIPELINING\r\n"
            case b"DATA":
                self._in_message = True
                return b"354 go ahead\r\n"
            case b"COUN":
                return b"250 %d\r\n" % self._book.counted
            case b"QUIT":
                return b"221 2.0.0 goodbye\r\n"
        return b"250 2.1.0 ok\r\n"


async def _serve(port: int, book: _Book) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Slow(book), LOOPBACK, port, backlog=1_000
    )
    await server.serve_forever()


def main() -> None:
    """Serve, as `slow_relay` says, until stopped."""
    port, seconds, window, stalls = sys.argv[1:]
    book = _Book(float(seconds), float(window), stalls == "1")
    asyncio.run(_serve(int(port), book))


if __name__ == "__main__":
    main()
