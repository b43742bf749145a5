"""How a day is written in an email.

In English as people say it; in any other language as 2026-03-03, which is read the same
everywhere and needs no table of month names that nobody here could proof-read.
"""

from datetime import date

# fmt: off
_WEEKDAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December",
)
# fmt: on


def issue_day(day: date, language: str) -> str:
    """Return the day of an issue: ``Tuesday, 24 November 2026``."""
    if not _is_english(language):
        return day.isoformat()
    return f"{_WEEKDAYS[day.weekday()]}, {_in_english(day)}"


def signed_up_words(day: date | None, language: str) -> str:
    """Return what follows "because you signed up": `` on 3 March 2026`` or nothing.

    Args:
        day: when, in the newsletter's zone; None when nobody knows.
        language: the newsletter's; other than English gives `` (2026-03-03)``.
    """
    if day is None:
        return ""
    return f" on {_in_english(day)}" if _is_english(language) else f" ({day})"


def _is_english(language: str) -> bool:
    return language.lower().split("-")[0] == "en"


def _in_english(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
