"""The relays that are mailed to: Postfix's `smtp-sink`, and one that takes its time."""

import asyncio
import os
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
from pathlib import Path
from typing import TextIO, cast

ROOT = Path(__file__).parents[1]
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
    words = [LOOPBACK, str(seconds), str(window), str(int(stalls)), os.devnull]
    with _taking_its_time(words) as port:
        yield port


@dataclass(frozen=True)
class PacedRelay:
    """A slow relay that notes each letter, as whoever started it sees it."""

    port: int
    file: Path

    @property
    def taken(self) -> list[tuple[str, str]]:
        """Every letter so far: where it came from, and to whom it goes."""
        # Its last line may be half written.
        lines = self.file.read_text("utf-8").split("\n")[:-1]
        return [(line.split()[0], line.split()[1]) for line in lines]

    @property
    def recipients(self) -> list[str]:
        """To whom each letter goes."""
        return [address for _, address in self.taken]


@contextmanager
def paced_relay(
    file: Path, *, seconds: float, host: str = LOOPBACK, prefix: tuple[str, ...] = ()
) -> Iterator[PacedRelay]:
    """Run a slow relay that writes down each letter before it says that it took it.

    Args:
        file: where it notes what it took, so also a letter whose answer was lost.
        seconds: how late every reply is.
        host: the address that it listens on.
        prefix: a command that runs it elsewhere, such as in a network namespace.
    """
    file.touch()
    words = [host, str(seconds), "0", "0", str(file.absolute())]
    with _taking_its_time(words, prefix) as port:
        yield PacedRelay(port, file)


@contextmanager
def _taking_its_time(words: list[str], prefix: tuple[str, ...] = ()) -> Iterator[int]:
    """Run the slow relay; yield the port that it chose."""
    program = [*prefix, sys.executable, "-m", "benchmarks.relays", *words]
    with subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            # The first line that it prints, once it listens.
            yield int(server.stdout.readline() if server.stdout else "")
        finally:
            server.terminate()


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
        wait_for(port)
        yield
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port of the loopback interface.

    Raises:
        SystemExit: nobody does in time.
    """
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"Nobody listened on the port within {STARTS_WITHIN:.0f} s.")


@dataclass
class _Book:
    """What all connections of the slow relay have in common.

    Attributes:
        seconds: how late every reply is.
        window: for how long messages are counted.
        stalls: whether the connection that opens the window keeps silent in it.
        record: a line for each letter: where it came from, and to whom it goes.
    """

    seconds: float
    window: float
    stalls: bool
    record: TextIO
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
        self._recipient = ""
        # Said in this order, whatever the timers of one instant do.
        self._unsaid: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._came_from = transport.get_extra_info("peername")[0]
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
            self._book.record.write(f"{self._came_from} {self._recipient}\n")
            self._book.record.flush()
            now = self._loop.time()
            if silent := self._book.take(now):
                self._silent_until = now + silent
            return b"250 2.0.0 taken\r\n"
        return self._answer(words)

    def _answer(self, words: bytes) -> bytes:
        match words[:4].upper():
            case b"RCPT":
                address = words.partition(b"<")[2].partition(b">")[0]
                self._recipient = address.decode("utf-8", "replace")
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


async def _serve(host: str, book: _Book) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Slow(book), host, 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve, as `slow_relay` says, until stopped."""
    host, seconds, window, stalls, file = sys.argv[1:]
    with Path(file).open("a", encoding="utf-8") as record:
        book = _Book(float(seconds), float(window), stalls == "1", record)
        asyncio.run(_serve(host, book))


if __name__ == "__main__":
    main()
