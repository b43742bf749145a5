"""A notice is kept once and mailed once, however many find out."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import db, notices
from newsletter.tables import NoticeKind

LOW = NoticeKind.RUNWAY_LOW


def test_a_notice_is_new_only_once(session: Session, now: datetime) -> None:
    """Said twice, it is kept as it was said first, with its first time."""
    assert not notices.is_posted(session, LOW, "2026-W47")
    assert notices.post(session, LOW, "2026-W47", "Six weeks left.", now=now)
    later = now + timedelta(hours=1)
    assert not notices.post(session, LOW, "2026-W47", "Five weeks left.", now=later)

    (kept,) = notices.recent(session, since=now)
    assert (kept.message, kept.created_at) == ("Six weeks left.", now)
    assert notices.is_posted(session, LOW, "2026-W47")


def test_another_key_or_kind_is_another_notice(session: Session, now: datetime) -> None:
    """The same trouble in another week is news again."""
    assert notices.post(session, LOW, "2026-W47", "a", now=now)
    assert notices.post(session, LOW, "2026-W48", "b", now=now)
    assert notices.post(session, NoticeKind.SLOT_MISSED, "2026-W47", "c", now=now)


def test_recent_notices_come_newest_first_and_not_too_many(
    session: Session, now: datetime
) -> None:
    """What is older than asked for is left out; of the rest, the newest twenty."""
    for hour in range(25):
        at = now + timedelta(hours=hour)
        notices.post(session, LOW, f"key {hour}", "words", now=at)

    found = notices.recent(session, since=now + timedelta(hours=2))

    assert [notice.key for notice in found] == [f"key {n}" for n in range(24, 4, -1)]
    last_hour = notices.recent(session, since=now + timedelta(hours=24))
    assert [notice.key for notice in last_hour] == ["key 24"]


def test_a_notice_is_taken_to_be_mailed_once(session: Session, now: datetime) -> None:
    """Oldest first; whoever takes next gets only what was posted since."""
    notices.post(session, LOW, "first", "words", now=now)
    notices.post(session, LOW, "second", "words", now=now)

    taken = notices.take_unmailed(session, now=now)
    session.commit()

    assert [notice.key for notice in taken] == ["first", "second"]
    assert notices.take_unmailed(session, now=now) == []
    notices.post(session, LOW, "third", "words", now=now)
    assert [n.key for n in notices.take_unmailed(session, now=now)] == ["third"]


def test_a_mail_that_never_left_is_taken_again(session: Session, now: datetime) -> None:
    """Only that one, and once."""
    notices.post(session, LOW, "first", "words", now=now)
    notices.post(session, LOW, "second", "words", now=now)
    first, _ = notices.take_unmailed(session, now=now)

    notices.put_back(session, first.id)

    assert notices.take_unmailed(session, now=now) == [first]
    assert notices.take_unmailed(session, now=now) == []


def test_a_mail_that_was_never_decided_on_is_taken_again(
    engine: Engine, now: datetime
) -> None:
    """Taken but rolled back, the notice is still to be mailed."""
    with db.transaction(engine) as session:
        notices.post(session, LOW, "2026-W47", "words", now=now)

    with Session(engine) as session:
        notices.take_unmailed(session, now=now)
        session.rollback()

    with Session(engine) as session:
        assert len(notices.take_unmailed(session, now=now)) == 1


def test_processes_that_find_out_at_once_say_it_once(
    engine: Engine, now: datetime
) -> None:
    """Four at the same moment: one notice is new, and one of them takes it to mail."""
    start, new, taken = Barrier(4), [], []

    def find_out() -> None:
        start.wait()
        with db.transaction(engine) as session:
            new.append(notices.post(session, LOW, "2026-W47", "words", now=now))
        with db.transaction(engine) as session:
            taken.extend(notices.take_unmailed(session, now=now))

    threads = [Thread(target=find_out) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new) == [False, False, False, True]
    assert [notice.key for notice in taken] == ["2026-W47"]
