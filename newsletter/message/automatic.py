"""One letter that the program writes by itself, to its operator or to one person."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.config import Settings
from newsletter.message import headers, mime
from newsletter.message.fields import mailbox_field, text_field, wire_address
from newsletter.message.quoted import encode_piece


@dataclass(frozen=True)
class Addressee:
    """Who gets it, and what makes the letter one of a kind.

    `message_id` is ``left@right`` without angle brackets; `date` is aware. A reply goes
    to `reply_address`, else to us. `unsubscribe` is the reader's token, for a letter
    with content of the list; empty for all others, which can be left by nobody.
    """

    address: str
    message_id: str
    date: datetime
    reply_name: str = ""
    reply_address: str = ""
    unsubscribe: str = ""


def automatic(
    subject: str, text: str, html: str, *, to: Addressee, settings: Settings
) -> bytes:
    """Return an automatic letter, marked as made by a machine.

    Raises:
        UnmailableAddress: *to* cannot be written to.
    """
    boundary = mime.boundary_for(subject, text, html)
    return b"".join(
        (
            headers.sender(settings),
            mailbox_field("To", "", wire_address(to.address)),
            headers.reply_to(settings, name=to.reply_name, address=to.reply_address),
            text_field("Subject", subject),
            headers.date(to.date),
            headers.message_id(to.message_id),
            headers.way_out(settings, to.unsubscribe) if to.unsubscribe else b"",
            headers.about_automatic_mail(settings),
            mime.opening(boundary),
            mime.part_head(boundary, "text/plain"),
            encode_piece(text.rstrip("\n") + "\n"),
            mime.part_head(boundary, "text/html"),
            encode_piece(html.rstrip("\n") + "\n"),
            mime.closing(boundary),
        )
    )
