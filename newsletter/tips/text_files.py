"""Read a text file without being hurt by it: bounded, and strict about its encoding."""

from pathlib import Path

from newsletter.errors import UnreadableSource

LARGEST = 1_000_000


def read_text(path: Path) -> str:
    """Return the text of *path*, at most 1 MB of UTF-8, with line feeds only.

    Raises:
        UnreadableSource: it is missing, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise cannot_open(path, error) from error
    if len(data) > LARGEST:
        raise UnreadableSource(
            path=path,
            where="",
            reason=f"it is larger than {LARGEST // 1_000_000} MB",
            remedy="A tip is a short text; leave the rest out, or divide it.",
        )
    return decode(data, path).replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes, path: Path, *, first_line: int = 1) -> str:
    """Return *data* as text; a byte order mark at its beginning is dropped.

    Raises:
        UnreadableSource: some byte is not UTF-8, or is a NUL.
    """
    try:
        text = data.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise _bad_byte(data, error.start, path, first_line) from error
    if "\0" in text:
        raise _bad_byte(data, data.index(0), path, first_line)
    return text


def cannot_open(path: Path, error: OSError) -> UnreadableSource:
    """Return the error for a file that the system does not give us."""
    return UnreadableSource(
        path=path,
        where="",
        reason=f"it cannot be opened: {error.strerror or error}",
        remedy="Check the name and who may read it.",
    )


def _bad_byte(data: bytes, at: int, path: Path, first_line: int) -> UnreadableSource:
    line = first_line + data.count(b"\n", 0, at)
    column = at - (data.rfind(b"\n", 0, at) + 1) + 1
    return UnreadableSource(
        path=path,
        where=f"line {line}",
        reason=f"byte {column} of the line (0x{data[at]:02X}) is not UTF-8 text",
        remedy="Save the file as UTF-8.",
    )
