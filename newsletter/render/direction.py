"""Which way is it written: of a language, and of one block of text.

Pure. A paragraph is as its first letter is; digits and punctuation do not decide.
"""

import unicodedata
from typing import Literal

Direction = Literal["ltr", "rtl"]

# fmt: off
_RTL_LANGUAGES = {
    "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug",
    "ur", "yi",
}
# fmt: on
_RTL_SCRIPTS = {"adlm", "arab", "hebr", "mand", "nkoo", "rohg", "syrc"}


def direction_of_language(tag: str) -> Direction:
    """Return the direction of a BCP 47 tag; its script, if named, decides."""
    language, *rest = tag.lower().split("-")
    scripts = [part for part in rest if len(part) == 4 and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RTL_SCRIPTS else "ltr"
    return "rtl" if language in _RTL_LANGUAGES else "ltr"


def direction_of_text(text: str) -> Direction | None:
    """Return the direction of the first strong character, None without one.

    Source: Unicode Standard Annex 9, rules P2 and P3.
    """
    for char in text:
        match unicodedata.bidirectional(char):
            case "L":
                return "ltr"
            case "R" | "AL":
                return "rtl"
    return None
