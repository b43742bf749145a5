"""Records of a CSV file, read in bounded memory, each with the line it begins on.

Whatever is wrong with one record comes out as a `BadRecord` in its place and reading
goes on behind it; only a file in another encoding ends it. Knows nothing of what the
columns mean.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from subscribers.errors import UnreadableList

# Characters in a record, and so in a line. A person takes a few hundred; what is longer
# is a quote that was never closed, or no list at all.
LONGEST_RECORD = 65_536
# What is kept of a line that is longer.
KEPT_OF_LONG_LINES = 1_000
DELIMITERS = ",;\t"

_CHUNK_OCTETS = 65_536
_OPEN_QUOTE = "a quote is opened that is not closed before a delimiter"
_LONG = (
    f"it has more than {LONGEST_RECORD} characters; only the first "
    f"{KEPT_OF_LONG_LINES} are kept here"
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Record(NamedTuple):
    """The cells of one record; `line` counts from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A line that is no record, with what there was of it, and why."""

    line: int
    text: str
    reason: str


class RecordReader:
    """An iterator over the records of *source*; blank lines are passed over.

    Args:
        source: a file opened in binary, read once from where it stands.
        name: what errors call the file.
        encoding: ``utf-8`` (a byte order mark is fine) or another that Python knows.

    Raises:
        UnreadableList: the file is not in *encoding*, or there is no such encoding;
            when it is made, or later while it is read.
    """

    def __init__(self, source: BinaryIO, *, name: str, encoding: str) -> None:
        self._lines = _Lines(source, name=name, encoding=encoding)
        self._feed = _Feed(self._lines)
        self.delimiter = self._feed.choose_delimiter()
        self._parser = csv.reader(self._feed, delimiter=self.delimiter, strict=True)
        self._peeked: Record | BadRecord | None = None

    @property
    def octets(self) -> int:
        """How much of the file was taken in so far."""
        return self._lines.octets

    def __iter__(self) -> Iterator[Record | BadRecord]:
        """Yield what is left to read."""
        while (record := self.read()) is not None:
            yield record

    def peek(self) -> Record | BadRecord | None:
        """Return the record that `read` will return next."""
        self._peeked = self.read()
        return self._peeked

    def read(self) -> Record | BadRecord | None:
        """Return the next record; None at the end."""
        if self._peeked is not None:
            peeked, self._peeked = self._peeked, None
            return peeked
        while True:
            self._feed.begin_record()
            try:
                cells = next(self._parser)
            except StopIteration:
                return None
            except (csv.Error, _TooLong):
                return self._feed.give_up_first_line()
            if self._feed.holds_nul():
                return self._feed.give_up_all("it holds a NUL character")
            if any(cell.strip() for cell in cells):
                return Record(self._feed.first_line, cells)


class _TooLong(Exception):
    """A record went on past `LONGEST_RECORD`."""


class _Feed:
    """Hands lines to the csv parser, and takes back those of a record that failed."""

    def __init__(self, lines: "_Lines") -> None:
        self._lines = iter(lines)
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self._taken_length = 0
        self.first_line = 1

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self._taken.append(line)
        self._taken_length += len(line)
        if self._taken_length > LONGEST_RECORD:
            raise _TooLong
        return line + "\n"

    def begin_record(self) -> None:
        """Forget the lines of the record before."""
        self.first_line += len(self._taken)
        self._taken.clear()
        self._taken_length = 0

    def give_up_first_line(self) -> BadRecord:
        """Return the record's first line as bad; the others will be read afresh."""
        text = self._taken[0]
        self._waiting.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        if len(text) > LONGEST_RECORD:
            return BadRecord(self.first_line, text[:KEPT_OF_LONG_LINES], _LONG)
        return BadRecord(self.first_line, text, _OPEN_QUOTE)

    def give_up_all(self, reason: str) -> BadRecord:
        """Return all lines of the record as bad."""
        return BadRecord(self.first_line, "\n".join(self._taken), reason)

    def holds_nul(self) -> bool:
        """Tell whether a NUL is among the lines of the record."""
        return any("\0" in line for line in self._taken)

    def choose_delimiter(self) -> str:
        """Return the delimiter that the first line with text in it uses most.

        A line ``sep=;``, which spreadsheets write for each other, is taken as said.
        """
        for line in self._lines:
            if said := re.fullmatch(r"sep=([,;\t])", line):
                self.first_line += 1
                return said[1]
            if line.strip():
                self._waiting.append(line)
                bare = re.sub(r'"[^"]*"', "", line)
                return max(DELIMITERS, key=bare.count)
            self.first_line += 1
        return DELIMITERS[0]


class _Lines:
    """The lines of a binary file, decoded, without their ends, cut when too long."""

    def __init__(self, source: BinaryIO, *, name: str, encoding: str) -> None:
        self._source = source
        self._name = name
        self._encoding = encoding
        self._line = 0
        self.octets = 0
        try:
            "".encode(encoding)
            self._is_utf8 = codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}
        except (LookupError, UnicodeError) as error:
            raise self._unreadable(
                f"there is no text encoding {encoding!r}", "Name one such as cp1252."
            ) from error
        codec = codecs.getincrementaldecoder("utf-8-sig" if self._is_utf8 else encoding)
        # Octets that cannot be decoded come through as half surrogate pairs, so that
        # the very line they are on can be named.
        self._decoder = io.IncrementalNewlineDecoder(codec("surrogateescape"), True)

    def __iter__(self) -> Iterator[str]:
        rest = ""
        while chunk := self._source.read(_CHUNK_OCTETS):
            self.octets += len(chunk)
            if self._line == 0 and not rest:
                self._refuse_other_encodings(chunk)
            *whole, rest = (rest + self._decode(chunk)).split("\n")
            for line in whole:
                yield self._checked(line)
            rest = rest[: LONGEST_RECORD + 1]
        rest += self._decode(b"", final=True)
        if rest:
            yield self._checked(rest)

    def _decode(self, chunk: bytes, *, final: bool = False) -> str:
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeError as error:
            raise self._wrong_encoding(str(error)) from error

    def _checked(self, line: str) -> str:
        self._line += 1
        if not line.isascii():
            try:
                line.encode()
            except UnicodeEncodeError as error:
                octet = ord(line[error.start]) & 0xFF
                raise self._wrong_encoding(
                    f"the byte 0x{octet:02X} in character {error.start + 1} is not "
                    f"{self._encoding}"
                ) from error
        return line

    def _refuse_other_encodings(self, head: bytes) -> None:
        """Tell from the first octets that this is UTF-16 or UTF-32, not UTF-8."""
        if not self._is_utf8:
            return
        self._line = 1
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                raise self._wrong_encoding(f"this is {encoding}", encoding)
        for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            every_other = head[offset:400:2]
            if every_other.count(0) > len(every_other) // 2:
                raise self._wrong_encoding(f"this looks like {encoding}", encoding)
        self._line = 0

    def _wrong_encoding(self, reason: str, likely: str = "cp1252") -> UnreadableList:
        return self._unreadable(
            reason,
            "Save the file as UTF-8, or name its encoding, for example "
            f"--encoding {likely}.",
        )

    def _unreadable(self, reason: str, remedy: str) -> UnreadableList:
        line = max(self._line, 1)
        return UnreadableList(path=self._name, line=line, reason=reason, remedy=remedy)
