"""Email addresses: read them, compare them, shorten them for logs.

Syntax is checked by `email-validator`; no name server is asked.
"""

from dataclasses import dataclass

import idna
from email_validator import EmailNotValidError, validate_email

from subscribers.errors import BadAddress

# RFC 5321 §4.5.3.1.3 allows 254 octets of forward-path between its angle brackets.
LONGEST_ADDRESS = 254


@dataclass(frozen=True)
class Address:
    """An address as mail is sent to it, and the key that makes it unique.

    `address` keeps the case of the local part, which belongs to the receiving host;
    `key` folds it, since no provider of today tells the two apart.
    """

    address: str
    key: str


def parse_address(value: str) -> Address:
    """Read one bare address, without a name around it.

    Returns:
        The address with its domain in lower-case Unicode, and its key.

    Raises:
        BadAddress: the syntax is wrong, or it is longer than 254 octets.

    Source: RFC 5321 §4.1.2, §4.5.3.1; RFC 6531 §3.3 (beyond ASCII).
    """
    text = value.strip()
    if len(text.encode()) > LONGEST_ADDRESS:
        raise BadAddress(
            value=text, reason=f"it is longer than {LONGEST_ADDRESS} octets"
        )
    try:
        # Reserved names such as example.org are for trials; the sender refuses them.
        checked = validate_email(
            text, check_deliverability=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise BadAddress(value=text, reason=str(error).rstrip(".")) from error
    return Address(checked.normalized, checked.normalized.casefold())


def on_the_wire(address: str) -> str | None:
    """Return *address* as SMTP without SMTPUTF8 can carry it, if it can.

    Returns:
        The address with its domain as A-labels; None when the local part is not ASCII.

    Source: RFC 5891 §4 (A-labels); RFC 6531 §3.1 (what needs the extension).
    """
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return None
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"


def shorten(address: str) -> str:
    """Return *address* as logs may show it: ``a…@example.org``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
