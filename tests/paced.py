"""A relay of its own process that takes its time: so many seconds for every reply.

    python -m tests.paced HOST PORT SECONDS FILE

It offers PIPELINING, takes every letter, and answers each command so many seconds after
it came, commands that came together together. Each letter that it took is a line in
FILE: where it came from, and to whom it goes. It is written before the answer leaves,
so a letter whose answer was lost is there, too. PORT 0 is any; the first line that it
prints says which.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

END = b"\r\n.\r\n"
ANSWERS = {
    b"EHLO": b"250-relay.test\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class _Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, seconds: float, record: TextIO) -> None:
        self.seconds = seconds
        self.record = record
        self.heard = b""
        self.address = ""
        self.is_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.came_from = transport.get_extra_info("peername")[0]
        transport.write(b"220 relay.test\r\n")

    def data_received(self, data: bytes) -> None:
        self.heard += data
        answers = b"".join(self.answers())
        if answers:
            loop = asyncio.get_running_loop()
            loop.call_later(self.seconds, self.transport.write, answers)

    def answers(self) -> Iterator[bytes]:
        """Take what was heard apart, and say what is answered."""
        while True:
            end = END if self.is_text else b"\r\n"
            said, found, rest = self.heard.partition(end)
            if not found:
                return
            self.heard = rest
            if self.is_text:
                self.is_text = False
                self.record.write(f"{self.came_from} {self.address}\n")
                self.record.flush()
                yield b"250 taken\r\n"
                continue
            verb = said[:4].upper()
            if verb == b"RCPT":
                self.address = said.partition(b"<")[2].partition(b">")[0].decode()
            self.is_text = verb == b"DATA"
            yield ANSWERS.get(verb, b"250 yes\r\n")


@dataclass(frozen=True)
class PacedRelay:
    """A running relay, as whoever started it sees it."""

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
    file: Path,
    *,
    seconds: float,
    host: str = "127.0.0.1",
    prefix: tuple[str, ...] = (),
) -> Iterator[PacedRelay]:
    """Run a relay for the time of a ``with`` block.

    Args:
        file: where it notes what it took.
        seconds: how long each reply takes.
        host: the address that it listens on.
        prefix: a command that runs it elsewhere, such as in a network namespace.
    """
    file.touch()
    program = [*prefix, sys.executable, "-m", "tests.paced"]
    words = [host, "0", str(seconds), str(file)]
    process = subprocess.Popen(
        [*program, *words],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield PacedRelay(int(process.stdout.readline()), file)
    finally:
        process.terminate()
        process.communicate()


async def _serve(host: str, port: int, seconds: float, file: Path) -> None:
    with file.open("a", encoding="utf-8") as record:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Conversation(seconds, record), host, port
        )
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(
        _serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
    )
