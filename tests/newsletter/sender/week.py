"""A week for tests of the sender: its moment, its readers and tips, its letters."""

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select
from sqlmodel import Session, SQLModel, col

from newsletter import db
from newsletter.issues import IssueView
from newsletter.sender import Desk, open_slot
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Installation
from tests.factories import make_subscriber, make_tip

SLOT = Slot(2026, 48)
# Tuesday at nine in UTC, as the settings of tests say.
MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)
FOUNDED = datetime(2026, 11, 20, 12, tzinfo=UTC)
UID = "0f3c2a17-5b1e-4b55-9d0e-1d7f3a1b2c3d"


def found(engine: Engine, *, readers: int = 0, tips: int = 0) -> None:
    """Found an installation with so many readers and tips, all of them alike."""
    with db.transaction(engine) as session:
        session.add(Installation(uid=UID, created_at=FOUNDED))
        for number in range(1, tips + 1):
            make_tip(session, f"tip-{number}", position=number)
        for number in range(1, readers + 1):
            make_subscriber(session, f"r{number}@example.org", name=f"Reader {number}")


def open_week(desk: Desk) -> IssueView:
    """Open the issue of the week, which must be possible."""
    opened = open_slot(desk, SLOT)
    assert isinstance(opened, IssueView)
    return opened


def letters(engine: Engine) -> list[Delivery]:
    """Return every row of the ledger, in the order of enrolment."""
    with Session(engine) as session:
        return list(session.scalars(select(Delivery).order_by(col(Delivery.id))))


def standing(engine: Engine) -> dict[DeliveryStatus, int]:
    """Return how many letters stand where."""
    return dict(Counter(letter.status for letter in letters(engine)))


def row_counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows of every table."""
    with Session(engine) as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in SQLModel.metadata.tables.items()
        }
