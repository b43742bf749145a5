"""The operator hears that an issue starts and how it ended, once each."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import notices
from newsletter.outcome import Accepted, Command, Deferred, Rejected
from newsletter.sender import Desk, cancel, deliver, open_slot, settle, tell_operator
from newsletter.sender.announcing import in_words
from newsletter.tables import NoticeKind
from newsletter.transport import Letter, MemoryTransport
from tests.desks import SetClock
from tests.newsletter.sender.week import FOUNDED, SLOT, found, open_week

MakeDesk = Callable[..., Desk]
NEWS = (NoticeKind.ISSUE_STARTED, NoticeKind.ISSUE_FINISHED)
NO_USER = Rejected(550, "5.1.1 no such user", Command.RCPT)


def news(engine: Engine) -> list[str]:
    """Return what was said of starts and ends, oldest first."""
    with Session(engine) as session:
        said = notices.recent(session, since=FOUNDED)[::-1]
    return [notice.message for notice in said if notice.kind in NEWS]


def test_start_and_finish_are_said_with_their_figures(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """How many readers at first; then how they went, and how long it took."""
    found(engine, readers=3, tips=1)
    answers = {"r2@example.org": NO_USER}
    desk = desk_with(
        MemoryTransport(lambda it: answers.get(it.envelope.rcpt_to, Accepted()))
    )

    issue = open_week(desk)
    started = news(engine)
    clock.now += timedelta(hours=2, minutes=5, seconds=1)
    deliver(desk, issue)

    assert started == ['2026-W48, "Tip 1", starts going out to 3 readers.']
    (finished,) = news(engine)[1:]
    assert finished == (
        '2026-W48, "Tip 1", is finished after 2 h 5 min: 2 of 3 sent, 1 failed. '
        "Who and why: newsletter issues show 2026-W48"
    )


def test_an_issue_that_is_not_finished_is_not_said_to_be(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """A letter that waits for another try keeps the end back, and then there is one."""
    found(engine, readers=1, tips=1)
    answers = [Deferred(451, "4.7.1 greylisted", Command.RCPT), Accepted()]
    desk = desk_with(MemoryTransport(lambda _: answers.pop(0)))
    issue = open_week(desk)

    deliver(desk, issue)
    waiting = len(news(engine))
    clock.now += timedelta(minutes=5)
    deliver(desk, issue)

    assert waiting == 1
    assert "is finished after 5 min 0 s: 1 of 1 sent." in news(engine)[1]


def test_whichever_process_settles_it_is_said_once(engine: Engine, desk: Desk) -> None:
    """Four at the same moment, and one more later."""
    found(engine, readers=1, tips=1)
    issue = open_week(desk)
    deliver(desk, issue)
    start = Barrier(4)

    def settling() -> None:
        start.wait()
        settle(desk, issue)

    threads = [Thread(target=settling) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(news(engine)) == 2


def test_schedulers_that_open_at_once_say_the_start_once(
    engine: Engine, desk: Desk
) -> None:
    """One of four opens the issue; the others say nothing."""
    found(engine, readers=1, tips=2)
    start = Barrier(4)

    def opening() -> None:
        start.wait()
        open_slot(desk, SLOT)

    threads = [Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(news(engine)) == 1


def test_another_issue_of_the_same_week_is_news(engine: Engine, desk: Desk) -> None:
    """Cancelled, with another tip in its place; a cancelled issue is not finished."""
    found(engine, readers=1, tips=2)
    issue = open_week(desk)
    cancel(desk, SLOT)
    settle(desk, issue)
    open_slot(desk, SLOT, slug="tip-2")

    assert news(engine) == [
        '2026-W48, "Tip 1", starts going out to 1 reader.',
        '2026-W48, "Tip 2", starts going out to 1 reader.',
    ]


def test_an_operator_can_have_it_quiet(engine: Engine, desk_with: MakeDesk) -> None:
    """Neither kept nor mailed; troubles still are."""
    found(engine, readers=1, tips=1)
    transport = MemoryTransport()
    quiet = {"operator_address": "boss@example.net", "announce_issues": False}
    desk = desk_with(transport, identity=quiet)

    deliver(desk, open_week(desk))
    tell_operator(desk)

    assert news(engine) == []
    subjects = [subject_of(letter) for letter in transport.sent]
    assert subjects == ["Tip 1", "The library is running low"]


def subject_of(letter: Letter) -> str:
    """Return the subject of a letter in plain ASCII."""
    return letter.message.split(b"Subject: ")[1].split(b"\r\n")[0].decode()


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min 0 s"),
        (timedelta(minutes=59, seconds=59), "59 min 59 s"),
        (timedelta(hours=1), "1 h 0 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(
    length: timedelta, words: str
) -> None:
    """As exact as anybody wants to know; a clock set back is nothing."""
    assert in_words(length) == words
