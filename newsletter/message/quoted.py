"""Quoted-printable that can be cut: pieces encoded apart still join into one body.

Every piece begins at the start of a line and ends at one, soft line breaks included.
The standard library's encoders begin where the last piece ended, so they cannot.

Source: RFC 2045 §6.7.
"""

import re

LONGEST_LINE = 76
_SOFT_BREAK = b"=\r\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
# Needs no encoding wherever it stands: tokens, and most of what is spliced in.
_PLAIN = re.compile(r"(?!From )[A-Za-z0-9 _-][A-Za-z0-9 _.,'-]{0,60}[A-Za-z0-9_.,-]\Z")
_ENCODED = {
    byte: f"={byte:02X}" for byte in range(256) if byte == 61 or not 32 <= byte <= 126
}
# A line may still get a "=" at its end and an escape instead of its first character.
_ROOM = LONGEST_LINE - len("=") - len("46")


def encode_piece(text: str) -> bytes:
    """Return *text* encoded, to be followed by another piece of the same body.

    A piece that does not end with a line end gets a soft one, which readers never see.
    """
    if not text:
        return b""
    if _PLAIN.match(text):
        return text.encode() + _SOFT_BREAK
    *lines, last = _LINE_END.split(text)
    encoded = "".join(f"{_encode_line(line)}\r\n" for line in lines).encode()
    return encoded + (_encode_line(last).encode() + _SOFT_BREAK if last else b"")


def _encode_line(line: str) -> str:
    encoded = line.encode("utf-8", "replace").decode("latin-1").translate(_ENCODED)
    if encoded.endswith(" "):
        encoded = encoded[:-1] + "=20"
    lines: list[str] = []
    while len(encoded) > _ROOM:
        # An escape such as "=C3" stays in one piece.
        cut = next(at for at in (_ROOM - 2, _ROOM - 1, _ROOM) if _may_cut(encoded, at))
        lines.append(_harmless(encoded[:cut]))
        encoded = encoded[cut:]
    return "=\r\n".join([*lines, _harmless(encoded)])


def _may_cut(encoded: str, at: int) -> bool:
    return "=" not in encoded[at - 2 : at]


def _harmless(line: str) -> str:
    """Encode what programs on the way change at the start of a line.

    A lone dot ends a message when somebody forgets to double it (RFC 5321 §4.5.2), and
    "From " gets a ">" before it in old mailboxes.
    """
    if line.startswith("."):
        return "=2E" + line[1:]
    if line.startswith("From "):
        return "=46" + line[1:]
    return line
