"""Text files: bounded, and UTF-8 to the byte."""

from pathlib import Path

import pytest

from newsletter.errors import UnreadableSource
from newsletter.tips.text_files import LARGEST, read_text


def test_a_byte_order_mark_and_foreign_line_ends_are_understood(tmp_path: Path) -> None:
    """Files of any editor give the same text."""
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")

    assert read_text(path) == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("data", "line", "byte"),
    [(b"a\nbc\xff", 2, "byte 3"), (b"\x00", 1, "byte 1"), (b"a\n\xe9\n", 2, "byte 1")],
)
def test_the_first_bad_byte_is_named(
    tmp_path: Path, data: bytes, line: int, byte: str
) -> None:
    """The error tells line, byte and what to do."""
    path = tmp_path / "a.md"
    path.write_bytes(data)

    with pytest.raises(UnreadableSource) as caught:
        read_text(path)

    assert caught.value.where == f"line {line}"
    assert byte in caught.value.reason
    assert "UTF-8" in caught.value.remedy


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    """More than a megabyte is no tip."""
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * (LARGEST + 1))

    with pytest.raises(UnreadableSource, match="larger than 1 MB"):
        read_text(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(UnreadableSource, match=r"gone\.md"):
        read_text(tmp_path / "gone.md")
