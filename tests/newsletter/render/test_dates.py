"""Days as people say them, or as everybody can read them."""

from datetime import date

import pytest

from newsletter.render.dates import issue_day, signed_up_words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday, 24 November 2026"),
        ("en-GB", "Tuesday, 24 November 2026"),
        ("de", "2026-11-24"),
        ("enm", "2026-11-24"),
    ],
)
def test_an_issue_names_its_day(language: str, words: str) -> None:
    """English is written out, any other language in figures."""
    assert issue_day(date(2026, 11, 24), language) == words


@pytest.mark.parametrize(
    ("day", "language", "words"),
    [
        (date(2026, 3, 3), "en", " on 3 March 2026"),
        (date(2026, 3, 3), "de", " (2026-03-03)"),
        (None, "en", ""),
    ],
)
def test_the_day_of_signing_up_ends_a_sentence(
    day: date | None, language: str, words: str
) -> None:
    """An unknown day leaves a sentence that is still true."""
    assert signed_up_words(day, language) == words
