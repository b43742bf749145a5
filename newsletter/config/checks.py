"""Checks that settings share: each returns the value, or says why it cannot be used."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from newsletter.config.choices import Security
from newsletter.config.contrast import READABLE, lowest_contrast
from subscribers.addresses import parse_address
from subscribers.errors import BadAddress

Check = Callable[[str], str]

LONGEST_LIST_ID = 255


def optional(check: Check) -> Check:
    """Return *check*, but let an empty value pass."""
    return lambda value: check(value) if value else value


def one_line(value: str) -> str:
    """Refuse control characters, which would break a header or a footer."""
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value):
        raise ValueError("it must be one line, without control characters")
    return value.strip()


def https_url(value: str) -> str:
    """Accept an absolute https URL, as it stands."""
    parts = urlsplit(one_line(value))
    if parts.scheme != "https" or not parts.hostname or " " in value:
        raise ValueError("it must be an absolute https:// address")
    # Reading the port is what checks it.
    if parts.port == 0:
        raise ValueError("it must not have port 0")
    return value


def site_url(value: str) -> str:
    """Accept the https URL of a site and drop its final slash."""
    return https_url(value).rstrip("/")


def list_id(value: str) -> str:
    """Accept a List-Id without its angle brackets, such as ``weekly.tips.example``.

    Source: RFC 2919 §2 (dot-atoms), §3 (at most 255 octets).
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", value):
        raise ValueError("it must look like a host name, such as weekly.tips.example")
    if len(value) > LONGEST_LIST_ID:
        raise ValueError(f"it must have at most {LONGEST_LIST_ID} characters")
    return value


def is_loopback(host: str) -> bool:
    """Tell whether what is said to *host* never leaves this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def protected_login(username: str, others: Mapping[str, object], *, remedy: str) -> str:
    """Refuse a user name whose password would be shown to the network.

    Args:
        others: the settings before it in its section, `host` and `security` among them.
        remedy: what to do.

    Source: RFC 4954 §4 (SMTP), RFC 8314 §3 (IMAP).
    """
    host = str(others.get("host", ""))
    in_the_clear = others.get("security") is Security.NONE
    if username and in_the_clear and not is_loopback(host):
        raise ValueError(
            f'with security = "none" the password would go to {host} in the clear. '
            f"{remedy}"
        )
    return username


def mailbox(value: str) -> str:
    """Accept one bare email address."""
    try:
        return parse_address(value).address
    except BadAddress as error:
        raise ValueError(error.reason) from error


def language(value: str) -> str:
    """Accept a language tag such as ``en`` or ``pt-BR`` (BCP 47, the common part)."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("it must be a language tag such as en or pt-BR")
    return value


def timezone(value: str) -> str:
    """Accept an IANA time zone name, and name the nearest one otherwise."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(_no_such_zone(value)) from error
    except KeyError as error:
        raise ValueError(_no_such_zone(value)) from error
    return value


def domain(value: str) -> str:
    """Accept the part of an address behind the @, in the form that readers' have."""
    try:
        return parse_address(f"a@{value.strip().lower()}").address.removeprefix("a@")
    except BadAddress as error:
        raise ValueError(f"it is no domain of an address: {error.reason}") from error


def _no_such_zone(value: str) -> str:
    zones = {name.lower(): name for name in available_timezones()}
    near = get_close_matches(value.lower(), zones, n=1, cutoff=0.5)
    hint = f" Did you mean {zones[near[0]]}?" if near else ""
    return f"there is no such time zone.{hint}"


def clock_time(value: str) -> str:
    """Accept a time of day as ``HH:MM``."""
    try:
        if not re.fullmatch(r"\d\d:\d\d", value):
            raise ValueError(value)
        time.fromisoformat(value)
    except ValueError as error:
        raise ValueError("it must be a time of day such as 09:00") from error
    return value


def one_of(choices: Sequence[str]) -> Check:
    """Return a check that accepts one of *choices*, in any case."""

    def check(value: str) -> str:
        lowered = value.strip().lower()
        if lowered not in choices:
            near = get_close_matches(lowered, choices, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"it must be one of {', '.join(choices)}.{hint}")
        return lowered

    return check


def readable_on(surfaces: tuple[str, ...]) -> Check:
    """Return a check that refuses a colour too faint to read on *surfaces*."""

    def check(value: str) -> str:
        ratio, surface = lowest_contrast(value, surfaces)
        if ratio < READABLE:
            raise ValueError(
                f"its contrast on {surface} is {ratio:.2f}:1; readers need {READABLE}:1"
            )
        return value.upper()

    return check
