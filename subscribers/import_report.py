"""What became of each line of an imported list: counts, examples, refused lines.

Knows nothing of the database; `importing` says what happened and this adds it up.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from subscribers.csv_columns import REFUSED_HEADER, Layout
from subscribers.csv_people import Candidate, Refusal
from subscribers.csv_records import BadRecord

# How many lines of each kind a report shows.
EXAMPLES = 20
_LONGEST_VALUE = 80

WriteRow = Callable[[Sequence[object]], object]


class RemarkKind(StrEnum):
    """Why a line is in a report."""

    REFUSED = "refused"
    DUPLICATE = "duplicate"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    DIFFERENT = "different"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """What there is to say about one line of the file."""

    kind: RemarkKind
    line: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How an import went; every line read is in exactly one of the next eight counts.

    Attributes:
        read: lines with something on them, without the header.
        added: people who are new and may be mailed.
        added_silent: people who are new and are not mailed, as the file says.
        already: were on the list just as the file says.
        different: were on the list with other details, and stay as they are here.
        left: were on the list but left, bounced or complained; they stay so.
        suppressed: are not on the list and never to be mailed; they stay out.
        duplicates: the same address as on an earlier line.
        refused: cannot be taken.
        warnings: doubts about people who were taken or are there: a time zone,
            language or date that was left empty, or that the file says they left.
        differing: how many of the different ones differ in which detail.
        examples: the first remarks of each kind, in the order of the file.
    """

    read: int
    added: int
    added_silent: int
    already: int
    different: int
    left: int
    suppressed: int
    duplicates: int
    refused: int
    warnings: int
    differing: dict[str, int]
    examples: tuple[Remark, ...]


# What a strict import objects to; the rest is no mistake of the file.
_WRONG = (RemarkKind.REFUSED, RemarkKind.DUPLICATE, RemarkKind.WARNING)


class Tally:
    """Adds up an import while it runs.

    Args:
        write_refused: takes the rows of the refused lines, the header first.
        layout: of the file that is read.
    """

    def __init__(self, write_refused: WriteRow | None, layout: Layout) -> None:
        self.read = 0
        self.added = 0
        self.added_silent = 0
        self.already = 0
        self.differing: Counter[str] = Counter()
        self.first_wrong: Remark | None = None
        self._write_refused = write_refused
        self._skip = layout.skip
        self._kinds: Counter[RemarkKind] = Counter()
        self._examples: list[Remark] = []
        if write_refused:
            write_refused([*REFUSED_HEADER, *layout.header[layout.skip :]])

    @property
    def wrong(self) -> int:
        """How many things there are that a strict import objects to."""
        return sum(self._kinds[kind] for kind in _WRONG)

    def note(self, kind: RemarkKind, line: int, value: str, reason: str) -> None:
        """Note something about a line."""
        remark = Remark(kind, line, value[:_LONGEST_VALUE], reason)
        self._kinds[kind] += 1
        if self._kinds[kind] <= EXAMPLES:
            self._examples.append(remark)
        if kind in _WRONG and self.first_wrong is None:
            self.first_wrong = remark

    def refuse(self, line: BadRecord | Refusal) -> None:
        """Note a line that cannot be taken, and keep it for mending."""
        match line:
            case BadRecord():
                value, cells = line.text, [line.text]
            case Refusal():
                value, cells = line.value, line.cells[self._skip :]
        self.note(RemarkKind.REFUSED, line.line, value, line.reason)
        self._keep(line.line, line.reason, cells)

    def repeat(self, person: Candidate, first_line: int) -> None:
        """Note a person who is on *first_line* already, and keep the later line."""
        reason = f"the same address is on line {first_line}"
        self.note(RemarkKind.DUPLICATE, person.line, person.address.address, reason)
        self._keep(person.line, reason, person.cells[self._skip :])

    def _keep(self, line: int, reason: str, cells: Sequence[str]) -> None:
        if self._write_refused:
            self._write_refused([line, reason, *cells])

    def report(self) -> ImportReport:
        """Return what was added up so far."""
        return ImportReport(
            read=self.read,
            added=self.added,
            added_silent=self.added_silent,
            already=self.already,
            different=self._kinds[RemarkKind.DIFFERENT],
            left=self._kinds[RemarkKind.LEFT],
            suppressed=self._kinds[RemarkKind.SUPPRESSED],
            duplicates=self._kinds[RemarkKind.DUPLICATE],
            refused=self._kinds[RemarkKind.REFUSED],
            warnings=self._kinds[RemarkKind.WARNING],
            differing=dict(self.differing),
            examples=tuple(sorted(self._examples, key=lambda remark: remark.line)),
        )


def refused_writer(out: TextIO | None, *, delimiter: str) -> WriteRow | None:
    """Return what writes a row to *out*, if there is one; a CSV as the source is."""
    if out is None:
        return None
    write_row: WriteRow = csv.writer(
        out, delimiter=delimiter, lineterminator="\n"
    ).writerow
    return write_row
