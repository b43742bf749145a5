"""Take in a list of people from a CSV file, however long, in one transaction.

Good lines are taken and every other one is reported: with its line, its value and what
is wrong. Who is on the list already stays as they are; above all, nobody who left,
bounced, complained or is suppressed is ever brought back by a file. First everything is
read and checked and put on a shelf, then the database takes it: it is not kept waiting
by a long file, nor changed by one that is refused. Memory holds one batch.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from sqlmodel import Session

from subscribers.csv_columns import Column, Layout, find_columns
from subscribers.csv_people import MAILED, NO_CONSENT, Candidate, Refusal, read_person
from subscribers.csv_records import BadRecord, RecordReader
from subscribers.details import clean_source
from subscribers.errors import ConsentUnknown, ImportRefused, UnreadableList
from subscribers.hashing import AddressHasher
from subscribers.import_report import ImportReport, RemarkKind, Tally, refused_writer
from subscribers.import_shelf import Shelf
from subscribers.import_taking import Taker
from subscribers.mail_hosts import MailHosts

BATCH = 1_000

Line = Candidate | Refusal | BadRecord


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a list is read.

    Attributes:
        encoding: of the file; UTF-8 unless told.
        columns: the header's name of a column that must not be guessed; an empty name
            means that no column of the file is that.
        strict: change nothing unless every line is right: none refused, no address
            twice, no warning.
        mail_hosts: asked whether a domain takes mail; None asks nobody.
    """

    encoding: str = "utf-8"
    columns: Mapping[Column, str] = field(default_factory=dict)
    strict: bool = False
    mail_hosts: MailHosts | None = None


def import_csv(
    session: Session,
    source: BinaryIO | Path,
    *,
    source_label: str,
    hasher: AddressHasher,
    now: datetime,
    options: ImportOptions | None = None,
    rejects: TextIO | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Add the people of a CSV file to the list; to commit or roll back is the caller's.

    Args:
        source: a path, or a file opened in binary; its first line names the columns,
            or there is one column only, of addresses.
        source_label: how these people agreed, for lines that do not say; readers may
            see it. Empty if the file itself says it.
        hasher: makes the hashes by which suppressed addresses are known.
        now: the time of the import.
        options: how to read; by default as UTF-8, and taking the good lines.
        rejects: where refused and repeated lines are written, as a CSV that can be
            mended and imported again; opened with ``newline=""``.
        progress: called now and then with the lines and the octets read so far.

    Raises:
        UnreadableList: the file cannot be read, or not to its end; nothing was changed.
        ConsentUnknown: neither the file nor *source_label* says how somebody agreed;
            nothing was changed.
        ImportRefused: a strict import met a line that is not right; nothing was
            changed, and *rejects* has the lines.
        BadDetail: *source_label* is longer than 200 characters.
    """
    options = options or ImportOptions()
    label = clean_source(source_label)
    with _opened(source) as (file, path), closing(Shelf()) as shelf:
        reader = RecordReader(file, name=path, encoding=options.encoding)
        layout = find_columns(reader.peek(), told=options.columns, path=path)
        tally = Tally(refused_writer(rejects, delimiter=reader.delimiter), layout)
        sieve = _Sieve(shelf, tally, layout, options=options, path=path)
        for line in _lines(reader, layout, source_label=label, now=now):
            sieve.take(line)
            if progress and tally.read % BATCH == 0:
                progress(tally.read, reader.octets)
        if options.strict:
            _refuse_if_wrong(tally, path)
        with session.begin_nested():
            taker = Taker(session, tally, hasher, page=Path(path).name, now=now)
            for batch in shelf.batches(BATCH):
                taker.take(batch)
            if options.strict:
                _refuse_if_wrong(tally, path)
        return tally.report()


@contextmanager
def _opened(source: BinaryIO | Path) -> Iterator[tuple[BinaryIO, str]]:
    """Open *source* if it is a path, and say what errors call it."""
    if not isinstance(source, Path):
        yield source, str(getattr(source, "name", "the list"))
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise UnreadableList(
            path=str(source),
            line=0,
            reason=f"it cannot be opened ({error.strerror})",
            remedy="Check the name, and whether you may read it.",
        ) from error
    with file:
        yield file, str(source)


def _lines(
    reader: RecordReader, layout: Layout, *, source_label: str, now: datetime
) -> Iterator[Line]:
    if layout.is_named:
        reader.read()
    for record in reader:
        if isinstance(record, BadRecord):
            yield record
        else:
            yield read_person(record, layout, source_label=source_label, now=now)


def _refuse_if_wrong(tally: Tally, path: str) -> None:
    if tally.first_wrong:
        raise ImportRefused(
            path=path,
            wrong=tally.wrong,
            first_line=tally.first_wrong.line,
            reason=tally.first_wrong.reason,
        )


class _Sieve:
    """Puts the good lines on the shelf, each address once, and reports the others."""

    def __init__(
        self,
        shelf: Shelf,
        tally: Tally,
        layout: Layout,
        *,
        options: ImportOptions,
        path: str,
    ) -> None:
        self._shelf = shelf
        self._tally = tally
        self._says_sources = Column.SOURCE in layout.places
        self._hosts = options.mail_hosts
        self._path = path

    def take(self, line: Line) -> None:
        """Keep a person, or report why not.

        Raises:
            ConsentUnknown: nothing says how they agreed, and no column could.
        """
        self._tally.read += 1
        if not isinstance(line, Candidate):
            self._tally.refuse(line)
            return
        if not line.source and line.status in MAILED:
            if not self._says_sources:
                raise ConsentUnknown(path=self._path, line=line.line)
            self._refuse(line, NO_CONSENT)
            return
        warnings = line.warnings
        if self._hosts and line.status in MAILED:
            verdict = self._hosts.look_up(line.address.address)
            if verdict.refused:
                self._refuse(line, verdict.refused)
                return
            if verdict.doubt:
                warnings = (*warnings, verdict.doubt)
        first_line = self._shelf.put(line)
        if first_line is not None:
            self._tally.repeat(line, first_line)
            return
        for warning in warnings:
            address = line.address.address
            self._tally.note(RemarkKind.WARNING, line.line, address, warning)

    def _refuse(self, line: Candidate, reason: str) -> None:
        value = line.address.address
        self._tally.refuse(Refusal(line.line, line.cells, value, reason))
