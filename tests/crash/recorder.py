"""A mail server that writes down what it accepts, and says where a conversation is.

It stands for the recipients: what counts after a crash is what is in `arrivals`. A
letter is written down just before its 250 is, as a server does that keeps its word. Who
kills the sender at a point of the conversation is told of it there, while nothing else
of the server moves.

It speaks only what a sender of one letter to one reader needs, with PIPELINING.
"""

import asyncio
import contextlib
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

END = b"\r\n.\r\n"
READ_AT_ONCE = 65_536
# A sender whose letter is larger cannot have handed it all to its own system.
NARROW_BYTES = 4_096
NARROW_SEGMENT = 536
PATIENCE_SECONDS = 60.0
GREETING = b"220 recorder.example\r\n"
OFFERS = b"250-recorder.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Point(StrEnum):
    """Where in the conversation a sender may be killed."""

    MID_DATA = "in the middle of DATA"
    BEFORE_REPLY = "after the final dot, before the reply"
    AFTER_REPLY = "after the reply"


@dataclass(frozen=True)
class Arrival:
    """A letter that was accepted."""

    recipient: str
    message_id: str
    process: str


@dataclass
class _Talk:
    """One connection, and what is known of its other end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: str = ""
    heard: bytearray = field(default_factory=bytearray)
    said_goodbye: bool = False

    async def until(self, end: bytes) -> bytes:
        """Return what was heard up to and with *end*."""
        looked_at = 0
        while (at := self.heard.find(end, looked_at)) < 0:
            looked_at = max(0, len(self.heard) - len(end))
            await self.more()
        words = bytes(self.heard[: at + len(end)])
        del self.heard[: at + len(end)]
        return words

    async def more(self) -> None:
        """Hear some more; ConnectionResetError when nobody speaks any more."""
        data = await self.reader.read(READ_AT_ONCE)
        if not data:
            raise ConnectionResetError
        self.heard += data


Listener = Callable[[Point, str], None]


@dataclass
class Recorder:
    """What a running recorder was told, and what it heard.

    Attributes:
        pace_seconds: the longest wait before a reply; each is of random length.
        listener: called at every point with the name that the sender said in EHLO.
        cut: connections that ended without goodbye, by sender: at most so many SMTP
            transactions were open when it was killed.
        broken_off: letters of which only a part came.
    """

    pace_seconds: float = 0.0
    narrow: bool = False
    listener: Listener | None = None
    chance: random.Random = field(default_factory=random.Random)
    port: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    cut: Counter[str] = field(default_factory=Counter)
    broken_off: int = 0
    open: int = 0

    def wait_for(self, letters: int) -> None:
        """Wait until so many letters arrived."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.arrivals) < letters:
            assert time.monotonic() < deadline, f"{len(self.arrivals)} letters arrived"
            time.sleep(0.002)

    def wait_for_quiet(self) -> None:
        """Wait until no letter has come for a second."""
        before = -1
        while before != len(self.arrivals):
            before = len(self.arrivals)
            time.sleep(1)

    def wait_for_silence(self) -> None:
        """Wait until all is heard that the dead had handed over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.open:
            assert time.monotonic() < deadline, "a connection stays open"
            time.sleep(0.01)

    async def converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection to its end, however that comes."""
        talk = _Talk(reader, writer)
        self.open += 1
        try:
            await self._serve(talk)
        except (OSError, asyncio.CancelledError):
            # Killed, or hung up; what it leaves behind is counted below.
            pass
        finally:
            if talk.process and not talk.said_goodbye:
                self.cut[talk.process] += 1
            self.open -= 1
            writer.close()

    async def _serve(self, talk: _Talk) -> None:
        await self._say(talk, GREETING)
        recipient = ""
        while not talk.said_goodbye:
            line = (await talk.until(b"\n")).decode("ascii", "replace").strip()
            verb = line[:4].upper()
            answer = b"250 2.0.0 ok\r\n"
            match verb:
                case "EHLO" | "HELO":
                    talk.process = line[5:].partition(".")[0]
                    self.seen.add(talk.process)
                    answer = OFFERS
                case "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                case "DATA":
                    await self._take(talk, recipient)
                    continue
                case "QUIT":
                    talk.said_goodbye = True
            await self._say(talk, answer)

    async def _take(self, talk: _Talk, recipient: str) -> None:
        """Take one message: all of it is written down, a part of it is nothing."""
        await self._say(talk, b"354 go on\r\n")
        try:
            if not talk.heard:
                await talk.more()
            if END not in talk.heard:
                self._tell(Point.MID_DATA, talk)
            message = await talk.until(END)
        except OSError:
            self.broken_off += 1
            raise
        await self._pause()
        found = re.search(rb"(?im)^message-id:\s*<([^>]*)>", message)
        message_id = found[1].decode() if found else ""
        self.arrivals.append(Arrival(recipient, message_id, talk.process))
        self._tell(Point.BEFORE_REPLY, talk)
        talk.writer.write(b"250 2.0.0 taken\r\n")
        await talk.writer.drain()
        self._tell(Point.AFTER_REPLY, talk)

    async def _say(self, talk: _Talk, words: bytes) -> None:
        await self._pause()
        talk.writer.write(words)
        await talk.writer.drain()

    async def _pause(self) -> None:
        if self.pace_seconds:
            await asyncio.sleep(self.chance.uniform(0, self.pace_seconds))

    def _tell(self, point: Point, talk: _Talk) -> None:
        if self.listener is not None:
            self.listener(point, talk.process)


@contextmanager
def recording(
    *, pace_seconds: float = 0.0, narrow: bool = False, seed: int = 0
) -> Iterator[Recorder]:
    """Run a recorder, in a thread of its own, for the time of a ``with`` block.

    Args:
        pace_seconds: the longest wait before a reply.
        narrow: take so little at once that a large letter is a while on its way.
        seed: of the lengths of the waits.
    """
    chance = random.Random(seed)  # noqa: S311 - instants, not secrets
    recorder = Recorder(pace_seconds, narrow, chance=chance)
    loop = asyncio.new_event_loop()
    listening = _listening(narrow=narrow)
    recorder.port = listening.getsockname()[1]
    limit = NARROW_BYTES if narrow else READ_AT_ONCE
    server = loop.run_until_complete(
        asyncio.start_server(recorder.converse, sock=listening, limit=limit)
    )
    thread = threading.Thread(target=loop.run_forever, name="recorder")
    thread.start()
    try:
        yield recorder
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _listening(*, narrow: bool) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if narrow:
        # A small segment keeps the sender's own buffer small, too.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    return listening


async def _end(server: asyncio.Server) -> None:
    server.close()
    talks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in talks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*talks, return_exceptions=True)
