"""Take in a list of people from a CSV file, however long, in one transaction.

Good lines are taken and every other one is reported: with its line, its value and what
is wrong. Who is on the list already stays as they are; above all, nobody who left,
bounced or complained is ever brought back by a file. Memory holds one batch, and the
addresses seen so far with their lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from subscribers.csv_columns import Column, Layout, find_columns
from subscribers.csv_people import Candidate, Refusal, read_person
from subscribers.csv_records import BadRecord, RecordReader
from subscribers.details import clean_source
from subscribers.errors import ImportRefused, UnreadableList
from subscribers.import_report import ImportReport, RemarkKind, Tally, refused_writer
from subscribers.tables import Subscriber, SubscriberStatus

BATCH = 1_000
_PEOPLE: Table = Subscriber.__table__  # type: ignore[attr-defined]
_STAYING = {SubscriberStatus.ACTIVE, SubscriberStatus.PENDING}

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
    """

    encoding: str = "utf-8"
    columns: Mapping[Column, str] = field(default_factory=dict)
    strict: bool = False


def import_csv(
    session: Session,
    source: BinaryIO | Path,
    *,
    source_label: str,
    now: datetime,
    options: ImportOptions | None = None,
    rejects: TextIO | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Add the people of a CSV file to the list; to commit or roll back is the caller's.

    Args:
        source: a path, or a file opened in binary; its first line names the columns,
            or there is one column only, of addresses.
        source_label: where these people come from, for lines that do not say; readers
            may see it.
        now: the time of the import.
        options: how to read; by default as UTF-8, and taking the good lines.
        rejects: where refused and repeated lines are written, as a CSV that can be
            mended and imported again; opened with ``newline=""``.
        progress: called now and then with the number of lines read.

    Raises:
        UnreadableList: the file cannot be read, or not to its end; nothing was changed.
        ImportRefused: a strict import met a line that is not right; nothing was
            changed, and *rejects* has the lines.
        BadDetail: *source_label* is longer than 200 characters.
    """
    options = options or ImportOptions()
    label = clean_source(source_label)
    with _opened(source) as (file, path), session.begin_nested():
        reader = RecordReader(file, name=path, encoding=options.encoding)
        layout = find_columns(reader.peek(), told=options.columns, path=path)
        tally = Tally(refused_writer(rejects, delimiter=reader.delimiter), layout)
        batches = _Batches(session, tally, strict=options.strict, now=now)
        for line in _lines(reader, layout, source_label=label, now=now):
            batches.take(line)
            if progress and tally.read % BATCH == 0:
                progress(tally.read)
        batches.flush()
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


class _Batches:
    """Gathers people and adds them a batch at a time."""

    def __init__(
        self, session: Session, tally: Tally, *, strict: bool, now: datetime
    ) -> None:
        self._session = session
        self._tally = tally
        self._strict = strict
        self._now = now
        self._batch: dict[str, Candidate] = {}
        self._first_lines: dict[str, int] = {}

    def take(self, line: Line) -> None:
        """Put a person into the batch, or report why not."""
        self._tally.read += 1
        if not isinstance(line, Candidate):
            self._tally.refuse(line)
            return
        key = line.address.key
        first_line = self._first_lines.setdefault(key, line.line)
        if first_line != line.line:
            self._tally.repeat(line, first_line)
            return
        for warning in line.warnings:
            self._tally.note(
                RemarkKind.WARNING, line.line, line.address.address, warning
            )
        self._batch[key] = line
        if len(self._batch) == BATCH:
            self.flush()

    def flush(self) -> None:
        """Add the people of the batch who are new, and count those who are not."""
        batch, self._batch = self._batch, {}
        # A strict import that met a wrong line only reads on to report the others.
        if not batch or (self._strict and self._tally.first_wrong):
            return
        added = _add_new(self._session, batch.values(), now=self._now)
        for key in added:
            if batch.pop(key).status is SubscriberStatus.ACTIVE:
                self._tally.added += 1
            else:
                self._tally.added_silent += 1
        if batch:
            self._count_known(batch)

    def _count_known(self, batch: Mapping[str, Candidate]) -> None:
        people = _PEOPLE.c
        query = select(people.address_key, people.status, people.status_at).where(
            people.address_key.in_(batch)
        )
        for key, status, since in self._session.connection().execute(query):
            self._count_one_known(batch[key], status, since)

    def _count_one_known(
        self, person: Candidate, status: SubscriberStatus, since: datetime
    ) -> None:
        address = person.address.address
        if status not in _STAYING:
            reason = f"{status} since {since:%Y-%m-%d}; a file brings nobody back"
            self._tally.note(RemarkKind.LEFT, person.line, address, reason)
            return
        self._tally.already += 1
        if person.status not in _STAYING:
            reason = f"is {status} here and stays so, but {person.status} in the file"
            self._tally.note(RemarkKind.WARNING, person.line, address, reason)


def _add_new(
    session: Session, people: Iterable[Candidate], *, now: datetime
) -> list[str]:
    """Insert those of *people* whose address is not on the list; return their keys.

    One statement a batch, and no look-up before it: two imports at once cannot collide.
    """
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = (
        insert(_PEOPLE)
        .on_conflict_do_nothing(index_elements=[_PEOPLE.c.address_key])
        .returning(_PEOPLE.c.address_key)
    )
    rows = [_row(person, now=now) for person in people]
    return list(session.connection().execute(statement, rows).scalars())


def _row(person: Candidate, *, now: datetime) -> dict[str, Any]:
    return {
        "address": person.address.address,
        "address_key": person.address.key,
        "name": person.name,
        "timezone": person.timezone,
        "language": person.language,
        "status": person.status,
        "source": person.source,
        "signed_up_at": person.signed_up_at,
        "created_at": now,
        "status_at": person.status_at,
    }
