"""Words are compared whatever their case and accents, and found in their text."""

from newsletter import words


def test_folding_keeps_every_character_in_its_place() -> None:
    """So that a word found in the folded text is at the same place in the text."""
    for text in ("Café ŁÓDŹ", "Straße İstanbul", "МИР Ёж", "ﬁne ǅ", "שלום", "中文 Ａ"):
        assert len(words.fold(text)) == len(text)
    assert words.fold("Café ŁÓDŹ МИР ΆΛΦΑ") == "cafe łodz мир άλφα"


def test_a_question_becomes_a_few_plain_words() -> None:
    """Without signs, repetitions, or more than anybody types."""
    assert words.words_of('"It\'s" -a_b* (NEAR) a') == (
        "it",
        "s",
        "a",
        "b",
        "near",
    )
    assert words.words_of("x" * 99) == ("x" * words.LONGEST_WORD,)
    assert len(words.words_of(" ".join(map(str, range(99))))) == words.MOST_WORDS


def test_what_was_asked_for_is_marked_where_it_begins_a_word() -> None:
    """In the text as it was written, and nothing is lost of it."""
    text = "Café, cafés & decaf: a CAFE."

    pieces = words.mark(text, ("cafe", "caf"))

    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, is_hit in pieces if is_hit] == ["Café", "café", "CAFE"]
    assert words.mark(text, ()) == [(text, False)]


def test_the_words_around_show_the_first_hit() -> None:
    """Cut between words, with a mark where something was left out."""
    text = "one two three " * 40 + "needle here " + "four five " * 40

    shown = words.around(text, ("needle",), limit=80)

    assert "needle here" in shown
    assert shown.startswith("… ")
    assert shown.endswith("…")
    assert len(shown) <= 84
    assert words.around("short needle", ("needle",), limit=80) == "short needle"
    assert words.around("x" * 200, (), limit=80) == "x" * 80 + "…"
    assert words.around(text, ("missing",), limit=12) == "one two…"
    assert words.around(f"{'y ' * 99}needle", ("needle",), limit=30).endswith("needle")
