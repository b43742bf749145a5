"""Search finds what was sent by how its words begin, the same on both engines."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlmodel import Session

from newsletter import archive, words
from tests.factories import make_tip
from tests.newsletter.archive.shelves import make_public


def found(session: Session, question: str, *, number: int = 1) -> list[str]:
    """Return the slugs of what is found, the best first."""
    asked = words.words_of(question)
    page = archive.search(session, asked, number=number, size=2)
    return [tip.slug for tip in page.tips]


@pytest.mark.parametrize(
    ("question", "slugs"),
    [
        ("glasses", ["glasses"]),
        ("GLASS", ["glasses"]),
        ("borrow customer", ["glasses"]),
        ("borrow nothing", []),
        ("cafe", ["cafe"]),
        ("CAFÉ", ["cafe"]),
        ("мир", ["peace"]),
        ("МИР", ["peace"]),
        ("שלום", ["peace"]),
        ("queued", []),
        ("", []),
        ("?!", []),
        ("\"quote'", []),
        ("glasses OR cafe", []),
        ("title:glasses", []),
    ],
)
def test_words_are_found_by_how_they_begin(
    session: Session, question: str, slugs: list[str]
) -> None:
    """Whatever their case and accents; all of them; and no question is a command."""
    body = "A customer cannot read this."
    make_public(session, "glasses", title="Borrow their glasses", body=body)
    make_public(session, "cafe", title="Over a coffee", body="At the Café, *late*.")
    make_public(session, "peace", title="Мир и покой", body="שלום לכולם")
    make_tip(session, "queued", title="A queued tip", body="Not yet.")

    assert found(session, question) == slugs


def test_the_title_weighs_more_than_the_text(session: Session) -> None:
    """And what is found goes on over pages."""
    make_public(session, "text", title="One", body="Patience is a gift. " + "x " * 40)
    make_public(session, "title", title="Patience", body="Wait. " + "x " * 40)
    make_public(session, "late", title="Two", body="x " * 200 + "patience")

    assert found(session, "patience")[0] == "title"
    assert len(found(session, "patience", number=2)) == 1
    assert found(session, "patience", number=3) == []


def test_a_changed_tip_is_found_by_its_new_words_only(session: Session) -> None:
    """The index is the database's; nobody has to think of it."""
    tip = make_public(session, "tip", title="Before", body="Old words.")
    assert found(session, "before old") == ["tip"]

    tip.title, tip.body = "After", "Newer words."
    session.flush()

    assert found(session, "before") == []
    assert found(session, "after newer") == ["tip"]
    session.delete(tip)
    session.flush()
    assert found(session, "after") == []


def test_a_search_costs_four_statements(
    session: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """How many, which, their text, their labels."""
    make_public(session, "tip", title="Patience", tags=("A",))

    with count_queries() as statements:
        assert found(session, "patience") == ["tip"]

    assert len(statements) == 4
