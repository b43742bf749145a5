"""What is wrong with a rendered email, said before it goes out.

It looks at what readers would get, so it also catches what an operator's own template
broke. It finds problems; whether they stop anything is the caller's decision.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from lxml import html as lxml_html
from lxml.html import HtmlElement

from newsletter.config import Settings
from newsletter.holes import (
    RESERVED_WORD,
    Hole,
    fill,
    split,
)

LONGEST_SUBJECT = 70
# Gmail cuts a message at 102 KB and hides what follows, the way out included.
CLIPPED_BYTES = 102 * 1024
COMFORTABLE_BYTES = 90 * 1024
# Gmail drops a style block that is larger.
LARGEST_STYLE = 8192
_FORBIDDEN = ("script", "form", "iframe", "object", "embed", "link", "base")


class Level(StrEnum):
    """How much a finding matters: an error should not go out."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One problem: what it is, and what to do about it."""

    level: Level
    message: str


def lint(subject: str, html: str, text: str, settings: Settings) -> tuple[Finding, ...]:
    """Return what is wrong with an email that still has its holes; () when nothing."""
    root = lxml_html.document_fromstring(html)
    return (
        *_check_subject(subject),
        *_check_size(html),
        *_check_holes(subject, html, text),
        *_check_sender(root, text, settings),
        *_check_links(root),
        *_check_pictures(root),
        *_check_elements(root),
    )


def summary(findings: tuple[Finding, ...]) -> str:
    """Return one line, such as ``1 error, 2 warnings.`` or ``No problems found.``."""
    counts = [
        (sum(finding.level is level for finding in findings), level.value)
        for level in (Level.ERROR, Level.WARNING)
    ]
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    return f"{', '.join(said)}." if said else "No problems found."


def _error(message: str) -> Finding:
    return Finding(Level.ERROR, message)


def _warning(message: str) -> Finding:
    return Finding(Level.WARNING, message)


def _check_subject(subject: str) -> Iterator[Finding]:
    if not subject.strip():
        yield _error("The subject is empty. Give the tip a title.")
    if len(subject) > LONGEST_SUBJECT:
        yield _warning(
            f"The subject has {len(subject)} characters; many inboxes show no more "
            f"than {LONGEST_SUBJECT}. Shorten the title."
        )
    if re.match(r"\s*(re|fwd?)\s*:", subject, re.IGNORECASE):
        yield _error(
            f'The subject "{subject}" looks like a reply or a forwarded mail, which '
            "is against the law of some countries. Change the title."
        )


def _check_size(html: str) -> Iterator[Finding]:
    size = len(html.encode())
    if size >= COMFORTABLE_BYTES:
        report = _error if size >= CLIPPED_BYTES else _warning
        yield report(
            f"The HTML has {size // 1024} KB; Gmail cuts it at 102 KB and hides the "
            "unsubscribe link. Shorten the tip."
        )
    for style in re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL):
        if len(style.encode()) > LARGEST_STYLE:
            yield _warning(
                f"A style block has {len(style.encode())} bytes; Gmail ignores blocks "
                f"over {LARGEST_STYLE}. Shorten it in your template."
            )


def _check_holes(subject: str, html: str, text: str) -> Iterator[Finding]:
    blank = dict.fromkeys(Hole, "")
    for part, body in (("subject", subject), ("HTML", html), ("text", text)):
        if RESERVED_WORD in fill(body, blank) or "{{" in body or "{%" in body:
            yield _error(
                f"The {part} holds a mark that nothing will fill. Look for {{{{, {{% "
                f"or {RESERVED_WORD} in the tip and in your templates."
            )
    for part, body in (("HTML", html), ("text", text)):
        if Hole.UNSUBSCRIBE not in split(body):
            yield _error(
                f"The {part} part has no unsubscribe link. Put unsubscribe_url into "
                "your template."
            )


def _check_sender(
    root: HtmlElement, text: str, settings: Settings
) -> Iterator[Finding]:
    address = " ".join(settings.identity.postal_address.split())
    if not address:
        yield _error("There is no postal address. Set identity.postal_address.")
        return
    for part, body in (("HTML", root.text_content()), ("text", text)):
        if address not in " ".join(body.split()):
            yield _error(
                f'The {part} part does not show the postal address "{address}". Put '
                "edition.postal_address into your template."
            )


def _check_links(root: HtmlElement) -> Iterator[Finding]:
    for link in root.iter("a"):
        words = " ".join(link.text_content().split())
        href = link.get("href", "").strip()
        problem = _problem_of_link(href)
        if problem:
            yield _warning(f'The link "{words or href}" {problem}: {href or "(empty)"}')
        if not words and not any(image.get("alt") for image in link.iter("img")):
            yield _warning(f"A link to {href} has no words. Say where it leads.")


def _problem_of_link(href: str) -> str:
    if href.startswith(("mailto:", "tel:")):
        return ""
    try:
        parts = urlsplit(href)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if not href:
        return "leads nowhere"
    if not parts.scheme:
        return "is relative; in an email it leads nowhere"
    if parts.scheme != "https":
        return "is not https"
    if _is_ip(host):
        return "names a number instead of a host; filters take that for fraud"
    if port not in (None, 443):
        return "names an unusual port; filters take that for fraud"
    return ""


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_pictures(root: HtmlElement) -> Iterator[Finding]:
    for picture in root.iter("img"):
        source = picture.get("src", "")
        if not picture.get("alt", "").strip():
            yield _warning(
                f"The picture {source} has no description. Write one between the "
                "square brackets: ![what it shows](address)."
            )
        if not source.startswith("https://"):
            yield _error(f"The picture {source[:80]} must have an https address.")


def _check_elements(root: HtmlElement) -> Iterator[Finding]:
    for element in root.iter(*_FORBIDDEN):
        yield _error(
            f"The HTML has a <{element.tag}>, which mail programs refuse. Take it out "
            "of your template."
        )
