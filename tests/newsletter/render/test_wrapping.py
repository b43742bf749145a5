"""Lines of plain text: their width, their breaks, their indents."""

from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.wrapping import columns, pad, wrap


def test_width_is_what_a_terminal_shows() -> None:
    """Wide characters take two columns, combining marks and joiners none."""
    assert [columns(text) for text in ("abc", "日本", "e\u0301", "\u200d", "ｱ")] == [
        3, 4, 1, 0, 1,
    ]  # fmt: skip


def test_a_url_is_never_broken() -> None:
    """A word that is too long has a line of its own and stays whole."""
    url = "https://example.org/" + "a" * 90

    assert wrap(f"see {url} there", width=20) == f"see\n{url}\nthere"


def test_wide_text_breaks_without_spaces() -> None:
    """A line of Japanese ends before its width, and no line begins with a comma."""
    assert wrap("日本語日本、日本語", width=10) == "日本語日\n本、日本語"


def test_hanging_indents_keep_within_the_width() -> None:
    """What stands before the lines counts as part of them."""
    assert wrap("aa bb cc", width=7, first="1. ", rest="   ") == "1. aa\n   bb\n   cc"


def test_no_break_spaces_are_no_breaks() -> None:
    """Words that an author tied together stay on one line."""
    assert wrap("aaa bb\xa0cc", width=7) == "aaa\nbb\xa0cc"


def test_columns_are_padded_to_a_side() -> None:
    """A table's cells line up as its author said."""
    assert [pad("ab", 5, side) for side in ("left", "right", "center")] == [
        "ab   ", "   ab", " ab  ",
    ]  # fmt: skip


@given(st.text(max_size=120), st.integers(10, 72))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """The words are the same, no line ends in a space, and long ones are one word."""
    lines = wrap(text, width=width).split("\n")

    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert line == line.rstrip()
        assert columns(line) <= width or not any(char == " " for char in line)
