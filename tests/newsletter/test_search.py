"""The index of words is right on both engines, and comes back with a backup."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session

from newsletter import archive, backup, db, words
from tests.newsletter.archive.shelves import make_public

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_a_restored_backup_is_searched_like_the_original(
    released: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    """From either engine into either, and a later change is found there, too."""
    with db.transaction(released) as session:
        make_public(session, "glasses", title="Borrow their glasses")
    file = tmp_path / "tips.backup"
    backup.back_up(released, file, now=NOW)
    backup.restore(empty_engine, file, now=NOW)

    for question, slugs in (("glass", ["glasses"]), ("spectacle", [])):
        assert ask(empty_engine, question) == slugs
    with empty_engine.begin() as connection:
        connection.execute(text("UPDATE tip SET title = 'Their spectacles'"))
    assert ask(empty_engine, "spectacle") == ["glasses"]
    assert ask(empty_engine, "glass") == []


def test_an_upgraded_database_has_the_same_index(empty_engine: Engine) -> None:
    """The migration makes what the metadata makes."""
    db.upgrade(empty_engine, now=NOW)
    with db.transaction(empty_engine) as session:
        make_public(session, "glasses", title="Borrow their glasses")

    assert ask(empty_engine, "glasses") == ["glasses"]


def ask(engine: Engine, question: str) -> list[str]:
    """Return the slugs of what is found."""
    with Session(engine) as session:
        asked = words.words_of(question)
        found = archive.search(session, asked, number=1, size=9)
        return [tip.slug for tip in found.tips]
