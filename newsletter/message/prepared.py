"""One issue's message with everything done that all readers share.

The order of work is turned round: headers and bodies are encoded once and cut at the
holes, and a copy is those pieces joined around one reader's values. A property test
holds the result against what the standard library would have built for that reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html import escape
from itertools import groupby
from urllib.parse import quote

from newsletter.config import Settings
from newsletter.errors import BadTemplate
from newsletter.holes import RESERVED_WORD, Hole, greet, split, unsubscribe_url
from newsletter.message import headers, mime
from newsletter.message.fields import (
    ascii_address,
    mailbox_field,
    one_line,
    text_field,
)
from newsletter.message.quoted import encode_piece

_TOKEN = re.compile(r"[A-Za-z0-9_.~-]+\Z")


@dataclass(frozen=True)
class Reader:
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


class _Slot(StrEnum):
    """A place in the bytes; a hole has two, one in each body, when they differ."""

    TO = "to"
    DATE = "date"
    MESSAGE_ID = "message-id"
    LIST_UNSUBSCRIBE = "list-unsubscribe"
    TEXT_GREETING = "text greeting"
    HTML_GREETING = "html greeting"
    SIGNED_UP = "signed up"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    VIEW = "view"


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
    _slots: tuple[tuple[int, _Slot], ...]
    _greeting: str
    _greeting_without_name: str
    _base_url: str
    _unsubscribe_address: str

    def fill(self, reader: Reader) -> bytes:
        """Return *reader*'s copy: CRLF lines, 7-bit, dots not yet doubled.

        Raises:
            UnmailableAddress: nothing can be sent there; that delivery has failed.
            ValueError: a token, the Message-ID or the date is not what it must be.
        """
        pieces = list(self._pieces)
        values = self._values(reader)
        for at, slot in self._slots:
            pieces[at] = values[slot]
        return b"".join(pieces)

    def _values(self, reader: Reader) -> dict[_Slot, bytes]:
        for token in (reader.unsubscribe, reader.preferences, reader.view):
            if not _TOKEN.match(token):
                raise ValueError(f"{token!r} cannot stand in a URL as it is")
        name = one_line(reader.name)
        greeting = one_line(
            greet(
                name, pattern=self._greeting, without_name=self._greeting_without_name
            )
        )
        # The sentence around it ends right after; the leading space is part of it.
        signed_up = one_line(reader.signed_up)
        return {
            _Slot.TO: mailbox_field("To", name, ascii_address(reader.address)),
            _Slot.DATE: headers.date(reader.date),
            _Slot.MESSAGE_ID: headers.message_id(reader.message_id),
            _Slot.LIST_UNSUBSCRIBE: self._list_unsubscribe(reader.unsubscribe),
            _Slot.TEXT_GREETING: encode_piece(greeting),
            _Slot.HTML_GREETING: encode_piece(escape(greeting, quote=False)),
            _Slot.SIGNED_UP: encode_piece(f" {signed_up}" if signed_up else ""),
            _Slot.UNSUBSCRIBE: encode_piece(reader.unsubscribe),
            _Slot.PREFERENCES: encode_piece(reader.preferences),
            _Slot.VIEW: encode_piece(reader.view),
        }

    def _list_unsubscribe(self, token: str) -> bytes:
        # Two URIs, folded between them: the token alone is longer than half a line.
        return (
            f"List-Unsubscribe: <{unsubscribe_url(self._base_url, token)}>,\r\n"
            f" <mailto:{self._unsubscribe_address}?subject=unsubscribe%20{token}>\r\n"
        ).encode()


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
        _Slot.LIST_UNSUBSCRIBE,
        headers.about_the_list(settings, slot),
        mime.opening(boundary),
        mime.part_head(boundary, "text/plain"),
        *_body(text, "text", _TEXT_SLOTS),
        mime.part_head(boundary, "text/html"),
        *_body(html, "HTML", _HTML_SLOTS),
        mime.closing(boundary),
    ]
    joined = list(_joined(pieces))
    mail_to = settings.identity.unsubscribe_address or settings.identity.from_address
    return PreparedMessage(
        _pieces=tuple(piece if isinstance(piece, bytes) else b"" for piece in joined),
        _slots=tuple(
            (at, piece) for at, piece in enumerate(joined) if isinstance(piece, _Slot)
        ),
        _greeting=settings.email.greeting,
        _greeting_without_name=settings.email.greeting_without_name,
        _base_url=settings.newsletter.base_url,
        _unsubscribe_address=quote(ascii_address(mail_to), safe="@+"),
    )


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
