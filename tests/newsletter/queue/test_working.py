"""Workers: together they send all letters once, whatever becomes of their tasks."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import pytest
from procrastinate.tasks import configure_task
from sqlalchemy import Engine, make_url, text

from newsletter import db, issues
from newsletter.outcome import Accepted, Outcome
from newsletter.queue import hand_out, work
from newsletter.queue.borrowed import manager_in
from newsletter.queue.shards import LETTERS_A_SHARD, QUEUE, TASK
from newsletter.sender import Desk
from newsletter.tables import DeliveryStatus
from newsletter.transport import Letter, MemoryTransport
from tests.newsletter.queue.conftest import (
    ON_POSTGRESQL,
    empty_the_queue,
    fill,
    tasks,
    waiting,
)
from tests.newsletter.sender.week import SLOT, open_week, standing

pytestmark = ON_POSTGRESQL

PATIENCE = 30.0
READERS = LETTERS_A_SHARD + 40


@dataclass
class Crew:
    """Workers in threads, and what all of them sent together."""

    desk: Desk
    stop: Event = field(default_factory=Event)
    sent: list[str] = field(default_factory=list)
    answer: Callable[[Letter], Outcome] = lambda _letter: Accepted()

    def open_desk(self) -> Desk:
        """Return the tools of one go."""

        def send(letter: Letter) -> Outcome:
            outcome = self.answer(letter)
            self.sent.append(letter.envelope.rcpt_to)
            return outcome

        return replace(self.desk, transport=MemoryTransport(send))


@contextmanager
def working(crew: Crew, *, workers: int = 1, concurrency: int = 1) -> Iterator[None]:
    """Let workers work for the time of a ``with`` block; all must end when asked."""
    options = {"concurrency": concurrency, "stop": crew.stop}
    threads = [
        Thread(target=work, args=(crew.open_desk,), kwargs=options, daemon=True)
        for _ in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        crew.stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that workers do."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def all_sent(engine: Engine, readers: int) -> bool:
    """Tell whether every letter was recorded as sent."""
    return standing(engine) == {DeliveryStatus.SENT: readers}


def once_each(crew: Crew, readers: int) -> bool:
    """Tell whether every reader was sent one letter."""
    return Counter(crew.sent) == dict.fromkeys(
        (f"r{number}@example.org" for number in range(readers)), 1
    )


@pytest.mark.parametrize(("workers", "concurrency"), [(1, 1), (1, 3), (3, 1)])
def test_workers_send_an_issue_together_and_empty_the_queue(
    desk: Desk, queued: Engine, workers: int, concurrency: int
) -> None:
    """Every reader gets one letter, the issue is closed, and no task stays behind."""
    fill(queued, readers=READERS)
    crew = Crew(desk)

    with working(crew, workers=workers, concurrency=concurrency):
        open_week(desk)
        until(lambda: all_sent(queued, READERS) and not tasks(queued))

    assert once_each(crew, READERS)
    with db.transaction(queued) as session:
        assert issues.find(session, SLOT).status == "sent"


def test_doubled_tasks_send_nothing_twice(desk: Desk, queued: Engine) -> None:
    """The ledger hands every letter out once, however many are told to send it."""
    fill(queued, readers=READERS)
    issue = open_week(desk)
    with db.transaction(queued) as session:
        for _ in range(10):
            task = configure_task(
                name=TASK, job_manager=manager_in(session), queue=QUEUE
            )
            task.defer(issue_id=issue.id, shard=1)
    crew = Crew(desk)

    with working(crew, workers=3):
        until(lambda: all_sent(queued, READERS) and not tasks(queued))

    assert once_each(crew, READERS)


def test_lost_tasks_lose_nothing(desk: Desk, queued: Engine) -> None:
    """What a lost task would have sent, the next one finds in the ledger."""
    fill(queued, readers=READERS)
    issue = open_week(desk)
    empty_the_queue(queued)
    crew = Crew(desk)

    with working(crew):
        hand_out(desk, issue)
        until(lambda: all_sent(queued, READERS))

    assert once_each(crew, READERS)


def test_a_task_of_an_issue_that_does_not_go_out_sends_nothing(
    desk: Desk, queued: Engine
) -> None:
    """Paused meanwhile: the task ends, and the letters stay where they are."""
    fill(queued, readers=3)
    open_week(desk)
    with db.transaction(queued) as session:
        issues.pause(session, SLOT, because="a test")
    crew = Crew(desk)

    with working(crew):
        until(lambda: not tasks(queued))

    assert crew.sent == []
    assert standing(queued) == {DeliveryStatus.PENDING: 3}


def test_a_go_that_fails_is_logged_and_the_worker_lives_on(
    desk: Desk, queued: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken program is not the end of the worker: the next go sends the rest."""
    troubles = iter([RuntimeError("a bug")])

    def fail_once(_letter: Letter) -> Outcome:
        for trouble in troubles:
            raise trouble
        return Accepted()

    fill(queued, readers=READERS)
    crew = Crew(desk, answer=fail_once)

    with working(crew), caplog.at_level(logging.ERROR, "newsletter.queue"):
        issue = open_week(desk)
        until(lambda: not tasks(queued))
        hand_out(desk, issue)
        until(lambda: not tasks(queued))

    # What the failed go had claimed waits for its lease.
    counts = standing(queued)
    assert "this shard failed" in caplog.text
    assert counts[DeliveryStatus.SENT] == len(crew.sent) > 0
    assert DeliveryStatus.PENDING not in counts


def test_asked_to_end_it_finishes_the_letters_in_hand(
    desk: Desk, queued: Engine
) -> None:
    """Nothing is in doubt or in hand afterwards; the rest waits for another worker."""
    fill(queued, readers=READERS)
    crew = Crew(desk)

    def stop_in_the_middle(_letter: Letter) -> Outcome:
        if len(crew.sent) == 10:
            crew.stop.set()
        return Accepted()

    crew.answer = stop_in_the_middle
    with working(crew):
        issue = open_week(desk)
        until(crew.stop.is_set)

    sent = len(crew.sent)
    assert sent < READERS
    assert standing(queued) == {
        DeliveryStatus.SENT: sent,
        DeliveryStatus.PENDING: READERS - sent,
    }
    assert (issue.id, 1) in waiting(queued)


def test_a_database_that_went_away_is_waited_for(
    desk: Desk,
    queued: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All its connections cut and none let in: it says so, and works again after."""
    monkeypatch.setattr("newsletter.queue.working.RETRY_SECONDS", 0.2)
    fill(queued, readers=3)
    url = make_url(queued.url).set(database="postgres")
    admin = db.connect(url.render_as_string(hide_password=False))
    admin = admin.execution_options(isolation_level="AUTOCOMMIT")
    crew = Crew(desk)

    def allow(allowed: bool) -> None:
        with admin.connect() as connection:
            connection.execute(
                text(f"ALTER DATABASE blank ALLOW_CONNECTIONS {allowed}")
            )
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = 'blank'"
                )
            )

    with working(crew), caplog.at_level(logging.WARNING, "newsletter.queue"):
        until(lambda: has_worker(queued))
        allow(False)
        until(lambda: "database away" in caplog.text)
        allow(True)
        queued.dispose()
        open_week(desk)
        until(lambda: all_sent(queued, 3))
    admin.dispose()

    assert once_each(crew, 3)


def has_worker(engine: Engine) -> bool:
    """Tell whether a worker said that it is there."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM procrastinate_workers"))
        return bool(found.scalar())
