"""Quoted-printable that can be cut: pieces encoded apart still join into one body.

Every piece begins at the start of a line and ends at one, soft line breaks included.
The standard library's encoders begin where the last piece ended, so they cannot.

Source: RFC 2045 §6.7.
"""

import re
from binascii import b2a_qp

LONGEST_LINE = 76
SOFT_BREAK = b"=\r\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
# Needs no encoding wherever it stands: tokens, and most of what is spliced in.
_PLAIN = re.compile(r"(?!From )[A-Za-z0-9 _-][A-Za-z0-9 _.,'-]{0,60}[A-Za-z0-9_.,-]\Z")
# A line may still get a "=" at its end and an escape instead of its first character.
_ROOM = LONGEST_LINE - len("=") - len("46")


def encode_piece(text: str) -> bytes:
    """Return *text* encoded, to be followed by another piece of the same body.

    A piece that does not end with a line end gets a soft one, which readers never see.
    """
    if not text:
        return b""
    if _PLAIN.match(text):
        return text.encode() + SOFT_BREAK
    # A name's greeting, twice for each copy: half the time of the general way.
    if "\n" not in text and "\r" not in text:
        return _encode_line(text) + SOFT_BREAK
    *lines, last = _LINE_END.split(text)
    encoded = b"".join(_encode_line(line) + b"\r\n" for line in lines)
    return encoded + _encode_line(last) + SOFT_BREAK if last else encoded


def _encode_line(line: str) -> bytes:
    octets = line.encode("utf-8", "replace")
    # Its own soft breaks begin where the last piece ended, so they are taken out.
    encoded = b2a_qp(octets, istext=False).replace(b"=\n", b"")
    lines: list[bytes] = []
    while len(encoded) > _ROOM:
        cut = _ROOM
        # An escape such as "=C3" stays in one piece.
        while b"=" in encoded[cut - 2 : cut]:
            cut -= 1
        lines.append(_harmless(encoded[:cut]))
        encoded = encoded[cut:]
    return SOFT_BREAK.join([*lines, _harmless(encoded)])


def _harmless(line: bytes) -> bytes:
    """Encode what programs on the way change at the start of a line.

    A lone dot ends a message when somebody forgets to double it (RFC 5321 §4.5.2), and
    "From " gets a ">" before it in old mailboxes.
    """
    if line.startswith(b"."):
        return b"=2E" + line[1:]
    if line.startswith(b"From "):
        return b"=46" + line[1:]
    return line
