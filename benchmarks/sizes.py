"""How many bytes a line of the ledger takes, in its table and in each index.

    python -m benchmarks.sizes [PEOPLE] [sqlite|postgresql]

Enrols a list in an issue and looks; then moves every letter through the steps of a
letter that is simply sent, in pages as the sender does, and looks again; and so for a
second issue, since PostgreSQL writes a new version of a row at each step and uses the
room of the old ones for what comes later. All figures are for one person.
"""

import sys
import time
from datetime import timedelta

from sqlalchemy import text

from benchmarks.stage import NOW, stage
from newsletter import db, issues, ledger
from newsletter.db import Engine
from newsletter.issues import NewIssue
from newsletter.slots import Slot
from subscribers.audience import mailable

PAGE = 500
STEPS = (
    "status = 'claimed', lease_until = :until",
    "status = 'sending', lease_until = :until, attempts = 1, dated_at = :now",
    "status = 'sent', lease_until = NULL, finished_at = :now, code = 250",
)
SIZES = {
    "sqlite": "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY name",
    "postgresql": "SELECT relname, pg_relation_size(oid) FROM pg_class "
    "WHERE relkind IN ('r', 'i') ORDER BY relname",
}


def sizes(engine: Engine, people: int) -> str:
    """Return the bytes a person of what grows with the list."""
    clean = engine.execution_options(isolation_level="AUTOCOMMIT")
    with clean.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
        found = connection.exec_driver_sql(SIZES[engine.dialect.name]).all()
    return "\n".join(
        f"  {name:26} {size / people:7.1f}"
        for name, size in found
        if "delivery" in name or "subscriber" in name
    )


def open_week(engine: Engine, tip_id: int, week: int) -> tuple[int, float]:
    """Enrol everybody; return the first of the new letters' ids, and the seconds."""
    slot = Slot(2026, week)
    new = NewIssue(slot, tip_id, 1, "bench", NOW, "s", "h", "t", "x.test")
    began = time.monotonic()
    with db.transaction(engine) as session:
        issue_id = issues.open_issue(session, new, now=NOW) or 0
        ledger.enrol(session, issue_id, mailable(), due_at=NOW)
    took = time.monotonic() - began
    with db.transaction(engine) as session:
        asked = text("SELECT min(id) FROM delivery WHERE issue_id = :issue")
        first = session.connection().scalar(asked, {"issue": issue_id})
    return int(first or 0), took


def send_all(engine: Engine, first: int, people: int) -> float:
    """Move every letter through its steps, page after page; return the seconds."""
    began = time.monotonic()
    for start in range(first, first + people, PAGE):
        for step in STEPS:
            with db.transaction(engine) as session:
                session.connection().execute(
                    text(
                        f"UPDATE delivery SET {step} "  # noqa: S608
                        "WHERE id >= :start AND id < :end"
                    ),
                    {
                        "until": str(NOW + timedelta(minutes=30)),
                        "now": str(NOW),
                        "start": start,
                        "end": start + PAGE,
                    },
                )
    return time.monotonic() - began


def main() -> None:
    """Print the figures of both engines, or of the one that is named."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for kind in sys.argv[2:] or ("sqlite", "postgresql"):
        with stage(kind) as ours:
            engine = ours.engine
            ours.fill(people)
            for tip_id, week in ((1, 48), (2, 49)):
                first, took = open_week(engine, tip_id, week)
                print(f"{kind}, week {week}: {people:,} enrolled in {took:.1f} s")
                print(sizes(engine, people), flush=True)
                took = send_all(engine, first, people)
                print(f"{kind}, week {week}: all sent, {took:.0f} s of plain updates")
                print(sizes(engine, people), flush=True)


if __name__ == "__main__":
    main()
