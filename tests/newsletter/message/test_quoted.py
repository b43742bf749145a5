"""Quoted-printable in pieces: legal lines, whatever stands before and after."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.message.quoted import LONGEST_LINE, encode_piece

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@given(st.lists(TEXT, max_size=6))
def test_pieces_join_into_what_was_meant(pieces: list[str]) -> None:
    """Decoded by the standard library, the pieces are the text, with CRLF lines."""
    encoded = b"".join(map(encode_piece, pieces))

    decoded = quopri.decodestring(encoded).decode()

    assert decoded == "".join(pieces).replace("\n", "\r\n")


@given(st.lists(TEXT | st.text("=. From\té日", max_size=300), max_size=4))
def test_every_line_is_legal_and_harmless(pieces: list[str]) -> None:
    """Short, ASCII, without spaces at an end, a dot or "From " at a beginning."""
    encoded = b"".join(map(encode_piece, pieces))

    assert encoded.replace(b"\r\n", b"").isascii()
    assert b"\r" not in encoded.replace(b"\r\n", b"")
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    assert b"=_" not in encoded
    for line in encoded.split(b"\r\n"):
        assert len(line) <= LONGEST_LINE
        assert line == line.rstrip()
        assert not line.startswith((b".", b"From "))


@pytest.mark.parametrize("text", ["Dear Ada,", "a-token_123", " on 3 March 2026"])
def test_what_is_plain_stays_plain(text: str) -> None:
    """Most of what is spliced in needs a soft line break and nothing else."""
    assert encode_piece(text) == text.encode() + b"=\r\n"


def test_nothing_is_nothing() -> None:
    """An empty value leaves no trace."""
    assert encode_piece("") == b""
