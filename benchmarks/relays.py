"""The relays that are mailed to: Postfix's `smtp-sink`, and one that takes its time."""

import asyncio
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 10.0


@contextmanager
def sink() -> Iterator[int]:
    """Run `smtp-sink`, which takes everything and keeps nothing; yield its port."""
    if not shutil.which("smtp-sink"):
        raise SystemExit("There is no smtp-sink. On Debian: apt install postfix")
    port = free_port()
    with _running(["smtp-sink", "-u", "nobody", f"{LOOPBACK}:{port}", "1000"], port):
        yield port


@contextmanager
def slow_relay(seconds: float, *, stalls: float = 0.0) -> Iterator[int]:
    """Run a relay whose every reply comes so much later; yield its port.

    Args:
        stalls: how long the first connection keeps silent before its first message
            is answered.
    """
    port = free_port()
    words = [sys.executable, "-m", "benchmarks.relays", f"{port}", f"{seconds}"]
    with _running([*words, f"{stalls}"], port):
        yield port


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _running(program: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            try:
                socket.create_connection((LOOPBACK, port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


class _Slow(asyncio.Protocol):
    """One connection: it answers each command as late as it is told."""

    first = True

    def __init__(self, seconds: float, stalls: float) -> None:
        self._seconds, self._unread, self._in_message = seconds, b"", False
        self._stalls = stalls if _Slow.first else 0.0
        _Slow.first = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 slow.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        replies = []
        while reply := self._next_reply():
            replies.append(reply)
        if replies:
            loop = asyncio.get_running_loop()
            wait, self._stalls = self._seconds + self._stalls, 0.0
            loop.call_later(wait, self._transport.write, b"".join(replies))

    def _next_reply(self) -> bytes:
        end = b"\r\n.\r\n" if self._in_message else b"\r\n"
        words, found, rest = self._unread.partition(end)
        if not found:
            return b""
        self._unread = rest
        if self._in_message:
            self._in_message = False
            return b"250 2.0.0 taken\r\n"
        verb = words[:4].upper()
        self._in_message = verb == b"DATA"
        if verb == b"EHLO":
            return b"250-slow.test\r\n250 PIPELINING\r\n"
        return b"354 go ahead\r\n" if verb == b"DATA" else b"250 2.1.0 ok\r\n"


async def _serve(port: int, seconds: float, stalls: float) -> None:
    loop = asyncio.get_running_loop()
    make = lambda: _Slow(seconds, stalls)  # noqa: E731 - said once
    server = await loop.create_server(make, LOOPBACK, port, backlog=1_000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
