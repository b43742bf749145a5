"""Addresses of tips and labels: plain ASCII, never empty, always the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tips.labels import distinct, is_slug, label, slug_for


@given(st.text())
def test_any_text_gives_a_good_slug(text: str) -> None:
    """Whatever a title holds, the address made of it can be used as it stands."""
    text = text.encode("utf-8", "ignore").decode()

    assert is_slug(slug_for(text))
    assert is_slug(label(text).slug)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("C", "c"), ("C++", "c-plus-plus"), ("C#", "c-sharp"), ("Περιεχόμενο", None)],
)
def test_labels_that_differ_only_in_signs_stay_apart(
    name: str, slug: str | None
) -> None:
    """C, C++ and C# get addresses of their own; other scripts get a readable one."""
    assert label(name).slug == (slug or "periekhomeno")


def test_names_with_one_address_count_once() -> None:
    """The first spelling wins, and empty names vanish."""
    assert distinct(["CSS", " css ", "", "Tables"]) == ("CSS", "Tables")


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a--b", "ä", "a" * 201])
def test_what_an_address_cannot_hold_is_no_slug(text: str) -> None:
    """Capitals, spaces, doubled hyphens and more than 200 characters are refused."""
    assert not is_slug(text)
