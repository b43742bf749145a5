"""Lengths of time as settings write them: a number and a unit, such as `15m`."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WRITTEN = re.compile(r"(\d{1,9}) ?([smhd])", re.ASCII)
LONGEST = timedelta(days=366)


def duration(value: object) -> str:
    """Accept a length of time between a second and a year, as it is written.

    It takes whatever a file can hold: a number without its unit is what people write
    first, and the answer must say what is missing.
    """
    text = str(value).strip()
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(
            "write a whole number and a unit: s, m, h or d, such as 90s, 15m or 48h"
        )
    if not timedelta(0) < read_duration(text) <= LONGEST:
        raise ValueError("it must be between 1s and 366d")
    return text


def read_duration(text: str) -> timedelta:
    """Return the length of time that `duration` accepted."""
    number, unit = text[:-1], text[-1]
    return timedelta(**{_UNITS[unit]: int(number)})
