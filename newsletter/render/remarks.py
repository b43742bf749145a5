"""Plain text of a reader as HTML: paragraphs, line breaks, links; nothing else.

It is safe by the way it is made: every piece is escaped, and all elements are ours. A
link says where it leads, and that we do not vouch for it.
"""

import re

from markupsafe import Markup as Safe
from markupsafe import escape

# What search engines call a link that somebody else wrote.
REL = "nofollow ugc"
_PARAGRAPHS = re.compile(r"\n\s*\n")
# Only what is certainly meant as one: a whole https address with a host.
_LINK = re.compile(r"https://[^\s<>\"'\u200e\u200f\u202a-\u202e\u2066-\u2069]{4,}")
_HOST = re.compile(
    r"https://(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}(?::\d{1,5})?(?=[/?#]|\Z)"
)
# Longer ones stay text: browsers and servers give up on them, too.
_LONGEST_LINK = 2_000
# What ends a sentence rather than an address.
_ENDS = ".,;:!?…'*_)]}’”»。，、"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def remark_html(text: str) -> Safe:
    """Return the plain *text* of a comment as paragraphs, its https addresses as links.

    Each paragraph finds its own direction.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    paragraphs = [part.strip("\n") for part in _PARAGRAPHS.split(lines) if part.strip()]
    return Safe("\n").join(
        Safe('<p dir="auto">{}</p>').format(_broken(part)) for part in paragraphs
    )


def _broken(text: str) -> Safe:
    return Safe("<br>\n").join(_linked(line.strip()) for line in text.split("\n"))


def _linked(line: str) -> Safe:
    made: list[Safe] = []
    end = 0
    for found in _LINK.finditer(line):
        url = _without_ending(found[0]) if len(found[0]) <= _LONGEST_LINK else ""
        if _HOST.match(url):
            made.append(escape(line[end : found.start()]))
            made.append(Safe('<a href="{}" rel="{}">{}</a>').format(url, REL, url))
            end = found.start() + len(url)
    made.append(escape(line[end:]))
    return Safe("").join(made)


def _without_ending(url: str) -> str:
    """Drop the marks that belong to the sentence around an address."""
    while url and url[-1] in _ENDS:
        opening = _PAIRS.get(url[-1])
        if opening and url.count(opening) >= url.count(url[-1]):
            break
        url = url[:-1]
    return url
