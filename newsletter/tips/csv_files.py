"""Read tips from a CSV file: one row a tip, columns named in the first line.

Commas, semicolons and tabs are understood, as spreadsheets of all countries write them.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from newsletter.errors import UnreadableSource
from newsletter.tips.drafts import Found, Refused
from newsletter.tips.fields import CELL_FIELDS, Field, draft, unknown_field
from newsletter.tips.text_files import LARGEST, cannot_open, decode

COLUMNS = ("title", "body", *CELL_FIELDS)
_NEEDED = ("title", "body")
_DELIMITERS = ",;\t"


def read_csv(path: Path) -> Iterator[Found]:
    """Yield the tip of each row of *path*, or why it cannot be one.

    Raises:
        UnreadableSource: the file is not UTF-8, has no usable first line, or its
            quotes do not close; the text names the line.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise cannot_open(path, error) from error
    with file:
        lines = _lines(file, path)
        header = next(lines, "")
        columns, delimiter = _columns(header, path)
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        yield from _tips(rows, columns, path)


class _Rows(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __next__(self) -> list[str]: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def _tips(rows: "_Rows", columns: list[str], path: Path) -> Iterator[Found]:
    line = 2
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise UnreadableSource(
                path=path,
                where=f"line {line}",
                reason=f"the row that begins here cannot be read: {error}",
                remedy="Check that every quotation mark of the row is closed; a mark "
                "within a text is written twice.",
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _tip(cells, columns, f"{path}:{line}")
        line = rows.line_num + 2


def _tip(cells: list[str], columns: list[str], where: str) -> Found:
    if len(cells) > len(columns):
        reason = f"is one cell too many; the first line names {len(columns)} columns"
        remedy = "Put texts with the separator in them between quotation marks."
        return Refused(where, cells[len(columns)], reason, remedy)
    row = dict(zip(columns, cells, strict=False))
    body = row.pop("body", "")
    # An empty cell says nothing; it does not take away what the library has.
    fields = {name: Field(cell, where) for name, cell in row.items() if cell.strip()}
    return draft(fields, body, where=where, default_slug="")


def _columns(header: str, path: Path) -> tuple[list[str], str]:
    """Return the names in *header*, and what stands between them."""
    delimiter = max(_DELIMITERS, key=header.count)
    cells = next(csv.reader([header], delimiter=delimiter), [])
    names = [cell.strip().lower() for cell in cells]
    for name in names:
        if name not in COLUMNS:
            refused = unknown_field(name, "", COLUMNS)
            raise _bad_header(path, f"there is a column {name!r}", refused.remedy)
        if names.count(name) > 1:
            raise _bad_header(path, f"there are two columns {name!r}", "Keep one.")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        reason = f"there is no column {missing[0]!r}"
        raise _bad_header(path, reason, f"Columns are {', '.join(COLUMNS)}.")
    return names, delimiter


def _bad_header(path: Path, reason: str, remedy: str) -> UnreadableSource:
    return UnreadableSource(path=path, where="line 1", reason=reason, remedy=remedy)


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    """Yield the lines of *file*, none of them longer than memory can bear."""
    number = 0
    while data := file.readline(LARGEST + 1):
        number += 1
        if len(data) > LARGEST:
            raise UnreadableSource(
                path=path,
                where=f"line {number}",
                reason=f"the line is longer than {LARGEST // 1_000_000} MB",
                remedy="Check that this is a CSV file with one tip in each row.",
            )
        yield decode(data, path, first_line=number)
