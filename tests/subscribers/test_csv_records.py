"""Records come out of any file, in bounded memory, each with its line."""

import csv
import io
import tracemalloc
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.csv_records import (
    KEPT_OF_LONG_LINES,
    LONGEST_RECORD,
    BadRecord,
    Record,
    RecordReader,
)
from subscribers.errors import UnreadableList


def read(content: str | bytes, encoding: str = "utf-8") -> list[Record | BadRecord]:
    """Return all records of a file with this content."""
    octets = content.encode() if isinstance(content, str) else content
    return list(RecordReader(io.BytesIO(octets), name="list.csv", encoding=encoding))


def cells(content: str | bytes, encoding: str = "utf-8") -> list[list[str]]:
    """Return the cells of all records, none of which may be bad."""
    records = read(content, encoding)
    assert all(isinstance(record, Record) for record in records)
    return [record.cells for record in records if isinstance(record, Record)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_line(end: str) -> None:
    """Files of Unix, Windows and old Macs are read alike, blank lines passed over."""
    found = read(end.join(["a,b", "", "1,2", " , ", "3,4"]))

    assert found == [
        Record(1, ["a", "b"]),
        Record(3, ["1", "2"]),
        Record(5, ["3", "4"]),
    ]


def test_other_separators_of_text_end_no_line() -> None:
    """A form feed or a Unicode line separator is part of a cell."""
    assert cells("a\u2028b\x0bc\x85d,e") == [["a\u2028b\x0bc\x85d", "e"]]


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("email;name\na;b", ";"),
        ("email\tname\na\tb", "\t"),
        ('email,"name; or, not",a\n', ","),
        ('"x,y,z";b\n', ";"),
        ("\n\nemail;name\n", ";"),
        ("sep=;\nemail,x;name\n", ";"),
        ("email\n", ","),
        ("", ","),
        ("\n\n", ","),
    ],
)
def test_the_delimiter_is_recognised(content: str, delimiter: str) -> None:
    """The first line with text tells it; what is in quotes does not count."""
    reader = RecordReader(
        io.BytesIO(content.encode()), name="list.csv", encoding="utf-8"
    )

    assert reader.delimiter == delimiter


def test_lines_before_the_header_count() -> None:
    """A line is named as an editor numbers it, whatever was passed over."""
    assert read("\nsep=;\n\na;b\n") == [Record(4, ["a", "b"])]


def test_a_quoted_cell_may_go_over_lines() -> None:
    """The record has the number of its first line, and the next one its own."""
    assert read('a,"b\nc"\nd,e') == [Record(1, ["a", "b\nc"]), Record(3, ["d", "e"])]


def test_an_open_quote_costs_one_line() -> None:
    """The line is bad, and those that the quote would have swallowed are read."""
    found = read('a,b\n"c,d\ne,f\ng,h\n')

    assert found[0] == Record(1, ["a", "b"])
    assert isinstance(found[1], BadRecord)
    assert (found[1].line, found[1].text) == (2, '"c,d')
    assert "quote" in found[1].reason
    assert found[2:] == [Record(3, ["e", "f"]), Record(4, ["g", "h"])]


def test_an_open_quote_that_meets_another_joins_no_lines() -> None:
    """Two broken lines do not become one strange person."""
    found = read('a,b\n"c,d\n"e",f\ng,h\n')

    assert [record.line for record in found if isinstance(record, BadRecord)] == [2]
    assert found[2:] == [Record(3, ["e", "f"]), Record(4, ["g", "h"])]


def test_an_open_quote_far_from_the_end_is_given_up() -> None:
    """What a quote may swallow is bounded, so its line is found in a long file too."""
    lines = ["x" * 90 + ",y"] * 2_000
    lines[3] = '"' + lines[3]

    found = read("\n".join(lines))

    assert [record.line for record in found] == list(range(1, 2_001))
    assert [record.line for record in found if isinstance(record, BadRecord)] == [4]


def test_a_nul_spoils_its_record_only() -> None:
    """A record with a NUL is bad as a whole."""
    found = read('a,b\n"c\nd\0",e\nf,g\n')

    assert found == [
        Record(1, ["a", "b"]),
        BadRecord(2, '"c\nd\0",e', "it holds a NUL character"),
        Record(4, ["f", "g"]),
    ]


class Endless(io.RawIOBase):
    """A header, a line of 200 million letters, and a line after it."""

    def __init__(self) -> None:
        self._parts = [b"a,b\n", *[b"x" * 1_000_000] * 200, b"\nc,d\n"]
        self._parts.reverse()

    def read(self, size: int = -1) -> bytes:
        """Return at most *size* octets of what is left."""
        if not self._parts:
            return b""
        part = self._parts.pop()
        if len(part) > size:
            self._parts.append(part[size:])
        return part[:size]


def test_a_line_of_200_megabytes_is_an_error_and_not_memory() -> None:
    """It costs no more memory than any line; its number and its beginning are told."""
    reader = RecordReader(cast(BinaryIO, Endless()), name="list.csv", encoding="utf-8")

    tracemalloc.start()
    try:
        found = list(reader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [record.line for record in found] == [1, 2, 3]
    assert isinstance(found[1], BadRecord)
    assert found[1].text == "x" * KEPT_OF_LONG_LINES
    assert f"more than {LONGEST_RECORD} characters" in found[1].reason
    assert peak < 4_000_000


def test_the_longest_line_is_read_whole() -> None:
    """The limit is the one that is told."""
    assert cells("x" * LONGEST_RECORD + "\ny") == [["x" * LONGEST_RECORD], ["y"]]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF_8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_text(encoding: str) -> None:
    """What Excel writes as UTF-8 begins with its first column."""
    assert cells(b"\xef\xbb\xbfemail\n", encoding) == [["email"]]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_may_be_named(encoding: str) -> None:
    """A file in a named encoding is read as it is meant."""
    assert cells("email,name\na,José\n".encode(encoding), encoding) == [
        ["email", "name"],
        ["a", "José"],
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_wide_encodings_are_recognised(encoding: str) -> None:
    """A file in UTF-16 is called that, and the error says how to read it."""
    with pytest.raises(UnreadableList) as refused:
        read("email,name\nann@example.org,Ann\n".encode(encoding))

    assert refused.value.line == 1
    assert "--encoding utf-" in refused.value.remedy


def test_a_wrong_byte_is_named_with_its_line() -> None:
    """One letter of Latin-1 in a long file is found, wherever the chunks end."""
    lines = ["ann@example.org,Ann"] * 20_000
    content = "\n".join(lines).encode() + "\nbob@example.org,José\n".encode("cp1252")

    with pytest.raises(UnreadableList) as refused:
        read(content)

    assert refused.value.line == 20_001
    assert "0xE9 in character 20 is not utf-8" in refused.value.reason
    assert "--encoding cp1252" in refused.value.remedy


@pytest.mark.parametrize(
    ("content", "encoding"), [(b"a\x81b", "cp1252"), (b"\xff\xfea\0b", "utf-16")]
)
def test_a_named_encoding_can_be_wrong_too(content: bytes, encoding: str) -> None:
    """What is not in the named encoding is an error as well, not another letter."""
    with pytest.raises(UnreadableList, match=r"list\.csv, line 1"):
        read(content, encoding)


@pytest.mark.parametrize("encoding", ["utf-9", "hex", "undefined", ""])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    """A mistyped name is told back."""
    with pytest.raises(UnreadableList, match="no text encoding"):
        read("a", encoding)


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(content: bytes) -> None:
    """Whatever is in a file, lines only grow, and no other error comes out."""
    try:
        lines = [record.line for record in read(content)]
    except UnreadableList:
        return

    assert lines == sorted(set(lines))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=6))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[list[str]]) -> None:
    """Every row comes back, but for those without any text."""
    out = io.StringIO()
    csv.writer(out).writerows([["head", "head"], *rows])

    assert cells(out.getvalue())[1:] == [
        row for row in rows if any(cell.strip() for cell in row)
    ]
