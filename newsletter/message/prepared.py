"""One issue's message with everything done that all readers share.

The order of work is turned round: headers and bodies are encoded once and cut at the
holes, and a copy is those pieces joined around one reader's values. A property test
holds the result against what the standard library would have built for that reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from html import escape
from itertools import groupby
from typing import NamedTuple

from newsletter.config import Settings
from newsletter.errors import BadTemplate
from newsletter.holes import RESERVED_WORD, Hole, greet, split
from newsletter.message import headers, mime
from newsletter.message.fields import (
    mailbox_field,
    one_line,
    text_field,
    wire_address,
)
from newsletter.message.quoted import SOFT_BREAK, encode_piece

# What needs no encoding in a URL, nor on a line of quoted-printable of its own.
_WORD = r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,70}"
_THREE_TOKENS = re.compile(rf"{_WORD} {_WORD} {_WORD}\Z")


class Reader(NamedTuple):
    """Whose copy it is.

    Attributes:
        address: as stored; may have an IDN domain.
        name: as typed; empty when not known.
        message_id: ``left@right`` without angle brackets, the same on every retry.
        date: aware; kept for every retry too.
        unsubscribe, preferences, view: the three signed tokens.
        signed_up: words after "because you signed up", such as `` on 3 March 2026``;
            `newsletter.render.signed_up_words` writes them.
    """

    address: str
    name: str
    message_id: str
    date: datetime
    unsubscribe: str
    preferences: str
    view: str
    signed_up: str = ""


class _Slot(IntEnum):
    """A place in the bytes, by its number among a reader's values.

    A hole has two, one in each body, when they differ. `TOKEN` is the unsubscribe token
    as a header has it, without a soft line break.
    """

    TO = 0
    DATE = 1
    MESSAGE_ID = 2
    TOKEN = 3
    TEXT_GREETING = 4
    HTML_GREETING = 5
    SIGNED_UP = 6
    UNSUBSCRIBE = 7
    PREFERENCES = 8
    VIEW = 9


_TEXT_SLOTS = {
    Hole.GREETING: _Slot.TEXT_GREETING,
    Hole.SIGNED_UP: _Slot.SIGNED_UP,
    Hole.UNSUBSCRIBE: _Slot.UNSUBSCRIBE,
    Hole.PREFERENCES: _Slot.PREFERENCES,
    Hole.VIEW: _Slot.VIEW,
}
_HTML_SLOTS = {**_TEXT_SLOTS, Hole.GREETING: _Slot.HTML_GREETING}


@dataclass(frozen=True)
class PreparedMessage:
    """An issue ready to be filled; made by `prepare`, shared by threads."""

    # What all copies share, with b"" where `_slots` says that a reader's value goes.
    _pieces: tuple[bytes, ...]
    _slots: tuple[tuple[int, int], ...]
    _greeting: str
    _greeting_without_name: str

    def fill(self, reader: Reader) -> bytes:
        """Return *reader*'s copy: CRLF lines, dots not yet doubled.

        It is 7-bit, but for an address whose local part is not ASCII.

        Raises:
            UnmailableAddress: nothing can be sent there; that delivery has failed.
            ValueError: a token, the Message-ID or the date is not what it must be.
        """
        pieces = list(self._pieces)
        values = self._values(reader)
        for at, slot in self._slots:
            pieces[at] = values[slot]
        return b"".join(pieces)

    def _values(self, reader: Reader) -> tuple[bytes, ...]:
        """Return what is *reader*'s, in the order of `_Slot`."""
        name = one_line(reader.name)
        greeting = greet(
            name, pattern=self._greeting, without_name=self._greeting_without_name
        )
        in_text, in_html = encode_piece(greeting), escape(greeting, quote=False)
        # The sentence around it ends right after; the leading space is part of it.
        signed_up = one_line(reader.signed_up)
        unsubscribe, preferences, view = _tokens(reader)
        return (
            mailbox_field("To", name, wire_address(reader.address)),
            headers.date(reader.date),
            headers.message_id(reader.message_id),
            unsubscribe,
            in_text,
            in_text if in_html == greeting else encode_piece(in_html),
            encode_piece(f" {signed_up}" if signed_up else ""),
            unsubscribe + SOFT_BREAK,
            preferences + SOFT_BREAK,
            view + SOFT_BREAK,
        )


def _tokens(reader: Reader) -> tuple[bytes, ...]:
    """Return the three tokens, seen to be fit for a URL and a line of their own."""
    tokens = (reader.unsubscribe, reader.preferences, reader.view)
    if not _THREE_TOKENS.match(" ".join(tokens)):
        raise ValueError(f"one of {tokens!r} cannot stand in a URL as it is")
    return tuple(token.encode() for token in tokens)


def prepare(
    subject: str,
    text: str,
    html: str,
    *,
    settings: Settings,
    slot: str,
    preview: bool = False,
) -> PreparedMessage:
    """Encode what all copies of an issue share.

    Args:
        subject, text, html: as rendered, with their holes.
        slot: the issue's week, such as ``2026-W47``.
        preview: mark the subject, for a copy that goes to the operator.

    Raises:
        BadTemplate: a body holds a mark that no reader's value will fill.
        UnmailableAddress: an address of ours cannot be written in ASCII.
    """
    boundary = mime.boundary_for(slot, subject, text, html)
    pieces: list[bytes | _Slot] = [
        headers.sender(settings),
        _Slot.TO,
        headers.reply_to(settings),
        text_field("Subject", f"[Preview] {subject}" if preview else subject),
        _Slot.DATE,
        _Slot.MESSAGE_ID,
        headers.list_id(settings),
        *_list_unsubscribe(settings),
        headers.about_the_list(settings, slot),
        mime.opening(boundary),
        mime.part_head(boundary, "text/plain"),
        *_body(text, "text", _TEXT_SLOTS),
        mime.part_head(boundary, "text/html"),
        *_body(html, "HTML", _HTML_SLOTS),
        mime.closing(boundary),
    ]
    joined = list(_joined(pieces))
    return PreparedMessage(
        _pieces=tuple(piece if isinstance(piece, bytes) else b"" for piece in joined),
        _slots=tuple(
            (at, piece.value)
            for at, piece in enumerate(joined)
            if isinstance(piece, _Slot)
        ),
        _greeting=one_line(settings.email.greeting),
        _greeting_without_name=one_line(settings.email.greeting_without_name),
    )


def _list_unsubscribe(settings: Settings) -> Iterator[bytes | _Slot]:
    before, *others = headers.around_unsubscribe(settings)
    yield before
    for piece in others:
        yield from (_Slot.TOKEN, piece)


def _body(body: str, part: str, slots: dict[Hole, _Slot]) -> Iterator[bytes | _Slot]:
    for piece in split(body.rstrip("\n") + "\n"):
        if isinstance(piece, Hole):
            yield slots[piece]
        elif RESERVED_WORD in piece:
            raise BadTemplate(
                template="email/tip",
                reason=f"its {part} part holds a mark that nothing will fill, "
                f'"{RESERVED_WORD}…"',
            )
        else:
            yield encode_piece(piece)


def _joined(pieces: list[bytes | _Slot]) -> Iterator[bytes | _Slot]:
    """Join neighbours that are bytes already, so that a copy has less to join."""
    for ready, group in groupby(pieces, key=lambda piece: isinstance(piece, bytes)):
        if ready:
            yield b"".join(piece for piece in group if isinstance(piece, bytes))
        else:
            yield from group
