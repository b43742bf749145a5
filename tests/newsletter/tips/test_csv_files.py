"""CSV files: one row a tip, and errors that name the line."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import UnreadableSource
from newsletter.tips.csv_files import read_csv
from newsletter.tips.drafts import Found, Refused, TipDraft
from newsletter.tips.text_files import LARGEST

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"


def read(folder: Path, data: str | bytes) -> list[Found]:
    """Write *data* to a file and return what is read from it."""
    path = folder / "tips.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(read_csv(path))


def test_a_spreadsheet_with_semicolons_is_read() -> None:
    """Texts of several lines, quotes, lists and headings are understood."""
    first, bad, last = read_csv(CORPUS / "semicolons.csv")

    assert isinstance(first, TipDraft)
    assert first.body == 'Say "good day" first.\n\nThen ask.'
    assert first.tags == ("greeting", "door")
    assert first.written_on == date(2025, 1, 7)
    assert isinstance(bad, Refused)
    assert (bad.where.rsplit(":")[-1], bad.value) == ("5", "2025-02-30")
    assert isinstance(last, TipDraft)
    assert last.title == "Headed"


def test_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    """It does not take away what the library has."""
    (tip,) = read(tmp_path, "title,body,tags,author\nA,Text.,,\n")

    assert isinstance(tip, TipDraft)
    assert (tip.tags, tip.author) == (None, None)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("title,boby\nA,b\n", 1, 'Did you mean "body"?'),
        ("title,tags\nA,b\n", 1, "no column 'body'"),
        ("title,body,title\n", 1, "two columns 'title'"),
        ("", 1, "no column 'title'"),
        ('title,body\nA,b\nC,"never closed\nand on\n', 3, "cannot be read"),
        (b"title,body\nA,\xff\n", 2, "byte 3"),
        (b"title,body\nA,b\x00\n", 2, "byte 4"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, data: str | bytes, line: int, words: str
) -> None:
    """Nothing is guessed: the error says where and what to do."""
    with pytest.raises(UnreadableSource) as caught:
        read(tmp_path, data)

    assert caught.value.where == f"line {line}"
    assert words in str(caught.value)


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    """A forgotten quotation mark must not cut a text."""
    (refused,) = read(tmp_path, "title,body\nA,one, two\n")

    assert isinstance(refused, Refused)
    assert refused.value == " two"


def test_an_endless_line_is_an_error_and_not_memory(tmp_path: Path) -> None:
    """The line is named as soon as it passes the limit."""
    with pytest.raises(UnreadableSource, match="line 2: the line is longer"):
        read(tmp_path, b"title,body\n" + b"x" * (LARGEST + 10))
