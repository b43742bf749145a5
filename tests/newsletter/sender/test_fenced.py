"""A copy made in the middle of an issue mails nobody; taken over, it goes on.

The original must not notice; and what the copy knows as sent is not sent again.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, SQLModel, select

from newsletter import backup, db, fence, issues, notices
from newsletter.errors import Fenced
from newsletter.outcome import Outcome
from newsletter.sender import Desk, deliver, open_due, open_slot, tick
from newsletter.tables import DeliveryStatus, Installation
from newsletter.transport import Letter, MemoryTransport
from tests.desks import SetClock, make_config, make_desk
from tests.newsletter.sender.week import (
    MOMENT,
    SLOT,
    found,
    open_week,
    row_counts,
    standing,
)

MakeDesk = Callable[..., Desk]
READERS = 12


class Copying(MemoryTransport):
    """Does something while its third volley is on the wire."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(width=3)
        self._act = act
        self._volleys = 0

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Take the letters; act at the third time."""
        self._volleys += 1
        if self._volleys == 3:
            self._act()
        return super().send(letters)


def take_over(desk: Desk) -> None:
    """Do what `newsletter takeover` does."""
    with db.transaction(desk.engine) as session:
        mark = fence.take_over(session, desk.mark)
    fence.keep(mark, desk.mark)


def go_on(desk: Desk) -> None:
    """Go on with the issue of the week."""
    with db.snapshot(desk.engine) as session:
        issue = issues.find(session, SLOT)
    deliver(desk, issue)


def recipients(transport: MemoryTransport) -> set[str]:
    """Return whom letters were taken for; nobody twice."""
    found = [letter.envelope.rcpt_to for letter in transport.sent]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_folder_copied_in_mid_issue_refuses_and_then_goes_on(
    engine: Engine, desk_with: MakeDesk, tmp_path: Path, clock: SetClock
) -> None:
    """Everything was copied: database, log and mark. Only a takeover makes it send."""
    found(engine, readers=READERS, tips=1)
    folder = tmp_path / "copy"
    folder.mkdir()

    def copy_the_folder() -> None:
        for file in tmp_path.glob("newsletter.db*"):
            shutil.copy2(file, folder / file.name)

    transport = Copying(copy_the_folder)
    desk = desk_with(transport)
    deliver(desk, open_week(desk))
    assert len(recipients(transport)) == READERS

    copied = db.connect(f"sqlite:///{folder / 'newsletter.db'}")
    late = MemoryTransport()
    there = make_desk(copied, make_config(folder), clock, late)
    assert standing(copied)[DeliveryStatus.SENT] == 6
    with pytest.raises(Fenced, match="not where it last sent from"):
        go_on(there)
    assert late.sent == []

    take_over(there)
    clock.now = MOMENT + there.lease + timedelta(seconds=1)
    go_on(there)

    assert recipients(late) == {f"r{n}@example.org" for n in range(7, READERS + 1)}
    assert standing(copied) == {DeliveryStatus.SENT: READERS}
    copied.dispose()


def test_a_backup_of_mid_issue_restored_goes_on_after_a_takeover(
    released: Engine,
    empty_engine: Engine,
    desk_with: MakeDesk,
    tmp_path: Path,
    clock: SetClock,
) -> None:
    """On either engine, from either: nobody who was recorded as sent gets it again."""
    found(released, readers=READERS, tips=1)
    file = tmp_path / "b"
    transport = Copying(lambda: backup.back_up(released, file, now=MOMENT))
    desk = desk_with(transport)
    deliver(desk, open_week(desk))

    folder = tmp_path / "restored"
    folder.mkdir()
    backup.restore(empty_engine, file, now=MOMENT)
    late = MemoryTransport()
    there = make_desk(empty_engine, make_config(folder), clock, late)
    with pytest.raises(Fenced, match="restored from a backup"):
        go_on(there)
    take_over(there)
    clock.now = MOMENT + there.lease + timedelta(seconds=1)
    go_on(there)

    assert recipients(late) == {f"r{n}@example.org" for n in range(7, READERS + 1)}
    assert len(recipients(transport)) == READERS


def test_a_fenced_database_opens_nothing_and_tells_nobody_by_mail(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The scheduler's round ends at the fence: no issue, no notice, no letter."""
    found(engine, readers=2, tips=1)
    transport = MemoryTransport()
    desk = desk_with(transport, identity={"operator_address": "boss@example.net"})
    with db.transaction(engine) as session:
        kind = notices.NoticeKind.RELAY_AWAY
        notices.post(session, kind, "old", "from before the copy", now=MOMENT)
        fence.withhold(session)
    before = row_counts(engine)

    for attempt in (tick, open_due, lambda desk: open_slot(desk, SLOT)):
        with pytest.raises(Fenced):
            attempt(desk)

    assert row_counts(engine) == before
    assert transport.sent == []


def test_an_earlier_state_put_back_is_refused(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """From before an issue, from before a handful of letters, from before the end."""
    found(engine, readers=2, tips=1)
    desk = desk_with()
    with db.transaction(engine) as session:
        fence.check(session, desk.mark)
    seen = [high_water(engine)]
    issue = open_week(desk)
    seen.append(high_water(engine))
    deliver(desk, issue)

    assert seen == [0, 1]
    assert high_water(engine) == 4
    for earlier in (0, 1, 2, 3):
        set_back(engine, high_water=earlier)
        with pytest.raises(
            Fenced, match=f"seen step 4 while the database is at {earlier}"
        ):
            open_due(desk)


def test_the_mark_is_kept_before_a_letter_leaves(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Whatever the wire has seen, the mark has counted."""
    found(engine, readers=2, tips=1)
    marks: list[int] = []

    def look() -> None:
        marks.append(json.loads(desk.mark.read_text("utf-8"))["high_water"])

    transport = Watching(look)
    desk = replace(desk_with(), transport=transport)

    deliver(desk, open_week(desk))

    assert marks == [3, 3]


class Watching(MemoryTransport):
    """Looks at something whenever a letter leaves."""

    def __init__(self, look: Callable[[], object]) -> None:
        super().__init__()
        self._look = look

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Look, then take the letters."""
        self._look()
        return super().send(letters)


def high_water(engine: Engine) -> int:
    """Return how far the database says it has come."""
    with Session(engine) as session:
        return session.exec(select(Installation)).one().high_water


def set_back(engine: Engine, *, high_water: int) -> None:
    """Make the database what it was before."""
    with db.transaction(engine) as session:
        table = SQLModel.metadata.tables["installation"]
        session.execute(update(table).values(high_water=high_water))
