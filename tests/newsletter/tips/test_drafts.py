"""Drafts: what fits into the library, and in which order they queue."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.tips.drafts import CommentDraft, Refused, TipDraft, check, oldest_first

DRAFT = TipDraft("one", "One", "Text.", where="one.md")
MORNING = datetime(2025, 1, 1, 8, tzinfo=UTC)


def test_a_complete_draft_fits() -> None:
    """A draft with slug, title and text is not refused."""
    assert check(DRAFT) is None


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (replace(DRAFT, title=" "), "no title"),
        (replace(DRAFT, body="\n"), "no text"),
        (replace(DRAFT, title="x" * 301), "301 characters"),
        (replace(DRAFT, title="a\nb"), "line break"),
        (replace(DRAFT, tags=("y" * 201,)), "201 characters"),
        (replace(DRAFT, origin="z" * 501), "501 characters"),
        (replace(DRAFT, body="w" * 200_001), "200001 characters"),
    ],
)
def test_what_no_column_can_hold_is_refused(draft: TipDraft, words: str) -> None:
    """The refusal names the place and what is too long or missing."""
    refused = check(draft)

    assert isinstance(refused, Refused)
    assert refused.where == "one.md"
    assert words in refused.reason


def test_two_comments_of_one_origin_are_refused() -> None:
    """A comment's origin is unique within its tip."""
    comment = CommentDraft("7", "Yes.", MORNING)

    refused = check(replace(DRAFT, comments=(comment, comment)))

    assert refused
    assert refused.value == "7"


def test_content_leaves_out_place_and_notes() -> None:
    """The same text read in two places is the same content."""
    elsewhere = replace(DRAFT, where="two.md", notes=("a note",))

    assert elsewhere.content == DRAFT.content


def test_drafts_queue_by_date_and_then_as_they_came() -> None:
    """Earlier instants come first, undated drafts last."""
    named = {slug: replace(DRAFT, slug=slug) for slug in "abcd"}
    evening = MORNING.replace(hour=20)

    ordered = oldest_first(
        [
            (None, named["a"]),
            (evening, named["b"]),
            (MORNING, named["c"]),
            (MORNING, named["d"]),
        ]
    )

    assert [draft.slug for draft in ordered] == ["c", "d", "b", "a"]
