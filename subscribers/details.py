"""What may stand beside an address: a name, a time zone, a language, a date.

Each function returns the value as it is kept, or raises `BadDetail`. Whatever passes is
one line without anything that could bend the lines around it, in a letter, a header
or a terminal. Knows nothing of files or of the database.
"""

import re
import unicodedata
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from subscribers.errors import BadDetail

LONGEST_NAME = 200
LONGEST_TYPED_NAME = 60
LONGEST_SOURCE = 200
LONGEST_LANGUAGE = 35

# Controls, half surrogate pairs, and the invisible characters that turn the direction
# of a line around or only pad it. Joiners and plain direction marks stay: Persian
# names, Indic names and emoji need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
# What an address of a page or a mailbox looks like, in full or bare; and the signs that
# stand in no name.
_LINK = re.compile(
    r"[:/\\@<>\[\]{}|]|www[.\u3002]|\w[.\u3002][^\W\d_]{2,}|\d{4}", re.IGNORECASE
)
# Files in a zone folder that name no place.
_NOT_ZONES = {"factory", "localtime"}
# As Go writes a time, and so listmonk: the offset stands apart, and a name behind it.
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4}) \S+")
# Nobody signed up for a newsletter by email before there was email.
_FIRST_YEAR = 1971


def clean_name(text: str) -> str:
    """Return a person's *text* of a name as one clean line, at most 200 characters.

    Control characters and direction overrides go, every run of white space becomes one
    space, and what looks the same is stored the same (NFC).

    Raises:
        BadDetail: it is longer than 200 characters.
    """
    return _clean_line(text, detail="name", longest=LONGEST_NAME)


def clean_typed_name(text: str) -> str:
    """Return a name that anybody may have typed into a form for anybody's address.

    It is greeted with in a letter to somebody who may not have asked, so it cannot
    carry a message: at most 60 characters, without links, addresses and long numbers.

    Raises:
        BadDetail: it is longer, or looks like more than a name.
    """
    name = _clean_line(text, detail="name", longest=LONGEST_TYPED_NAME)
    # What only looks like the letters of a link counts as them, and what nobody sees
    # between them does not.
    seen = unicodedata.normalize("NFKC", name)
    if _LINK.search("".join(c for c in seen if unicodedata.category(c) != "Cf")):
        reason = "write only what we should call you, without links or numbers"
        raise BadDetail(detail="name", value=name, reason=reason)
    return name


def clean_source(text: str) -> str:
    """Return *text*, which says where people come from, as `clean_name` does a name.

    Raises:
        BadDetail: it is longer than 200 characters.
    """
    return _clean_line(text, detail="source", longest=LONGEST_SOURCE)


def _clean_line(text: str, *, detail: str, longest: int) -> str:
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _UNWANTED.sub("", text))
    line = " ".join(text.split())
    if len(line) > longest:
        raise BadDetail(
            detail=detail,
            value=line,
            reason=f"it has {len(line)} characters; at most {longest} can be kept",
        )
    return line


def find_timezone(text: str) -> str | None:
    """Return the IANA name of the zone *text*, in its usual case, if there is one."""
    return _zones().get(text.strip().replace(" ", "_").casefold())


def clean_timezone(text: str) -> str:
    """Return what `find_timezone` finds for *text*; empty stays empty.

    Raises:
        BadDetail: there is no such zone; the nearest one is named.
    """
    if not text.strip():
        return ""
    if found := find_timezone(text):
        return found
    zones = _zones()
    near = get_close_matches(text.strip()[:64].casefold(), zones, n=1, cutoff=0.6)
    hint = f"Did you mean {zones[near[0]]}?" if near else "Write it as Europe/Berlin."
    raise BadDetail(
        detail="time zone", value=text, reason=f"there is no such zone. {hint}"
    )


def clean_language(text: str) -> str:
    """Return the BCP 47 tag *text*, with hyphens; empty stays empty.

    Raises:
        BadDetail: it is not a language tag.

    Source: RFC 5646 §2.1 (the common part of the syntax).
    """
    tag = text.strip().replace("_", "-")
    if tag and not (len(tag) <= LONGEST_LANGUAGE and _LANGUAGE.fullmatch(tag)):
        raise BadDetail(
            detail="language", value=text, reason="write a tag such as en or pt-BR"
        )
    return tag


def read_instant(text: str, *, now: datetime) -> datetime | None:
    """Return the instant that *text* names, in UTC; None when it is empty.

    Takes ISO 8601, with a space or a T, and what Go makes of it; without a zone it
    counts as UTC. An order of
    day and month that must be guessed, as in 03/04/2026, is refused.

    Raises:
        BadDetail: it cannot be read, lies after *now*, or before 1971.
    """
    wanted = text.strip()
    if found := _GO_TIME.fullmatch(wanted):
        wanted = "".join(found.groups())
    wanted = wanted.removesuffix(" UTC")
    if not wanted:
        return None
    try:
        read = datetime.fromisoformat(wanted)
    except ValueError as error:
        raise _bad_date(text, "write it as 2026-11-22 or 2026-11-22T08:00Z") from error
    if read.year < _FIRST_YEAR:
        raise _bad_date(text, f"it lies before {_FIRST_YEAR}")
    # A date near the last year there is cannot be moved to another zone.
    instant = read if read.tzinfo else read.replace(tzinfo=UTC)
    if instant > now:
        raise _bad_date(text, "it lies in the future")
    return instant.astimezone(UTC)


def _bad_date(text: str, reason: str) -> BadDetail:
    return BadDetail(detail="date", value=text, reason=reason)


@cache
def _zones() -> dict[str, str]:
    """Return every zone by its name in lower case; reading them takes some 50 ms."""
    zones = {name.casefold(): name for name in available_timezones()}
    return {key: name for key, name in zones.items() if key not in _NOT_ZONES}
