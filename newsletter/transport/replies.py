"""Replies of a relay, read from whatever bytes come in.

Pure: it is fed bytes and gives replies. A relay that writes lines without end, or
something that is not SMTP, is found out here.

Source: RFC 5321 §4.2 (form of a reply), §4.5.3.1.5 (512 octets a line; we take more).
"""

from typing import NamedTuple

LONGEST_LINE = 4_096
LONGEST_REPLY = 65_536
_GOES_ON = b"-"
_ENDS = frozenset({b"", b" "})
_CODES = {str(code).encode(): code for code in range(200, 600)}


class NotSmtp(Exception):
    """The relay wrote something that is no reply; the connection is of no more use.

    `before` holds the replies that stood before it, and still count.
    """

    before: "tuple[Reply, ...]" = ()


class Reply(NamedTuple):
    """A code of three digits and what stands behind it, lines parted by spaces."""

    code: int
    raw: bytes

    @property
    def text(self) -> str:
        """The reply's text on one line, whatever the relay put in."""
        words = self.raw.decode("utf-8", "replace").replace("\0", " ")
        return " ".join(words.split())


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
        replies: list[Reply] = []
        try:
            self._read(data, replies)
        except NotSmtp as error:
            error.before = tuple(replies)
            raise
        return replies

    def _read(self, data: bytes, replies: list[Reply]) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for ended in lines:
            line = ended.removesuffix(b"\r")
            mark = line[3:4]
            code = _CODES.get(line[:3])
            if code is None:
                raise _not_smtp(line)
            if mark in _ENDS and not self._lines:
                replies.append(Reply(code, line[4:]))
            elif mark in _ENDS:
                lines_before, self._lines = self._lines, []
                whole = b" ".join([*lines_before, line[4:]])
                replies.append(Reply(code, whole))
            elif mark == _GOES_ON:
                self._lines.append(line[4:])
            else:
                raise _not_smtp(line)
        held = sum(map(len, self._lines)) if self._lines else 0
        if len(self._buffer) > LONGEST_LINE or held > LONGEST_REPLY:
            raise NotSmtp("the relay does not speak SMTP: its reply has no end")


def _not_smtp(line: bytes) -> NotSmtp:
    return NotSmtp(f"the relay does not speak SMTP: it wrote {line[:60]!r}")
