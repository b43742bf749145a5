"""The marks for one reader's words, and the addresses around the signed links."""

from html import escape
from urllib.parse import quote

import pytest

from newsletter.holes import (
    MARKS,
    Hole,
    ascii_url,
    fill,
    greet,
    site,
    split,
    unsubscribe_url,
)


@pytest.mark.parametrize("hole", Hole)
def test_a_mark_means_the_same_in_html_and_in_a_url(hole: Hole) -> None:
    """No mark has a character that HTML or a URL would escape."""
    mark = MARKS[hole]

    assert escape(mark) == quote(mark, safe="") == mark


def test_stored_issues_keep_their_marks() -> None:
    """Issues in databases hold these very words, so that they can never change."""
    assert MARKS[Hole.GREETING] == "qz7hole-greeting-end"
    assert [*MARKS] == [*Hole]


def test_a_body_is_cut_at_its_holes() -> None:
    """Pieces and holes come in order and nothing else is lost."""
    body = f"a{MARKS[Hole.VIEW]}b{MARKS[Hole.GREETING]}"

    assert split(body) == ["a", Hole.VIEW, "b", Hole.GREETING]
    assert fill(body, {Hole.VIEW: "1", Hole.GREETING: MARKS[Hole.VIEW]}) == (
        f"a1b{MARKS[Hole.VIEW]}"
    )


def test_filling_needs_every_value() -> None:
    """A hole without a value is an error, never an empty place."""
    with pytest.raises(KeyError):
        fill(MARKS[Hole.VIEW], {})


@pytest.mark.parametrize(
    ("name", "line"), [("{0} {name}", "Dear {0} {name},"), ("", "Hello,")]
)
def test_a_greeting_takes_a_name_as_it_is(name: str, line: str) -> None:
    """Braces in a name are text; nobody's name gives the other greeting."""
    assert greet(name, pattern="Dear {name},", without_name="Hello,") == line


def test_urls_come_out_in_ascii() -> None:
    """An IDN host becomes A-labels; paths are percent-encoded once."""
    assert ascii_url("https://bücher.example:8443/für%20dich?q=ä#ö") == (
        "https://xn--bcher-kva.example:8443/f%C3%BCr%20dich?q=%C3%A4#%C3%B6"
    )
    assert site("https://tips.example/") == "https://tips.example"
    assert (
        unsubscribe_url("https://tips.example/x/", "t") == "https://tips.example/x/u/t"
    )
