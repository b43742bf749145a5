"""The numbers under a list lead to every page, however many there are."""

import pytest

from newsletter.web.paging import page_number, page_path, pages


def said(number: int, count: int) -> str:
    """Return the numbers as they read; the page itself in brackets."""
    words = []
    for place in pages("/a/", number, count).places:
        if place.path is None and place.number:
            words.append(f"[{place.number}]")
        else:
            words.append(str(place.number) if place.number else "…")
    return " ".join(words)


@pytest.mark.parametrize(
    ("number", "count", "words"),
    [
        (1, 1, "[1]"),
        (1, 3, "[1] 2 3"),
        (1, 14, "[1] 2 … 14"),
        (2, 14, "1 [2] 3 … 14"),
        (4, 14, "1 2 3 [4] 5 … 14"),
        (7, 14, "1 … 6 [7] 8 … 14"),
        (14, 14, "1 … 13 [14]"),
        (3, 5, "1 2 [3] 4 5"),
    ],
)
def test_the_ends_and_the_neighbours_are_named(
    number: int, count: int, words: str
) -> None:
    """A gap hides two numbers or more, never one."""
    assert said(number, count) == words


def test_a_list_that_is_part_of_a_page_has_its_other_pages_below_it() -> None:
    """The first of them is that part."""
    found = pages("/tips/listen/", 2, 3, part="comments")

    assert found.previous == "/tips/listen/#comments"
    assert found.next == "/tips/listen/comments/page/3/"
    assert [place.path for place in found.places] == [
        "/tips/listen/#comments",
        None,
        "/tips/listen/comments/page/3/",
    ]


def test_addresses_are_stable() -> None:
    """The first page has none of its own; a question stays in the others."""
    found = pages("/tags/empathy/", 2, 3)

    assert (found.previous, found.next) == ("/tags/empathy/", "/tags/empathy/page/3/")
    assert page_path("/search/?q=a", 2) == "/search/?q=a&page=2"
    assert (pages("/a/", 1, 1).previous, pages("/a/", 1, 1).next) == ("", "")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1", 1),
        ("14", 14),
        *((odd, 0) for odd in ("0", "-1", "01", "x", "", "²", "1" * 20, "1.0", " 1")),
    ],
)
def test_a_number_is_written_in_one_way(written: str, number: int) -> None:
    """Anything else is no page."""
    assert page_number(written) == number
