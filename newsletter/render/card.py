"""The picture that a link to a tip is shown with elsewhere: 1200 by 630, drawn here.

The font comes with us, so that every machine draws the same. It has Latin, Greek and
Cyrillic letters; a title in another script is left out rather than shown as boxes, and
the picture then has the newsletter's name alone.
"""

import io
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
MARGIN = 80
PAGE, PAPER, INK, MUTED = "#F4F1EA", "#FFFFFF", "#1F2421", "#5B625D"
FONT = Path(__file__).with_name("fonts") / "DejaVuSerif-Bold.ttf"
# The largest in which the title needs no more lines than there is room for.
SIZES = ((84, 3), (72, 4), (60, 5), (48, 6))
# Not a character, so no font can have it.
NONE = "\uffff"


@dataclass(frozen=True)
class Card:
    """What is written on a picture; `accent` is ``#RRGGBB``."""

    newsletter: str
    title: str
    small: str
    accent: str


@lru_cache(maxsize=64)
def draw(card: Card) -> bytes:
    """Return the picture of *card* as a PNG."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAGE)
    canvas = ImageDraw.Draw(picture)
    canvas.rectangle((40, 40, WIDTH - 40, HEIGHT - 40), fill=PAPER, outline="#DDD8CC")
    canvas.rectangle((40, 40, 56, HEIGHT - 40), fill=card.accent)
    title, name = _drawable(card.title), _drawable(card.newsletter)
    if title:
        _lines(canvas, title, top=150)
        _line(canvas, name, 34, (MARGIN + 20, 84), card.accent)
    elif name:
        _lines(canvas, name, top=190)
    _line(canvas, _drawable(card.small), 28, (MARGIN + 20, HEIGHT - 106), MUTED)
    out = io.BytesIO()
    # Few colours: a tenth of the bytes, and nothing that anybody sees.
    picture.quantize(32).save(out, "PNG", optimize=True)
    return out.getvalue()


def _drawable(text: str) -> str:
    """Return *text* without signs that the font lacks; "" if it lacks a letter."""
    kept = [char for char in " ".join(text.split()) if _has(char)]
    lost = [char for char in text if not char.isspace() and not _has(char)]
    if any(unicodedata.category(char)[0] in "LN" for char in lost):
        return ""
    return " ".join("".join(kept).split())


def _lines(canvas: ImageDraw.ImageDraw, text: str, *, top: int) -> None:
    """Write *text* as large as it fits; what does not fit at all ends in "…"."""
    for size, most in SIZES:
        lines = _wrapped(text, size)
        if len(lines) <= most:
            break
    else:
        lines = [*lines[: most - 1], lines[most - 1].rstrip(" ,;:") + "…"]
    for number, line in enumerate(lines):
        at = (MARGIN + 20, top + number * round(size * 1.2))
        _line(canvas, line, size, at, INK)


def _wrapped(text: str, size: int) -> list[str]:
    font, room = _font(size), WIDTH - 2 * MARGIN - 60
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= room:
            lines[-1] = longer
            continue
        lines.append(word)
        while font.getlength(lines[-1]) > room:
            fits = next(
                at
                for at in range(len(lines[-1]) - 1, 0, -1)
                if font.getlength(lines[-1][:at]) <= room
            )
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return [line for line in lines if line]


def _line(
    canvas: ImageDraw.ImageDraw, text: str, size: int, at: tuple[int, int], fill: str
) -> None:
    room = WIDTH - 2 * MARGIN - 60
    while text and _font(size).getlength(text) > room:
        text = text[:-2].rstrip() + "…"
    canvas.text(at, text, font=_font(size), fill=fill)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Every machine draws the same, whether it can shape Arabic or not.
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4_096)
def _has(char: str) -> bool:
    return char.isspace() or _shape(char) != _shape(NONE)


def _shape(char: str) -> tuple[tuple[int, int], bytes]:
    mask = _font(40).getmask(char)
    return mask.size, bytes(mask)
