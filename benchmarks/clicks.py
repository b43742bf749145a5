"""Send one-click requests at a steady rate, and say how each one went.

    python -m benchmarks.clicks PORT RATE FILE

FILE has a path a line. A request leaves at its time whether or not the ones before were
answered, and its time runs from then on: what waits in a queue of ours counts, too.
Prints JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.relays import LOOPBACK

BODY = b"List-Unsubscribe=One-Click"
# Mailbox providers keep so many connections open at most.
CONNECTIONS = 64
ANSWERED_WITHIN = 30.0
REQUEST = (
    "POST {path} HTTP/1.1\r\nHost: bench.test\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {length}\r\n\r\n"
)


@dataclass(frozen=True)
class Clicks:
    """How requests went.

    Attributes:
        answers: how many had which status; "none" is no answer at all.
        milliseconds: of each answer, from the moment it should have been sent.
        seconds: from the first request to the last answer.
    """

    answers: dict[str, int]
    milliseconds: list[float]
    seconds: float

    def percentile(self, share: float) -> float:
        """Return the time within which so many of a hundred were answered."""
        ordered = sorted(self.milliseconds)
        at = round(share / 100 * (len(ordered) - 1))
        return ordered[at] if ordered else float("inf")


class _Lines:
    """Connections that are kept open, each with one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.Queue[
            tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
        ] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)

    async def ask(self, path: str) -> str:
        """Return the status of one request."""
        line = await self._free.get()
        try:
            line = line or await asyncio.open_connection(LOOPBACK, self._port)
            status = await asyncio.wait_for(_exchange(*line, path), ANSWERED_WITHIN)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            if line:
                line[1].close()
            line, status = None, "none"
        self._free.put_nowait(line)
        return status

    def close(self) -> None:
        """Hang up everywhere."""
        while not self._free.empty():
            if line := self._free.get_nowait():
                line[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
) -> str:
    writer.write(REQUEST.format(path=path, length=len(BODY)).encode() + BODY)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lengths = [
        int(line.partition(":")[2])
        for line in head.lower().split("\r\n")
        if line.startswith("content-length:")
    ]
    await reader.readexactly(lengths[0])
    return head.split()[1]


async def click(port: int, rate: float, paths: list[str]) -> Clicks:
    """Send a request for each path, *rate* of them a second."""
    lines, answers, times = _Lines(port), Counter[str](), []
    began = time.perf_counter()

    async def one(number: int, path: str) -> None:
        due = began + number / rate
        await asyncio.sleep(due - time.perf_counter())
        answers[await lines.ask(path)] += 1
        times.append(round((time.perf_counter() - due) * 1_000, 2))

    await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))
    seconds = time.perf_counter() - began
    lines.close()
    return Clicks(dict(answers), times, seconds)


def main() -> None:
    """Click on every path of a file."""
    port, rate, file = sys.argv[1:]
    paths = Path(file).read_text().split()
    print(json.dumps(asdict(asyncio.run(click(int(port), float(rate), paths)))))


if __name__ == "__main__":
    main()
