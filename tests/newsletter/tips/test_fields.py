"""Fields: what an operator may write about a tip, and how errors point at it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from newsletter.tables import TipStatus
from newsletter.tips.drafts import Refused, TipDraft
from newsletter.tips.fields import Field, Value, draft, take_heading, unknown_field


def read(body: str = "Text.", **values: Value) -> TipDraft | Refused:
    """Return the draft of a tip whose fields all stand at ``a.md:3``."""
    fields: Mapping[str, Field] = {n: Field(v, "a.md:3") for n, v in values.items()}
    return draft(fields, body, where="a.md", default_slug="")


def test_every_field_finds_its_place() -> None:
    """Texts are trimmed, names are split, days and states are read."""
    tip = read(
        title=" A ",
        slug="b",
        tags="c, d",
        categories=("e", "f"),
        summary="g",
        author="h",
        pin="2026-12-01",
        date="2025-01-02 10:00:00",
        archived="2025-01-03",
        status="Draft",
        origin="i",
    )

    assert tip == TipDraft(
        slug="b",
        title="A",
        body="Text.",
        where="a.md",
        summary="g",
        author="h",
        tags=("c", "d"),
        categories=("e", "f"),
        pin=date(2026, 12, 1),
        written_on=date(2025, 1, 2),
        archived_on=date(2025, 1, 3),
        status=TipStatus.DRAFT,
        origin="i",
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("date", "2025-02-30", "day is out of range"),
        ("pin", "next Tuesday", "is not a date"),
        ("pin", "2026-W47-2", "is not a date"),
        ("status", "done", "is not a status"),
        ("slug", "A Slug", "cannot be part of an address"),
        ("title", ("a", "b"), "is a list"),
        ("comments", "good", "is not a list of comments"),
        ("comments", ({"origin": "1"},), "not complete"),
        ("comments", ({"origin": "1", "date": "x", "body": "y"},), "is not the time"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(
    name: str, value: Value, words: str
) -> None:
    """The refusal has the place, the value, the reason and a remedy."""
    values: dict[str, Value] = {"title": "A", name: value}
    refused = read("Text.", **values)

    assert isinstance(refused, Refused)
    assert refused.where == "a.md:3"
    assert words in str(refused)
    assert refused.remedy


def test_a_wrong_slug_is_answered_with_a_good_one() -> None:
    """The remedy can be copied."""
    assert '"a-slug"' in str(read(title="A", slug="A Slug"))


def test_an_unknown_field_is_answered_with_the_nearest() -> None:
    """A slip of the pen is recognised."""
    assert 'Did you mean "tags"?' in str(
        unknown_field("tag", "a.md:2", ("tags", "pin"))
    )


def test_without_a_title_the_first_top_heading_is_one() -> None:
    """It leaves the body; other headings stay."""
    tip = read("Intro.\n\n# The *title*\n\n# Other\n")

    assert isinstance(tip, TipDraft)
    assert (tip.title, tip.slug) == ("The title", "the-title")
    assert tip.body == "Intro.\n\n\n# Other"


def test_a_heading_in_code_is_no_title() -> None:
    """Only a real heading is taken."""
    assert take_heading("```\n# a\n```") == ("```\n# a\n```", "")


def test_a_tip_without_any_title_is_refused() -> None:
    """It cannot be sent without a subject."""
    assert "no title" in str(read("Text."))


def test_comments_are_read_with_their_times() -> None:
    """A time without a zone is UTC."""
    tip = read(
        title="A",
        comments=({"origin": "1", "date": "2025-01-01T10:00:00", "body": "b"},),
    )

    assert isinstance(tip, TipDraft)
    assert tip.comments
    assert tip.comments[0].written_at == datetime(2025, 1, 1, 10, tzinfo=UTC)
