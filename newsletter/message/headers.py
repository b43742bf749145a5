"""The headers themselves: which there are, and what the settings make of them.

Sources: RFC 5322 §3.6 (who, when, which), RFC 2369 and 2919 (lists), RFC 8058
(one-click unsubscribe), RFC 3834 §5 (automatic mail).
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

import idna

from newsletter.config import Settings
from newsletter.errors import UnmailableAddress
from newsletter.holes import ascii_url, site, unsubscribe_url
from newsletter.message.fields import (
    ascii_address,
    mailbox_field,
    one_line,
    plain_field,
)

_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+\Z")
# Gmail's sender identifier has 5 to 15 characters.
_SHORTEST_SENDER, _LONGEST_SENDER = 5, 15
# Source: RFC 2919 §2.
_LONGEST_LIST_ID = 255


def sender(settings: Settings) -> bytes:
    """Return From: one mailbox with its name."""
    identity = settings.identity
    return mailbox_field(
        "From", identity.from_name, ascii_address(identity.from_address)
    )


def reply_to(settings: Settings, *, name: str = "", address: str = "") -> bytes:
    """Return Reply-To, which is always there: replies must reach a person.

    Args:
        name: what the person is called whom a reply goes to instead of us.
        address: theirs, as they typed it; one that needs SMTPUTF8 is left out, as the
            relay of whoever gets the letter may not have it.
    """
    try:
        return mailbox_field("Reply-To", name, ascii_address(one_line(address)))
    except UnmailableAddress:
        return mailbox_field("Reply-To", "", _owner(settings))


def date(moment: datetime) -> bytes:
    """Return Date, in UTC with a numeric zone.

    Raises:
        ValueError: *moment* has no time zone.

    Source: RFC 5322 §3.3.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; pass an aware datetime")
    return _date(moment)


# The letters of one batch share their moment; equal moments are equal in UTC only.
@lru_cache(maxsize=64)
def _date(moment: datetime) -> bytes:
    return f"Date: {format_datetime(moment.astimezone(UTC))}\r\n".encode()


def message_id(value: str) -> bytes:
    """Return Message-ID around ``left@right``; an IDN domain becomes A-labels.

    Raises:
        ValueError: *value* is something else.
    """
    if not value.isascii():
        value = ascii_address(value)
    if not _MESSAGE_ID.match(value):
        raise ValueError(f"{value!r} is no Message-ID; write left@right")
    return f"Message-ID: <{value}>\r\n".encode()


def list_id(settings: Settings) -> bytes:
    """Return List-Id, with the newsletter's name where it needs no encoding.

    Source: RFC 2919 §2, §3.
    """
    identifier = _identifier(settings)
    named = mailbox_field("List-Id", settings.newsletter.name, identifier)
    if b"=?" in named or b"<" not in named or len(named) > _LONGEST_LIST_ID:
        return plain_field("List-Id", f"<{identifier}>")
    return named


def around_unsubscribe(settings: Settings) -> tuple[bytes, ...]:
    """Return what stands around a token in List-Unsubscribe, where it is in each URI.

    One URI; with a mailbox that is read a second one, folded between them. Source:
    RFC 8058 §3.1, RFC 2369 §3.2.
    """
    url = unsubscribe_url(settings.newsletter.base_url, "")
    web = f"List-Unsubscribe: <{url}".encode()
    if not settings.unsubscribe_mailbox:
        return web, b">\r\n"
    mailbox = quote(ascii_address(settings.unsubscribe_mailbox), safe="@+")
    mail = f">,\r\n <mailto:{mailbox}?subject=unsubscribe%20"
    return web, mail.encode(), b">\r\n"


def one_click() -> bytes:
    """Return List-Unsubscribe-Post: exactly this, on one line (RFC 8058 §3.1)."""
    return plain_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def way_out(settings: Settings, token: str) -> bytes:
    """Return what a single letter of the list says of the list, and of leaving it.

    Args:
        token: signed for its reader.
    """
    unsubscribe = token.encode().join(around_unsubscribe(settings))
    return list_id(settings) + unsubscribe + one_click()


def about_the_list(settings: Settings, slot: str) -> bytes:
    """Return the list's headers that are the same for everybody, without MIME's."""
    base_url = site(settings.newsletter.base_url)
    help_url = ascii_url(settings.links.contact) or f"{base_url}/"
    fields = (
        ("List-Help", f"<{_with_small_escapes(help_url)}>"),
        ("List-Archive", f"<{_with_small_escapes(base_url)}/archive/>"),
        ("List-Owner", f"<mailto:{_owner(settings)}>"),
        ("List-Post", "NO"),
        # Keeps vacation programs quiet (RFC 3834 §2).
        ("Precedence", "bulk"),
        ("Feedback-ID", feedback_id(settings, slot)),
        ("Content-Language", settings.newsletter.language),
    )
    return one_click() + b"".join(plain_field(name, value) for name, value in fields)


def about_automatic_mail(settings: Settings) -> bytes:
    """Return what a letter written by the program itself says of itself."""
    return b"".join(
        (
            # Source: RFC 3834 §5.
            plain_field("Auto-Submitted", "auto-generated"),
            plain_field("Content-Language", settings.newsletter.language),
        )
    )


def feedback_id(settings: Settings, slot: str) -> str:
    """Return what Gmail groups complaints by; nothing in it is one reader's.

    Four fields: the issue, the list, the kind of mail, and a sender that never changes.
    """
    host = ascii_url(settings.newsletter.base_url).partition("://")[2]
    letters = re.sub(r"[^a-z0-9]", "", host.lower())[:_LONGEST_SENDER]
    listed = re.sub(r"[^A-Za-z0-9.-]", "-", _identifier(settings))
    return f"{slot}:{listed}:tip:{letters.ljust(_SHORTEST_SENDER, '0')}"


def _with_small_escapes(url: str) -> str:
    """Return *url* with its percent-escapes in small letters, which mean the same.

    SpamAssassin takes the "%BC" of an "ü" in a header for a mark of a template that
    nobody filled, and gives up to three of the five points that make spam.

    Source: RFC 3986 §6.2.2.1; UNRESOLVED_TEMPLATE of Apache SpamAssassin 4.0.1.
    """
    return re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), url)


def _identifier(settings: Settings) -> str:
    identifier = settings.newsletter.stable_list_id
    if identifier.isascii():
        return identifier
    return idna.encode(identifier, uts46=True).decode()


def _owner(settings: Settings) -> str:
    identity = settings.identity
    return ascii_address(one_line(identity.reply_to or identity.from_address))
