"""What tips and labels are called in an address: short, plain ASCII, and stable."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from slugify import slugify

from newsletter.tips.drafts import LONGEST_SLUG

# Long enough for any title that is read aloud, short enough for one line of an email.
_LONGEST_MADE = 80
_GOOD_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# C, C++ and C# are three things.
_SPELLED_OUT = (("++", " plus plus"), ("#", " sharp"))


@dataclass(frozen=True)
class Label:
    """A tag or category: its name, and its address on the site."""

    name: str
    slug: str


def slug_for(text: str, *, longest: int = _LONGEST_MADE) -> str:
    """Return an address made of *text*, whatever its script; never empty."""
    slug: str = slugify(text, max_length=longest, word_boundary=True)
    # Text without any letter or digit, such as an emoji, still needs an address.
    return slug or f"tip-{zlib.crc32(text.encode()):08x}"


def is_slug(text: str) -> bool:
    """Tell whether *text* can be an address as it stands."""
    return len(text) <= LONGEST_SLUG and _GOOD_SLUG.fullmatch(text) is not None


def label(name: str) -> Label:
    """Return the label called *name*; the same name always has the same address."""
    spelled = name
    for sign, words in _SPELLED_OUT:
        spelled = re.sub(rf"(?<=\w){re.escape(sign)}(?!\w)", words, spelled)
    slug: str = slugify(spelled, max_length=LONGEST_SLUG)
    return Label(name, slug or f"label-{zlib.crc32(name.encode()):08x}")


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return *names* without empty ones and those that share an address."""
    kept: dict[str, str] = {}
    for name in names:
        words = " ".join(name.split())
        if words:
            kept.setdefault(label(words).slug, words)
    return tuple(kept.values())
