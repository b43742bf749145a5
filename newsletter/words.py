"""How the words of a search are compared: whatever their case and accents.

Pure. The index of words and whoever marks what was found read a text in the same way.
"""

import re
import unicodedata

# More than anybody types, and little enough for any engine.
MOST_WORDS = 8
LONGEST_WORD = 40

_WORD = re.compile(r"[^\W_]+")


def _folded(char: str) -> str:
    # FTS5 takes accents from Latin letters alone; so й is another letter than и.
    is_latin = char < "\u0250"
    bare = unicodedata.normalize("NFKD", char)[0] if is_latin else char
    lower = bare.lower()
    return lower if len(lower) == 1 else char


# Latin letters that have an accent, and Greek and Cyrillic ones that have a case.
LETTERS = {
    char: _folded(char)
    for char in map(chr, range(0xC0, 0x530))
    if char.isalpha() and _folded(char) != char
}
_FOLD = str.maketrans(LETTERS)


def fold(text: str) -> str:
    """Return *text* as words are compared; every character keeps its place."""
    folded = text.translate(_FOLD)
    lower = folded.lower()
    return lower if len(lower) == len(folded) else folded


def words_of(question: str) -> tuple[str, ...]:
    """Return the words that somebody asked for, folded, the first few of them."""
    found = (word[:LONGEST_WORD] for word in _WORD.findall(fold(question)))
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


def mark(text: str, words: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return *text* in pieces, each with whether one of *words* begins there."""
    if not words:
        return [(text, False)]
    begins = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in re.finditer(rf"(?<![^\W_])(?:{begins})", fold(text)):
        pieces += [
            (text[end : found.start()], False),
            (text[slice(*found.span())], True),
        ]
        end = found.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


def around(text: str, words: tuple[str, ...], *, limit: int) -> str:
    """Return as much of *text* as shows the first of *words*, cut between words."""
    begins = "|".join(map(re.escape, words)) or "^"
    found = re.search(rf"(?<![^\W_])(?:{begins})", fold(text))
    start = max(0, found.start() - limit // 3) if found else 0
    if start + limit >= len(text):
        start = max(0, len(text) - limit)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = start + limit
    if end < len(text):
        end = text.rfind(" ", start, end) if " " in text[start:end] else end
    before, after = "… " if start else "", "…" if end < len(text) else ""
    return f"{before}{text[start:end].rstrip(' ,;:-')}{after}"
