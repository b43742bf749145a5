"""Replies of a relay, read from whatever bytes come in.

Pure: it is fed bytes and gives replies. A relay that writes lines without end, or
something that is not SMTP, is found out here.

Source: RFC 5321 §4.2 (form of a reply), §4.5.3.1.5 (512 octets a line; we take more).
"""

import re
from dataclasses import dataclass

LONGEST_LINE = 4_096
LONGEST_REPLY = 65_536
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\Z", re.DOTALL)


class NotSmtp(Exception):
    """The relay wrote something that is no reply; the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A code of three digits and its text, all lines as one."""

    code: int
    text: str


class ReplyReader:
    """Collects bytes until they are replies."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that *data* completes.

        Raises:
            NotSmtp: a line is no reply, or line or reply is without end.
        """
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        replies = [reply for line in lines if (reply := self._take(line))]
        held = sum(map(len, self._lines))
        if len(self._buffer) > LONGEST_LINE or held > LONGEST_REPLY:
            raise NotSmtp("the relay does not speak SMTP: its reply has no end")
        return replies

    def _take(self, line: bytes) -> Reply | None:
        found = _LINE.match(line.rstrip(b"\r"))
        if found is None:
            raise NotSmtp(f"the relay does not speak SMTP: it wrote {line[:60]!r}")
        code, more, text = found.groups()
        self._lines.append(text or b"")
        if more == b"-":
            return None
        words = b" ".join(self._lines).decode("utf-8", "replace")
        self._lines = []
        return Reply(int(code), " ".join(words.split()))
