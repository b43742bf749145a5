"""What differs from one copy of an issue to the next, and how its place is marked.

An issue is rendered once, with a mark wherever something belongs to one reader; the
marks are in the stored issue, so they must never change. `render` puts them in,
`message` fills them. Also here: the addresses around the signed links, so that
a link in a body, in a header and the route that answers it are one and the same.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

import idna

# A word that nobody writes, of characters that need no escaping in HTML or in a URL.
RESERVED_WORD = "qz7hole"


class Hole(StrEnum):
    """A place that is filled for each reader.

    `SIGNED_UP` is filled with words that follow "because you signed up", their leading
    space included, or with nothing when the day is not known.
    """

    GREETING = "greeting"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    VIEW = "view"
    SIGNED_UP = "signedup"


MARKS: Mapping[Hole, str] = {hole: f"{RESERVED_WORD}-{hole}-end" for hole in Hole}
_BY_MARK = {mark: hole for hole, mark in MARKS.items()}
_ANY_MARK = re.compile("(" + "|".join(map(re.escape, _BY_MARK)) + ")")


def split(body: str) -> list[str | Hole]:
    """Return the pieces of *body* in order: text as it stands, and holes."""
    return [_BY_MARK.get(piece, piece) for piece in _ANY_MARK.split(body) if piece]


def fill(body: str, values: Mapping[Hole, str]) -> str:
    """Return *body* with every hole filled, as a page or a preview shows it.

    Values go in as they are: whoever fills HTML escapes them first.

    Raises:
        KeyError: *body* has a hole that *values* does not name.
    """
    return "".join(
        values[piece] if isinstance(piece, Hole) else piece for piece in split(body)
    )


def greet(name: str, *, pattern: str, without_name: str) -> str:
    """Return the first line for a reader called *name*, who may have none."""
    # Not str.format: a name or a pattern with braces is only text.
    return pattern.replace("{name}", name) if name else without_name


def ascii_url(url: str) -> str:
    """Return *url* in ASCII: its host as A-labels, the rest percent-encoded.

    Header lines and mail programs want nothing else.

    Source: RFC 3987 §3.1; RFC 5891 §4.
    """
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = idna.encode(parts.hostname or "", uts46=True).decode()
    port = f":{parts.port}" if parts.port else ""
    path, query, anchor = (
        quote(part, safe="%/:=&?~#+!$,;'@()*[]") for part in parts[2:]
    )
    return urlunsplit((parts.scheme, host + port, path, query, anchor))


def site(base_url: str) -> str:
    """Return the site's address in ASCII, without a final slash."""
    return ascii_url(base_url).rstrip("/")


def unsubscribe_url(base_url: str, token: str) -> str:
    """Return the address that takes a reader off the list."""
    return f"{site(base_url)}/u/{token}"


def preferences_url(base_url: str, token: str) -> str:
    """Return the address where a reader changes name, language and hour."""
    return f"{site(base_url)}/p/{token}"


def confirm_url(base_url: str, token: str) -> str:
    """Return the address where somebody confirms that they want the newsletter."""
    return f"{site(base_url)}/c/{token}"


def move_url(base_url: str, token: str) -> str:
    """Return the address where somebody confirms their new address."""
    return f"{site(base_url)}/a/{token}"


def view_url(base_url: str, token: str) -> str:
    """Return the address where a reader sees the email in a browser."""
    return f"{site(base_url)}/v/{token}"
