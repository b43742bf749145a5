"""Write the list to a CSV file that `importing` reads back to the same people.

A name that begins like a formula gets a quote before it, so that a spreadsheet shows it
and does not run it; the import takes it off again, so the round trip stays true.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TextIO

from sqlmodel import Session

from subscribers import roster
from subscribers.csv_people import guard
from subscribers.roster import Person
from subscribers.tables import SubscriberStatus

HEADER = (
    "email",
    "name",
    "timezone",
    "language",
    "status",
    "status_at",
    "source",
    "signed_up_at",
)
_PAGE = 1_000


def export_csv(
    session: Session,
    out: TextIO,
    *,
    status: SubscriberStatus | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write everybody, or those of one *status*, in the order they were added.

    Of the erased nothing is left to write.

    Args:
        out: opened as UTF-8 with ``newline=""``.
        status: only those who stand so.
        progress: called now and then with how many were written so far.

    Returns:
        How many people were written.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    count = 0
    for person in _everybody(session, status):
        writer.writerow(_cells(person))
        count += 1
        if progress and count % _PAGE == 0:
            progress(count)
    return count


def _everybody(session: Session, status: SubscriberStatus | None) -> Iterator[Person]:
    if status is SubscriberStatus.ERASED:
        return
    after = 0
    while people := roster.page(session, after=after, limit=_PAGE, status=status):
        yield from people
        after = people[-1].id


def _cells(person: Person) -> tuple[str, ...]:
    return (
        guard(person.address),
        guard(person.name),
        person.timezone,
        person.language,
        person.status,
        _instant(person.status_at),
        guard(person.source),
        _instant(person.signed_up_at),
    )


def _instant(value: datetime | None) -> str:
    return "" if value is None else value.isoformat()
