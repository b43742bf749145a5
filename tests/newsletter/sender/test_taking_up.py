"""What a killed process had in hand goes out as soon as somebody sends again."""

import signal
import subprocess
import sys
from collections.abc import Callable

from sqlalchemy import Engine

from newsletter import db, issues, ledger
from newsletter.ledger import Freed
from newsletter.sender import Desk, cancel, deliver, take_up_lapsed, tick
from newsletter.tables import DeliveryStatus
from newsletter.transport import MemoryTransport
from tests.newsletter.sender.week import SLOT, found, letters, open_week, standing

MakeDesk = Callable[..., Desk]
# Claims all letters but the first as a holder does, marks two, and sleeps.
HOLDER = """
import sys, time
from datetime import datetime
from pathlib import Path
from newsletter import db, fence, holders, ledger
from newsletter.sender.desk import timedelta

url, mark, moment, lease, issue = sys.argv[1:]
now, lease = datetime.fromisoformat(moment), timedelta(seconds=float(lease))
engine = db.connect(url)
with db.transaction(engine) as session:
    step = fence.advance(session)
with holders.holding(step.high_water, Path(mark)) as holder:
    holder.note(now)
    lease = holder.lease(lease, now=now)
    with db.transaction(engine) as session:
        claims = ledger.claim(session, int(issue), limit=9, now=now, lease=lease)
        ledger.mark_sending(session, claims[:2], now=now, lease=lease)
    print("in hand", flush=True)
    time.sleep(60)
"""


def holder(desk: Desk, issue_id: int) -> "subprocess.Popen[bytes]":
    """Start a process that takes the letters of an issue and does nothing more."""
    url = desk.engine.url.render_as_string(hide_password=False)
    seconds = str(desk.lease.total_seconds())
    words = [url, str(desk.mark), desk.clock().isoformat(), seconds, str(issue_id)]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *words], stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    return process


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End it by SIGKILL."""
    process.send_signal(signal.SIGKILL)
    with process:
        process.wait()


def test_letters_of_a_killed_process_do_not_wait_for_their_lease(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """While it lives they are its own; once it is killed they go out at once."""
    found(engine, readers=6, tips=1)
    transport = MemoryTransport()
    desk = desk_with(transport)
    issue = open_week(desk)
    process = holder(desk, issue.id)

    try:
        deliver(desk, issue)
        before = len(transport.sent)
    finally:
        kill(process)
    tally = deliver(desk, issue)

    assert before == 0
    assert (tally.sent, tally.total) == (6, 6)
    assert sorted(each.doubts for each in letters(engine)) == [0, 0, 0, 0, 1, 1]


def test_whoever_takes_them_up_is_told_how_many(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Those that wait again, and those on the wire, which are kept."""
    found(engine, readers=6, tips=1)
    desk = desk_with(MemoryTransport(), delivery={"uncertain": "hold"})
    issue = open_week(desk)
    kill(holder(desk, issue.id))

    assert take_up_lapsed(desk, issue) == Freed(waiting=4, doubtful=2)
    assert take_up_lapsed(desk, issue) == Freed()
    assert standing(engine)[DeliveryStatus.UNCERTAIN] == 2


def test_letters_of_a_killed_process_of_a_cancelled_issue_end_at_once(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The next round withdraws them, or leaves them in doubt."""
    found(engine, readers=3, tips=1)
    desk = desk_with(MemoryTransport())
    issue = open_week(desk)
    process = holder(desk, issue.id)
    cancel(desk, SLOT)
    kill(process)

    tick(desk)

    assert standing(engine) == {DeliveryStatus.UNCERTAIN: 2}
    with db.transaction(engine) as session:
        assert issues.find(session, SLOT).id not in ledger.left_open(session)
