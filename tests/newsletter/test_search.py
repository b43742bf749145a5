"""The index of words is right on both engines, and comes back with a backup."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session

from newsletter import archive, backup, db, search
from tests.newsletter.archive.shelves import make_public

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_folding_keeps_every_character_in_its_place() -> None:
    """So that a word found in the folded text is at the same place in the text."""
    for words in ("Café ŁÓDŹ", "Straße İstanbul", "МИР Ёж", "ﬁne ǅ", "שלום", "中文 Ａ"):
        assert len(search.fold(words)) == len(words)
    assert search.fold("Café ŁÓDŹ МИР ΆΛΦΑ") == "cafe łodz мир άλφα"


def test_a_question_becomes_a_few_plain_words() -> None:
    """Without signs, repetitions, or more than anybody types."""
    assert search.words_of('"It\'s" -a_b* (NEAR) a') == (
        "it",
        "s",
        "a",
        "b",
        "near",
    )
    assert search.words_of("x" * 99) == ("x" * search.LONGEST_WORD,)
    assert len(search.words_of(" ".join(map(str, range(99))))) == search.MOST_WORDS


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
        words = search.words_of(question)
        found = archive.search(session, words, number=1, size=9)
        return [tip.slug for tip in found.tips]
