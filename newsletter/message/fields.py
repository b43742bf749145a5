"""Header lines: text, mailboxes and URIs, each encoded as its kind demands.

Nothing that comes from people can end a line or begin a header: whatever controls a
line becomes a space here, at the last border before the wire. URIs and ids are never
encoded, since programs read them as they stand.
"""

import re
import string
from binascii import b2a_base64
from collections.abc import Iterator

import idna

from newsletter.errors import UnmailableAddress
from subscribers.addresses import on_the_wire

# Lines should have 78 columns at most, and lines with encoded words 76.
# Source: RFC 5322 §2.1.1; RFC 2047 §2.
FOLD_AT = 76
# C0 and C1 controls, line and paragraph separators, half characters, and the marks that
# turn the direction of everything after them.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_PRINTABLE = re.compile(r"[ -~]+\Z")
_FRAME = len("=?utf-8?q??=")
_LONGEST_PAYLOAD = 75 - _FRAME
_Q_SAFE = (string.ascii_letters + string.digits + "!*+-/ ").encode()
_Q = [chr(octet) if octet in _Q_SAFE else f"={octet:02X}" for octet in range(256)]
_Q[ord(" ")] = "_"
# An octet of UTF-8 that does not begin a character.
_Q_GOES_ON = re.compile("=[89AB]")
# Quoted local parts are refused when an address is read; see subscribers.addresses.
_ADDRESS = re.compile(r"""[^\x00-\x20\x7f<>,;:"\\()@]+@[A-Za-z0-9.-]+\Z""")


def one_line(text: str) -> str:
    """Return *text* without control characters, each run of spaces as one space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_CONTROLS.sub(" ", text).split())


def wire_address(address: str) -> str:
    """Return *address* as a header and an envelope carry it, its domain in ASCII.

    What is not ASCII then is the local part; such a letter needs SMTPUTF8, and its
    header holds the address as it is, in UTF-8.

    Raises:
        UnmailableAddress: it is no address at all.

    Source: RFC 6531 §3.1; RFC 6532 §3.2; RFC 5891 §4.
    """
    try:
        wire = on_the_wire(address)
    except idna.IDNAError as error:
        raise UnmailableAddress(reason=f"its domain is no domain ({error})") from error
    if not _ADDRESS.match(wire) or not (wire.isascii() or wire.isprintable()):
        raise UnmailableAddress(reason="it holds characters that no address may hold")
    return wire


def ascii_address(address: str) -> str:
    """Return an *address* of ours, which must do without SMTPUTF8.

    Raises:
        UnmailableAddress: its local part is not ASCII, or it is no address at all.
    """
    wire = wire_address(address)
    if not wire.isascii():
        raise UnmailableAddress(reason="its part before the @ is not ASCII")
    return wire


def mailbox_field(name: str, words: str, address: str) -> bytes:
    """Return a line such as ``To: "Reyes, Ada" <ada@example.org>``.

    Args:
        words: the person's name, as anybody may have typed it; may be empty.
        address: as `wire_address` returns it.

    Source: RFC 5322 §3.4; RFC 2047 §5 rule 3 (encoded words in a phrase).
    """
    phrase = _phrase(name, one_line(words))
    if not phrase:
        return f"{name}: {address}\r\n".encode()
    last = phrase.rpartition("\r\n ")[2]
    used = len(last) + (len(name) + 2 if last == phrase else 1)
    gap = " " if used + len(address) + 3 <= FOLD_AT else "\r\n "
    return f"{name}: {phrase}{gap}<{address}>\r\n".encode()


def _phrase(field: str, words: str) -> str:
    room = FOLD_AT - len(field) - 2
    if len(words) <= room and "=?" not in words:
        if _ATOMS.match(words):
            return words
        if _PRINTABLE.match(words):
            quoted = words.replace("\\", "\\\\").replace('"', '\\"')
            if len(quoted) + 2 <= room:
                return f'"{quoted}"'
    return _encoded_words(field, words) if words else ""


def text_field(name: str, words: str) -> bytes:
    """Return a line of free text such as Subject, folded or encoded where needed."""
    words = one_line(words)
    if _PRINTABLE.match(words) and "=?" not in words:
        folded = _fold(f"{name}: ", words.split(" "))
        if all(len(line) <= FOLD_AT for line in folded.split("\r\n")):
            return f"{folded}\r\n".encode()
    return f"{name}: {_encoded_words(name, words)}\r\n".encode()


def plain_field(name: str, value: str) -> bytes:
    """Return a line that is neither encoded nor folded.

    Raises:
        ValueError: *value* is not ASCII, or has a character that ends a line.
    """
    if not _PRINTABLE.match(value):
        raise ValueError(f"{name}: {value!r} cannot stand in a header as it is")
    return f"{name}: {value}\r\n".encode()


def _fold(start: str, words: list[str]) -> str:
    lines, line = [], start + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > FOLD_AT:
            lines.append(line)
            line = f" {word}"
        else:
            line += f" {word}"
    return "\r\n".join([*lines, line])


def _encoded_words(field: str, words: str) -> str:
    """Return *words* as encoded words, each with whole characters, one a line.

    Written here because email.header takes 20 to 300 µs for a name, and a name is
    encoded for every copy.

    Source: RFC 2047 §2 (75 characters), §4 (B and Q), §5 rule 3 (in a phrase).
    """
    octets = words.encode()
    unsafe = len(octets.translate(None, _Q_SAFE))
    encode = _in_q if unsafe * 2 <= len(octets) else _in_b
    return "\r\n ".join(encode(octets, FOLD_AT - len(f"{field}: ") - _FRAME))


def _in_q(octets: bytes, room: int) -> Iterator[str]:
    """Yield encoded words, the first of at most *room* columns inside its frame."""
    rest = "".join([_Q[octet] for octet in octets])
    while rest:
        at = room
        # Neither inside an escape, nor before one that goes on with a character.
        while "=" in rest[at - 2 : at] or _Q_GOES_ON.match(rest, at):
            at -= 1
        yield f"=?utf-8?q?{rest[:at]}?="
        rest, room = rest[at:], _LONGEST_PAYLOAD


def _in_b(octets: bytes, room: int) -> Iterator[str]:
    """Do the same in base64, where four columns hold three octets."""
    while octets:
        at = room // 4 * 3
        while octets[at : at + 1] and octets[at] & 0xC0 == 0x80:
            at -= 1
        encoded = b2a_base64(octets[:at], newline=False).decode()
        yield f"=?utf-8?b?{encoded}?="
        octets, room = octets[at:], _LONGEST_PAYLOAD
