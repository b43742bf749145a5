"""One connection to the relay, opened by `opening`, then fed letters without blocking.

Its socket never blocks; a loop tells the connection when there is something to read or
room to write.
"""

import contextlib
import math
import smtplib
import ssl
from collections import deque
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from ssl import SSLSocket

from newsletter.outcome import Command
from newsletter.transport.base import Done, Letter
from newsletter.transport.dialogue import Dialogue, Features
from newsletter.transport.replies import NotSmtp, Reply, ReplyReader

READ_AT_ONCE = 8_192
# How long each step may take, in seconds (RFC 5321 §4.5.3.2).
PATIENCE = {Command.MAIL: 300.0, Command.RCPT: 300.0, Command.DATA: 120.0}
PATIENCE_FOR_THE_MESSAGE = 600.0
# A goodbye is a courtesy; nobody waits long for its answer.
GOODBYE_SECONDS = 2.0


class Connection:
    """An open connection and the letters on it: one message, one envelope behind it.

    Args:
        smtp: as `opening.open_smtp` returns it.
        patience: the longest wait for a reply, in seconds; twice as long after a
            message.

    Attributes:
        deadline: when the wait for the next reply ends, on a monotonic clock.
        ready: letters whose message may be handed over, by their keys.
        done: letters that ended here, until somebody takes them out.
        has_carried: whether a letter was answered on it and it stayed open.
        untouched: letters that must start afresh elsewhere: the relay closed a
            connection that was idle for minutes, or had carried enough letters.
    """

    def __init__(self, smtp: smtplib.SMTP, *, patience: float) -> None:
        self._smtp = smtp
        self._features = _features(smtp)
        self._patience = patience
        self._reader = ReplyReader()
        self._unwritten = memoryview(b"")
        self._behind_the_dot = 0
        self._letters: deque[tuple[int, Dialogue]] = deque()
        self._leaves_open = False
        self._wants_write = False
        self._waited_for = EVENT_READ
        self._carried = 0
        self.has_carried = False
        self._waited: tuple[int, int] | None = None
        self.deadline = math.inf
        self.is_open = True
        self.ready: list[int] = []
        self.done: list[Done] = []
        self.untouched: list[tuple[int, Letter]] = []
        # An envelope behind a message must not wait for the relay's TCP to say that it
        # got the message (Nagle's algorithm, 40 ms and more).
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.fileno = self.socket.fileno()

    @property
    def socket(self) -> socket:
        """The socket, to wait for."""
        sock: socket | None = self._smtp.sock
        if sock is None:
            raise ValueError("the connection is closed")
        return sock

    @property
    def is_idle(self) -> bool:
        """Tell whether no letter is on it."""
        return self.is_open and not self._letters

    @property
    def has_room(self) -> bool:
        """Tell whether an envelope may be said: at once, or behind a message."""
        if not self.is_open:
            return False
        if not self._letters:
            return True
        behind_a_message = len(self._letters) == 1 and self._letters[0][1].in_doubt
        return behind_a_message and self._features.pipelining

    def new_events(self) -> int | None:
        """Return what to wait for from now on, if that has changed."""
        events = EVENT_READ | (EVENT_WRITE if self._wants_write else 0)
        if events == self._waited_for:
            return None
        self._waited_for = events
        return events

    def start(self, key: int, letter: Letter) -> None:
        """Begin a letter; nothing is written before `push`."""
        dialogue = Dialogue(letter, self._features, reset=self._leaves_open)
        words = dialogue.begin()
        if dialogue.outcome:
            self.done.append(Done(key, dialogue.outcome))
            return
        self._leaves_open = False
        self._letters.append((key, dialogue))
        self._say(words)

    def hand_over(self) -> None:
        """Say the message of the letter that is ready."""
        _, dialogue = self._letters[0]
        self._say(dialogue.hand_over())
        self._behind_the_dot = 0

    def push(self, *, now: float) -> None:
        """Write what was said since, as far as the network takes it."""
        self._guarded(self._flush, now)

    def exchange(self, *, now: float) -> None:
        """Read and write what can be; `ready` and `done` tell what came of it."""
        self._guarded(self._read, now)

    def expire(self) -> None:
        """End the connection, since the relay was silent for too long."""
        self._lose("the relay did not answer in time")

    def abandon(self) -> None:
        """Hang up in front of a message, so that it never leaves."""
        self._letters.popleft()
        self._lose("another letter was given up")

    def close(self) -> None:
        """Say QUIT, unless a letter is on its way, and hang up."""
        if self.is_idle:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self.socket.settimeout(GOODBYE_SECONDS)
                self._smtp.quit()
        if self.is_open:
            self._hang_up()

    def _guarded(self, act: Callable[[], None], now: float) -> None:
        """Do something with the socket; what breaks it ends the letters on it."""
        try:
            act()
        except NotSmtp as error:
            if asked := [it for _, it in self._letters if it.listens]:
                # It did not leave before that letter came, whatever it is saying.
                asked[0].was_heard = True
            self._lose(str(error))
        except OSError as error:
            self._hear_the_last()
            self._lose(str(error) or type(error).__name__)
        self._set_deadline(now)

    def _hear_the_last(self) -> None:
        """Read what the relay said before it hung up.

        It may have taken a message and closed the connection while the next envelope
        was on its way; then writing fails before that answer was read.
        """
        with contextlib.suppress(OSError, NotSmtp):
            while self.is_open and (data := self.socket.recv(READ_AT_ONCE)):
                for reply in self._reader.feed(data):
                    self._hear(reply)

    def _read(self) -> None:
        self._flush()
        while self.is_open:
            try:
                data = self.socket.recv(READ_AT_ONCE)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except ssl.SSLWantWriteError:
                self._wants_write = True
                return
            if not data:
                raise ConnectionResetError("the relay closed the connection")
            try:
                replies = self._reader.feed(data)
            except NotSmtp as error:
                for reply in error.before:
                    self._hear(reply)
                raise
            for reply in replies:
                self._hear(reply)
            self._flush()
            # Without TLS one read takes all that is there; a second would only say so.
            if len(data) < READ_AT_ONCE and not isinstance(self._smtp.sock, SSLSocket):
                return

    def _hear(self, reply: Reply) -> None:
        """Tell the letter that waits for it; the message stands before the envelope."""
        for letter in self._letters:
            if letter[1].listens:
                break
        else:
            said = f"{reply.code} {reply.text}"
            raise NotSmtp(f"the relay answered what nobody asked: {said}")
        key, dialogue = letter
        if words := dialogue.hear(reply):
            self._say(words)
        if dialogue.is_ready:
            self.ready.append(key)
        elif dialogue.outcome is not None:
            self._letters.remove(letter)
            self._end(key, dialogue)

    def _end(self, key: int, dialogue: Dialogue) -> None:
        """Note how a letter ended, and whether the connection ends with it."""
        self._leaves_open = dialogue.leaves_open
        if dialogue.closing and self._carried and dialogue.was_turned_away:
            self.untouched.append((key, dialogue.letter))
        elif dialogue.outcome is not None:
            self.done.append(Done(key, dialogue.outcome))
        self._carried += 1
        self.has_carried |= not dialogue.closing
        if dialogue.closing:
            self._lose("the relay said that it closes the connection")

    def _say(self, words: bytes) -> None:
        self._behind_the_dot += len(words)
        rest = self._unwritten
        self._unwritten = memoryview(bytes(rest) + words if rest else words)

    def _flush(self) -> None:
        self._wants_write = False
        while self._unwritten:
            try:
                sent = self.socket.send(self._unwritten)
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wants_write = True
                return
            except ssl.SSLWantReadError:
                return
            self._unwritten = self._unwritten[sent:]

    def _set_deadline(self, now: float) -> None:
        """Wait for the first outstanding reply as long as its step may take.

        Only a reply ends the wait for it: neither what we write meanwhile, nor a relay
        that sends its words byte by byte.
        """
        for key, dialogue in self._letters:
            if (step := dialogue.step) is not None:
                if (key, step) != self._waited:
                    self._waited = (key, step)
                    self.deadline = now + self._patience_of(dialogue)
                return
        self._waited = None
        self.deadline = math.inf

    def _patience_of(self, dialogue: Dialogue) -> float:
        if dialogue.in_doubt:
            # The relay may look for viruses before it answers.
            return min(2 * self._patience, PATIENCE_FOR_THE_MESSAGE)
        return min(self._patience, PATIENCE[dialogue.waits_for])

    def _lose(self, reason: str) -> None:
        """End the connection, and say of each letter on it what became of it."""
        dot_is_written = len(self._unwritten) <= self._behind_the_dot
        self._hang_up()
        letters, self._letters = self._letters, deque()
        for key, dialogue in letters:
            if self._carried and not dialogue.was_heard:
                self.untouched.append((key, dialogue.letter))
            else:
                outcome = dialogue.broken(reason, all_written=dot_is_written)
                self.done.append(Done(key, outcome))
            self._carried += 1

    def _hang_up(self) -> None:
        self.is_open = False
        self._unwritten = memoryview(b"")
        self._smtp.close()


def _features(smtp: smtplib.SMTP) -> Features:
    size = str(smtp.esmtp_features.get("size", "")).strip()
    return Features(
        pipelining=bool(smtp.has_extn("pipelining")),
        smtputf8=bool(smtp.has_extn("smtputf8")),
        size=bool(smtp.has_extn("size")),
        largest=int(size) if size.isdigit() else 0,
    )
