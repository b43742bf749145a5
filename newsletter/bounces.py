"""Mail that comes to the newsletter: what it wants of us; so far, only to leave.

Nothing of it is proven but a token: From is written by whoever sent it, and a mail
without one of our tokens must not take anybody off the list. Whether a token is ours is
for others to say; this room knows mail and nothing of people.
"""

import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from urllib.parse import unquote

_LEAVE = "unsubscribe"
# What Auto-Submitted may say of a wish: a mailbox provider that unsubscribes its user
# writes that mail by itself, but not in answer to another (RFC 3834 §5.1).
_NO_ANSWER = ("", "no", "auto-generated")
# What `subscribers.tokens` signs, by itself between other characters.
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{39}(?![A-Za-z0-9_-])")


@dataclass(frozen=True, slots=True)
class WishToLeave:
    """Somebody asks to be taken off the list; `token` is empty when there is none."""

    token: str


def read(mail: bytes) -> WishToLeave | None:
    """Return what a mail wants; None when it is not to leave.

    What machines answer to a mail of ours, such as a vacation notice or a report that a
    letter could not be delivered, is no wish, whatever it quotes.

    Args:
        mail: its bytes; the headers are enough. Whatever they are, nothing is raised.

    Source: RFC 2369 §3.2, RFC 3834 §5, RFC 6522 §3, RFC 2047 §6.
    """
    headers = BytesHeaderParser(policy=compat32).parsebytes(mail)
    # Some mail programs leave the "%20" of our mailto: as it is.
    subject = unquote(_decoded(_value(headers, "Subject")))
    if _LEAVE not in subject.lower() or _is_answer(headers):
        return None
    found = _TOKEN.search(subject)
    return WishToLeave(found[0] if found else "")


def _is_answer(headers: Message) -> bool:
    """Tell whether a machine wrote it in answer to something."""
    is_report = headers.get_content_type() == "multipart/report"
    # A mail that must not be answered, as it is an answer (RFC 5321 §4.5.5).
    has_no_way_back = _value(headers, "Return-Path") == "<>"
    said = re.split(r"[;( ]", _value(headers, "Auto-Submitted"))[0].lower()
    return is_report or has_no_way_back or said not in _NO_ANSWER


def _value(headers: Message, name: str) -> str:
    """Return a header on one line, as it stands; empty when there is none."""
    return " ".join(str(headers.get(name, "")).split())


def _decoded(value: str) -> str:
    """Return the text of a header; as it stands, if its encoding is broken."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
