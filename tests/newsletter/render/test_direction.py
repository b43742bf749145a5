"""Which way a language and a block of text are written."""

import pytest

from newsletter.render.direction import direction_of_language, direction_of_text


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("ur", "rtl"),
        ("pt-BR", "ltr"),
        ("az-Arab", "rtl"),
        ("ku-Latn", "ltr"),
        ("ar-Latn", "ltr"),
        ("FA", "rtl"),
    ],
)
def test_a_language_has_a_direction(tag: str, direction: str) -> None:
    """The script decides where the tag names one."""
    assert direction_of_language(tag) == direction


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("abc שלום", "ltr"),
        ("(12) שלום abc", "rtl"),
        ("مرحبا", "rtl"),
        ("12 + 3!", None),
        ("", None),
        ("日本", "ltr"),
    ],
)
def test_the_first_letter_decides(text: str, direction: str | None) -> None:
    """Digits and punctuation have no say; without letters there is no direction."""
    assert direction_of_text(text) == direction
