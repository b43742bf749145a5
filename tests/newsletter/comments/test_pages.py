"""Comments in pages: light ones, each comment on one, in their order."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments import Comment, Thread, cut, page_of
from newsletter.comments.pages import AROUND, LARGEST
from tests.conftest import NOW

A_THIRD = "x" * (LARGEST // 3 - AROUND)
TALKS = st.lists(st.lists(st.text(max_size=4_000), min_size=1, max_size=8), max_size=12)


def talk(*threads: list[str]) -> tuple[Thread, ...]:
    """Return threads of these words, each comment by an author of its own."""
    number = 0
    found = []
    for words in threads:
        said = []
        for body in words:
            number += 1
            at = NOW + timedelta(minutes=number)
            said.append(Comment(number, f"Reader {number}", body, at))
        found.append(Thread(said[0], tuple(said[1:])))
    return tuple(found)


def numbers(page: tuple[Thread, ...]) -> list[list[int]]:
    """Return the numbers of the comments on a page, thread by thread."""
    return [
        [each.id for each in (thread.first, *thread.replies) if each] for thread in page
    ]


def test_a_short_talk_is_one_page() -> None:
    """And so is none at all."""
    assert cut(()) == ((),)
    short = talk(["a", "b"], ["c"])
    assert cut(short) == (short,)


def test_what_does_not_fit_goes_on_at_the_next_page() -> None:
    """Three fill a page."""
    pages = cut(talk(*([A_THIRD] for _ in range(7))))

    assert [numbers(page) for page in pages] == [
        [[1], [2], [3]],
        [[4], [5], [6]],
        [[7]],
    ]


def test_the_rest_of_a_thread_says_whom_it_answers() -> None:
    """Its first comment is on the page before, and not repeated."""
    first, second = cut(talk([A_THIRD] * 5, ["new"]))

    assert numbers(first) == [[1, 2, 3]]
    assert numbers(second) == [[4, 5], [6]]
    rest = second[0]
    assert rest.first is None
    assert [reply.answering for reply in rest.replies] == ["Reader 1", "Reader 1"]


def test_one_that_is_too_large_has_a_page_of_its_own() -> None:
    """Nothing is cut short, and no page is empty."""
    pages = cut(talk(["a"], ["x" * LARGEST], ["b"]))

    assert [numbers(page) for page in pages] == [[[1]], [[2]], [[3]]]


@pytest.mark.parametrize(("comment", "page"), [(1, 1), (4, 2), (5, 2), (6, 0)])
def test_the_page_of_a_comment_is_found(comment: int, page: int) -> None:
    """Also in the rest of a thread; 0 when it is not there."""
    assert page_of(cut(talk([A_THIRD] * 5)), comment) == page


@given(TALKS)
def test_every_comment_is_on_one_page_in_its_order(words: list[list[str]]) -> None:
    """None is lost or shown twice, and none but a huge one makes a page too large."""
    threads = talk(*words)

    pages = cut(threads)

    shown = [n for page in pages for numbered in numbers(page) for n in numbered]
    assert shown == [n for numbered in numbers(threads) for n in numbered]
    for page in pages:
        said = [c for t in page for c in (t.first, *t.replies) if c]
        sizes = [AROUND + len(each.body.encode()) for each in said]
        assert sum(sizes) <= LARGEST or len(sizes) == 1


@given(TALKS, st.text(max_size=4_000))
def test_a_new_comment_changes_no_full_page(words: list[list[str]], body: str) -> None:
    """A thread that begins later stands behind all others."""
    before, after = cut(talk(*words)), cut(talk(*words, [body]))

    assert after[: len(before) - 1] == before[:-1]
