"""What one copy takes, in words."""

from benchmarks.figures import Copy, Spread
from benchmarks.fill import copy, issue, sentence
from subscribers.tokens import TokenSigner


def test_copies_are_whole_letters_of_ordinary_length() -> None:
    """What is measured is a letter with its links signed, of about 30 KB."""
    letter = copy(issue(), TokenSigner([b"a secret for measuring, nothing else"]), 1)

    assert b"List-Unsubscribe: <https://" in letter
    assert 28_000 < len(letter) < 40_000


def test_sentence_tells_size_median_and_spread() -> None:
    """All four figures are in it."""
    found = Copy(32.6, Spread(13.04, 12.6, 13.6))

    assert sentence(found).startswith("32.6 KB")
    assert "13.0 µs of CPU (12.6-13.6)" in sentence(found)
