"""A record of a list, read as a person; whatever is doubtful about it is said.

A person whose address or name cannot be kept is refused. A time zone, language or date
that makes no sense is left empty with a warning: it is no reason to lose somebody. A
status that is not known is refused, since to guess would be to mail people who left.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from subscribers.addresses import Address, parse_address
from subscribers.csv_columns import Column, Layout
from subscribers.csv_records import Record
from subscribers.details import (
    clean_language,
    clean_name,
    clean_source,
    find_timezone,
    read_instant,
)
from subscribers.errors import BadAddress, BadDetail
from subscribers.tables import SubscriberStatus

# What other programs call the five places where a person can stand.
STATUS_WORDS = MappingProxyType(
    {
        word: status
        for status, words in {
            SubscriberStatus.ACTIVE: "active subscribed enabled confirmed regular "
            "premium gifted trialed free paid comped unpaid churning pastdue",
            SubscriberStatus.PENDING: "pending unconfirmed unactivated notconfirmed",
            SubscriberStatus.UNSUBSCRIBED: "unsubscribed disabled blocklisted "
            "blacklisted removed inactive cancelled canceled optedout churned",
            SubscriberStatus.BOUNCED: "bounced cleaned undeliverable bouncing",
            SubscriberStatus.COMPLAINED: "complained complaint complaining spam spammy",
        }.items()
        for word in words.split()
    }
)
# People of whom a file says that they confirmed, but not where.
CONFIRMED_ELSEWHERE = "confirmed on an earlier list"
# Whom nobody mails needs no consent.
MAILED = frozenset({SubscriberStatus.ACTIVE, SubscriberStatus.PENDING})
NO_CONSENT = (
    "nothing says how they agreed to get the newsletter; write it into the column "
    "source, or import with --source"
)
_YES = {"yes", "true", "1", "y", "t", "on"}
_NO = {"no", "false", "0", "n", "f", "off"}
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = re.compile(r"'*[=+\-@]")
_GUARDED = re.compile(r"'+[=+\-@]")


# Rows of a million lines are made one by one; a frozen dataclass costs four times more.
class Candidate(NamedTuple):
    """Somebody who may join the list, with what was doubtful about their line.

    `source` says how they agreed to get mail; it is empty when nothing says so.
    """

    line: int
    cells: list[str]
    address: Address
    name: str
    timezone: str
    language: str
    status: SubscriberStatus
    status_at: datetime
    source: str
    signed_up_at: datetime | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is nobody, with the value that is wrong and what is wrong with it."""

    line: int
    cells: list[str]
    value: str
    reason: str


@dataclass(slots=True)
class _Doubts:
    """Reads what a person can do without, and remembers what made no sense."""

    warnings: list[str] = field(default_factory=list)

    def timezone(self, text: str) -> str:
        found = find_timezone(text) if text else ""
        if found is None:
            self._add("time zone", text, "there is none of that name")
        return found or ""

    def language(self, text: str) -> str:
        try:
            return clean_language(text)
        except BadDetail as error:
            self._add("language", text, error.reason)
            return ""

    def instant(self, text: str, *, now: datetime) -> datetime | None:
        try:
            return read_instant(text, now=now)
        except BadDetail as error:
            self._add("date", text, error.reason)
            return None

    def _add(self, detail: str, text: str, reason: str) -> None:
        self.warnings.append(f"the {detail} {text[:40]!r} is passed over: {reason}")


def guard(text: str) -> str:
    """Return *text* as a spreadsheet will not run it: with a quote before a formula.

    `unguard` takes the quote off again, so nothing is lost on the way.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """Return *text* without the quote that `guard` put before it."""
    return text[1:] if _GUARDED.match(text) else text


def read_person(
    record: Record, layout: Layout, *, source_label: str, now: datetime
) -> Candidate | Refusal:
    """Return the person that *record* describes, or why it describes nobody.

    Args:
        record: the cells of a line, as many as the header has.
        layout: which cell is what.
        source_label: where the person is said to come from, if the line does not say.
            Empty when nobody said so.
        now: the time of the import; also since when a person has the status, if the
            line does not say.
    """
    cells = _fitted(record.cells, len(layout.header))
    if cells is None:
        reason = f"it has {len(record.cells)} columns, the header {len(layout.header)}"
        return Refusal(record.line, record.cells, record.cells[0][:80], reason)
    try:
        return _candidate(Record(record.line, cells), layout, source_label, now)
    except BadAddress as error:
        reason, value = error.reason, error.value
    except BadDetail as error:
        reason, value = f"the {error.detail}: {error.reason}", error.value
    return Refusal(record.line, cells, value[:80], reason)


def _candidate(
    record: Record, layout: Layout, source_label: str, now: datetime
) -> Candidate:
    def cell(column: Column) -> str:
        return layout.cell(record.cells, column)

    doubts = _Doubts()
    status, status_at = SubscriberStatus.ACTIVE, now
    if layout.tells_status:
        status, status_at = _status(layout, record.cells, doubts, now)
    return Candidate(
        line=record.line,
        cells=record.cells,
        address=parse_address(unguard(cell(Column.ADDRESS))),
        name=_name(layout, record.cells),
        timezone=doubts.timezone(cell(Column.TIMEZONE)),
        language=doubts.language(cell(Column.LANGUAGE)),
        status=status,
        status_at=status_at,
        source=_source(layout, record.cells) or source_label,
        signed_up_at=doubts.instant(cell(Column.SIGNED_UP_AT), now=now),
        warnings=tuple(doubts.warnings),
    )


def _fitted(cells: list[str], width: int) -> list[str] | None:
    """Return *cells* without empty ones beyond the header; None if they do not fit."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return cells if len(cells) == width else None


def _name(layout: Layout, cells: list[str]) -> str:
    name = layout.cell(cells, Column.NAME)
    if not name:
        first = unguard(layout.cell(cells, Column.FIRST_NAME))
        return clean_name(f"{first} {unguard(layout.cell(cells, Column.LAST_NAME))}")
    return clean_name(unguard(name))


def _source(layout: Layout, cells: list[str]) -> str:
    """Return how the line says that the person agreed; or nothing."""
    if said := clean_source(unguard(layout.cell(cells, Column.SOURCE))):
        return said
    if not layout.tells_status:
        return ""
    word = re.sub(r"[\W_]+", "", layout.cell(cells, Column.STATUS)).casefold()
    confirmed = _answer(layout, cells, Column.CONFIRMED) or word == "confirmed"
    return CONFIRMED_ELSEWHERE if confirmed else ""


def _status(
    layout: Layout, cells: list[str], doubts: _Doubts, now: datetime
) -> tuple[SubscriberStatus, datetime]:
    """Return where the line says that the person stands, and since when.

    Of several columns that speak of it, one that says they may not be mailed wins.
    """
    word = layout.cell(cells, Column.STATUS)
    status = _known_status(word) if word else SubscriberStatus.ACTIVE
    since = layout.cell(cells, Column.STATUS_AT)
    if status in (SubscriberStatus.ACTIVE, SubscriberStatus.PENDING):
        left_at = layout.cell(cells, Column.LEFT_AT)
        bounced_at = layout.cell(cells, Column.BOUNCED_AT)
        if left_at or _has_left(layout, cells):
            status, since = SubscriberStatus.UNSUBSCRIBED, left_at
        elif bounced_at:
            status, since = SubscriberStatus.BOUNCED, bounced_at
        elif _answer(layout, cells, Column.CONFIRMED) is False:
            status = SubscriberStatus.PENDING
    return status, doubts.instant(since, now=now) or now


def _known_status(word: str) -> SubscriberStatus:
    plain = re.sub(r"[\W_]+", "", word).casefold()
    if plain not in STATUS_WORDS:
        raise BadDetail(
            detail="status",
            value=word,
            reason=f"{word[:40]!r} is not known. Write active, pending, unsubscribed, "
            "bounced or complained, or pass over that column with --column status=",
        )
    return STATUS_WORDS[plain]


def _has_left(layout: Layout, cells: list[str]) -> bool:
    stays = _answer(layout, cells, Column.SUBSCRIBED)
    left = _answer(layout, cells, Column.LEFT)
    return stays is False or left is True


def _answer(layout: Layout, cells: list[str], column: Column) -> bool | None:
    text = layout.cell(cells, column)
    if not text:
        return None
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise BadDetail(
        detail=f"column {layout.header[layout.places[column]]!r}",
        value=text,
        reason=f"{text[:40]!r} is neither yes nor no; pass over that column with "
        f"--column {column}=",
    )
