"""Lines of plain text: how wide they look, and where they may break.

Pure. Chinese, Japanese and Korean characters are two columns wide and need no space to
break at; a word or a URL that is too long stays whole, since a cut link is no link.
"""

import re
import unicodedata
from collections.abc import Iterable

WIDTH = 72

# A wide character and the closing marks that must not begin a line, or a run of others.
_CLOSING = "、。，．・：；？！）］｝」』】〉》〕…ー々"
_WIDE = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    "\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
    "\U00020000-\U0003fffd"
)
_ATOM = re.compile(
    # A no-break space is part of a word: somebody tied two words together.
    rf"[{_WIDE}][{_CLOSING}]*|(?:[^\s{_WIDE}]|\xa0)+[{_CLOSING}]*|[^\S\xa0]+",
)


def columns(text: str) -> int:
    """Return how many columns *text* takes in a terminal or a plain-text reader.

    Source: Unicode Standard Annex 11 (East Asian width).
    """
    if text.isascii():
        return len(text)
    return sum(_char_columns(char) for char in text)


def _char_columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, *, width: int = WIDTH, first: str = "", rest: str = "") -> str:
    """Break *text* into lines of at most *width* columns.

    A newline in *text* stays. *first* begins the first line and *rest* every other,
    which makes hanging indents and quotations.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        prefix = first if not lines else rest
        lines += _wrap_one(paragraph, width, prefix, rest)
    return "\n".join(line.rstrip() for line in lines)


def _wrap_one(text: str, width: int, first: str, rest: str) -> list[str]:
    lines: list[str] = []
    line, used, gap = first, columns(first), ""
    empty = True
    for atom in _ATOM.findall(text.strip()):
        if atom.isspace() and "\xa0" not in atom:
            gap = " "
            continue
        size = columns(atom)
        if not empty and used + len(gap) + size > width:
            lines.append(line)
            line, used, gap, empty = rest, columns(rest), "", True
        line += (gap if not empty else "") + atom
        used += (len(gap) if not empty else 0) + size
        gap, empty = "", False
    return [*lines, line]


def pad(text: str, width: int, align: str = "left") -> str:
    """Return *text* with spaces up to *width* columns.

    *align* is ``left``, ``right`` or ``center``, as a table's column says.
    """
    space = max(0, width - columns(text))
    match align:
        case "right":
            return " " * space + text
        case "center":
            return " " * (space // 2) + text + " " * (space - space // 2)
    return text + " " * space


def indent(lines: Iterable[str], *, first: str, rest: str) -> list[str]:
    """Put *first* before the first line and *rest* before every other."""
    return [f"{rest if at else first}{line}".rstrip() for at, line in enumerate(lines)]
