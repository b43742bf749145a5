"""The picture of a tip is drawn the same everywhere, whatever its title."""

import io

import pytest
from PIL import Image

from newsletter.render import Card, draw_card
from newsletter.render.card import INK, _drawable

NAME = "The Tip of the Week"


def drawn(title: str, newsletter: str = NAME) -> Image.Image:
    """Return the picture of *title*."""
    card = Card(newsletter, title, "Tuesday, 24 November 2026", "#0B6157")
    return Image.open(io.BytesIO(draw_card(card))).convert("RGB")


@pytest.mark.parametrize(
    "title",
    ["Smile first", "", "word " * 200, "W" * 300, "Ärger & Łódź — “мир”", "😀", "שלום"],
)
def test_any_title_gives_a_picture_of_the_right_size(title: str) -> None:
    """1200 by 630, in the accent, with nothing written over the edge of the sheet."""
    picture = drawn(title)

    assert picture.size == (1200, 630)
    assert picture.getpixel((48, 300)) == (11, 97, 87)
    margin = picture.crop((1165, 0, 1200, 630)).getcolors() or []
    ink = tuple(bytes.fromhex(INK[1:]))
    assert ink not in {colour for _, colour in margin}


def test_a_title_that_cannot_be_written_leaves_the_name_alone() -> None:
    """Rather than boxes; an emoji is left out, and the words stay."""
    assert _drawable("שלום") == ""
    assert _drawable("中文 and English") == ""
    assert _drawable("Smile 😀 first") == "Smile first"
    assert drawn("שלום").tobytes() == drawn("中文").tobytes()
    assert drawn("שלום").tobytes() != drawn("Smile").tobytes()
    assert drawn("שלום", "עברית").size == (1200, 630)


def test_a_card_is_small() -> None:
    """A link preview must not cost a reader's patience."""
    card = Card(NAME, "Borrow their glasses", "x", "#0B6157")

    assert len(draw_card(card)) < 40_000
