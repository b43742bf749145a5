"""The watch: mail is read beside everything else, and no trouble with it ends it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import get_ident
from typing import NoReturn

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import db, fence, notices
from newsletter.errors import DatabaseProblem, MailboxProblem
from newsletter.mailbox import Mail
from newsletter.sender import Desk, Watch
from newsletter.tables import NoticeKind
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import SetClock
from tests.newsletter.sender.week import MOMENT, found
from tests.waiting import until

OFTEN = 0.02
NEVER = 3_600.0


@dataclass
class Box:
    """A mailbox that does what a test wants whenever it is opened."""

    act: Callable[[], None] = lambda: None
    mails: list[Mail] = field(default_factory=list)
    looks: int = 0
    seen: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    name: str = "a box"

    @contextmanager
    def open(self) -> Iterator["Box"]:
        """Note the look."""
        self.looks += 1
        self.threads.add(get_ident())
        self.act()
        yield self

    def unread(self, *, after: str, limit: int) -> list[Mail]:
        """Return what is there."""
        assert limit
        return [each for each in self.mails if each.key > after]

    def mark_seen(self, keys: Collection[str]) -> None:
        """Note them."""
        self.seen += keys


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """An installation with a reader."""
    found(engine, readers=1)


def wish(desk: Desk) -> Mail:
    """Return the mail by which the reader leaves."""
    token = TokenSigner(desk.config.secrets).sign(Purpose.UNSUBSCRIBE, 1)
    return Mail("1", f"Subject: unsubscribe {token}\r\n\r\n".encode())


def away(engine: Engine) -> list[str]:
    """Return what the operator was told of the mailbox."""
    with Session(engine) as session:
        said = notices.recent(session, since=MOMENT)
    return [each.message for each in said if each.kind is NoticeKind.MAILBOX_AWAY]


def test_it_reads_at_once_and_again(desk: Desk) -> None:
    """In a thread of its own, so that nothing else waits for a mailbox."""
    box = Box()
    with Watch(desk, box, look_seconds=OFTEN):
        until(lambda: box.looks >= 3, say="three looks")

    assert desk.stop.is_set()
    assert get_ident() not in box.threads


def test_it_takes_off_who_asks(desk: Desk) -> None:
    """And marks their mail."""
    box = Box(mails=[wish(desk)])
    with Watch(desk, box, look_seconds=NEVER):
        until(lambda: box.seen == ["1"], say="the mail")


def test_a_mailbox_that_is_away_is_told_once_a_day(
    desk: Desk, engine: Engine, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    """One notice and one line of log, not one every five minutes; it looks again."""

    def break_down() -> None:
        raise MailboxProblem(mailbox="a box", reason="nobody answers")

    box = Box(break_down)
    with Watch(desk, box, look_seconds=OFTEN):
        until(lambda: box.looks >= 3, say="three looks")
        assert len(away(engine)) == 1
        clock.now += timedelta(days=1)
        until(lambda: len(away(engine)) == 2, say="the next day's notice")

    assert "a box cannot be read: nobody answers" in away(engine)[0]
    assert "newsletter doctor" in away(engine)[0]
    warned = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 2


def test_a_copied_database_is_told_once(
    desk: Desk, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """It marks nothing, and says so at the first look alone."""
    with db.transaction(engine) as session:
        fence.withhold(session)
    box = Box(mails=[wish(desk)])
    with Watch(desk, box, look_seconds=OFTEN):
        until(lambda: box.looks >= 3, say="three looks")

    assert box.seen == []
    assert caplog.text.count("the mailbox was not read") == 1


@pytest.mark.parametrize(
    "trouble", [RuntimeError("nobody foresaw it"), DatabaseProblem("It is away.")]
)
def test_trouble_ends_no_thread(
    desk: Desk, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    """It is in the log, and the next look tries again."""
    troubles = [trouble]

    def once() -> None:
        if troubles:
            raise troubles.pop()

    box = Box(once, mails=[wish(desk)])
    with Watch(desk, box, look_seconds=OFTEN):
        until(lambda: box.seen, say="the mail")

    assert "the mailbox was not read" in caplog.text


def test_a_notice_that_cannot_be_kept_ends_no_thread(desk: Desk) -> None:
    """Mailbox and database may be away together."""

    def break_down() -> None:
        raise MailboxProblem(mailbox="a box", reason="nobody answers")

    def fail() -> NoReturn:
        raise DatabaseProblem("It is away.")

    box = Box(break_down)
    with Watch(replace(desk, clock=fail), box, look_seconds=OFTEN):
        until(lambda: box.looks >= 2, say="another look")
