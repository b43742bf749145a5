"""What the coordinator puts into the queue, and when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session

from newsletter import db, issues, ledger
from newsletter.issues import IssueView
from newsletter.outcome import Command, Deferred, Outcome
from newsletter.queue import hand_out
from newsletter.queue.borrowed import at_once, manager_in
from newsletter.queue.shards import LETTERS_A_SHARD, QUEUE
from newsletter.sender import Desk, deliver, open_slot, tick
from newsletter.tables import Delivery, DeliveryStatus, IssueStatus
from newsletter.transport import Letter, MemoryTransport
from tests.desks import SetClock
from tests.factories import make_tip
from tests.newsletter.queue.conftest import (
    ON_POSTGRESQL,
    SHARDS,
    MakeDesk,
    empty_the_queue,
    fill,
    tasks,
    waiting,
)
from tests.newsletter.sender.week import MOMENT, SLOT, open_week, standing

pytestmark = ON_POSTGRESQL


def status_of(engine: Engine, issue: IssueView) -> IssueStatus:
    """Return how far the issue has come."""
    with db.transaction(engine) as session:
        return issues.get(session, issue.id).status


def take(engine: Engine, *, silent_for: timedelta = timedelta()) -> None:
    """Take a task as a worker that was last heard of some time ago."""
    with db.transaction(engine) as session:
        ((worker,),) = session.execute(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (now() - :silent) RETURNING id"
            ),
            {"silent": silent_for},
        )
        session.execute(
            text("SELECT procrastinate_fetch_job_v2(ARRAY[:queue], :worker)"),
            {"queue": QUEUE, "worker": worker},
        )


@pytest.mark.parametrize(
    ("readers", "shards"),
    [(0, 0), (1, 1), (LETTERS_A_SHARD, 1), (LETTERS_A_SHARD + 1, 2), (10**7, SHARDS)],
)
def test_there_are_as_many_shards_as_pages_up_to_the_limit(
    desk: Desk, queued: Engine, readers: int, shards: int
) -> None:
    """A short issue wakes one worker, the longest no more than the setting says."""
    fill(queued, readers=1)
    issue = replace(open_week(desk), enrolled=readers)
    empty_the_queue(queued)

    with db.transaction(queued) as session:
        assert desk.on_open
        desk.on_open(session, issue)

    assert waiting(queued) == {(issue.id, n): 1 for n in range(1, shards + 1)}


def test_shards_are_there_exactly_when_the_issue_is(desk: Desk, queued: Engine) -> None:
    """An opening that fails at its very end leaves no issue, no letter and no task."""
    fill(queued, readers=3)

    def defer_and_fail(session: Session, issue: IssueView) -> None:
        assert desk.on_open
        desk.on_open(session, issue)
        raise RuntimeError("the machine went away")

    with pytest.raises(RuntimeError):
        open_slot(replace(desk, on_open=defer_and_fail), SLOT)

    assert (standing(queued), tasks(queued)) == ({}, [])
    issue = open_week(desk)
    assert standing(queued) == {DeliveryStatus.PENDING: 3}
    assert waiting(queued) == {(issue.id, 1): 1}


def test_the_coordinator_opens_and_does_not_send(
    desk_with: MakeDesk, queued: Engine
) -> None:
    """Its round leaves the letters to the workers."""
    transport = MemoryTransport()
    fill(queued, readers=3)

    tick(desk_with(transport), forward=hand_out)

    assert standing(queued) == {DeliveryStatus.PENDING: 3}
    assert transport.sent == []
    assert len(waiting(queued)) == 1


def test_lost_tasks_come_back(desk: Desk, queued: Engine) -> None:
    """As long as letters are due, the next look puts their shards back."""
    fill(queued, readers=3)
    issue = open_week(desk)
    empty_the_queue(queued)

    hand_out(desk, issue)

    assert waiting(queued) == {(issue.id, 1): 1}


def test_shards_that_wait_are_not_doubled(desk: Desk, queued: Engine) -> None:
    """Looking often does not make the queue longer."""
    fill(queued, readers=3)
    issue = open_week(desk)

    for _ in range(5):
        hand_out(desk, issue)

    assert waiting(queued) == {(issue.id, 1): 1}


def test_many_coordinators_at_once_hand_out_each_shard_once(
    desk: Desk, queued: Engine
) -> None:
    """None of them fails, and no shard waits twice."""
    fill(queued, readers=3 * LETTERS_A_SHARD)
    issue = open_week(desk)
    empty_the_queue(queued)
    failures: list[Exception] = []

    def look() -> None:
        try:
            for _ in range(5):
                hand_out(desk, issue)
        except Exception as error:  # noqa: BLE001 - told by the thread that waits
            failures.append(error)

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert waiting(queued) == {(issue.id, n): 1 for n in (1, 2, 3)}


def test_the_shard_of_a_living_worker_is_left_to_it(desk: Desk, queued: Engine) -> None:
    """While it works, its shard is not handed out a second time."""
    fill(queued, readers=3)
    issue = open_week(desk)
    take(queued)

    hand_out(desk, issue)

    assert [job.status for job in tasks(queued)] == ["doing"]


@pytest.mark.parametrize("forgotten", [False, True], ids=["silent", "forgotten"])
def test_the_shard_of_a_silent_worker_is_handed_out_again(
    desk: Desk, queued: Engine, forgotten: bool
) -> None:
    """A worker that was killed or cut off holds nothing up, nor its own name."""
    fill(queued, readers=3)
    issue = open_week(desk)
    take(queued, silent_for=timedelta(seconds=11))
    if forgotten:
        # As other workers do when they start.
        with queued.begin() as connection:
            connection.execute(text("DELETE FROM procrastinate_workers"))

    hand_out(desk, issue)

    assert [job.status for job in tasks(queued)] == ["todo"]
    assert waiting(queued) == {(issue.id, 1): 1}


def test_the_tasks_of_one_issue_do_not_count_for_another(
    desk: Desk, queued: Engine, clock: SetClock
) -> None:
    """Two issues that go out at once have shards of their own."""
    fill(queued, readers=3)
    with db.transaction(queued) as session:
        make_tip(session, "second")
    first = open_week(desk)
    clock.now = MOMENT + timedelta(weeks=1)
    second = open_slot(desk, SLOT.shift(1))
    assert isinstance(second, IssueView)
    empty_the_queue(queued)

    hand_out(desk, first)
    hand_out(desk, second)

    assert waiting(queued) == {(first.id, 1): 1, (second.id, 1): 1}


def test_letters_put_off_are_handed_out_when_they_are_due(
    desk_with: MakeDesk, queued: Engine, clock: SetClock
) -> None:
    """The relay said "not now": no task until the retry time, one from then on."""

    def not_now(_letter: Letter) -> Outcome:
        return Deferred(451, "try later", Command.RCPT)

    fill(queued, readers=3)
    desk = desk_with(MemoryTransport(not_now))
    issue = open_week(desk)
    deliver(desk, issue)
    empty_the_queue(queued)

    hand_out(desk, issue)
    before = waiting(queued)
    clock.now += timedelta(minutes=5)
    hand_out(desk, issue)

    assert standing(queued) == {DeliveryStatus.DEFERRED: 3}
    assert before == {}
    assert waiting(queued) == {(issue.id, 1): 1}


def test_letters_of_a_dead_worker_are_handed_out_when_their_lease_lapsed(
    desk: Desk, queued: Engine, clock: SetClock
) -> None:
    """Nothing is due while the lease runs; afterwards everything is."""
    fill(queued, readers=3)
    issue = open_week(desk)
    with db.transaction(queued) as session:
        ledger.claim(session, issue.id, limit=9, now=clock.now, lease=desk.lease)
    empty_the_queue(queued)

    hand_out(desk, issue)
    before = waiting(queued)
    clock.now += desk.lease
    hand_out(desk, issue)

    assert before == {}
    assert waiting(queued) == {(issue.id, 1): 1}
    assert standing(queued) == {DeliveryStatus.PENDING: 3}


def test_an_issue_whose_last_worker_died_is_closed(desk: Desk, queued: Engine) -> None:
    """Every letter was recorded, nobody was left to say that it is finished."""
    fill(queued, readers=3)
    issue = open_week(desk)
    with db.transaction(queued) as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.SENT))
    empty_the_queue(queued)

    hand_out(desk, issue)

    assert status_of(queued, issue) is IssueStatus.SENT
    assert tasks(queued) == []


def test_an_issue_with_letters_in_hand_stays_open(desk: Desk, queued: Engine) -> None:
    """Nothing is due and nobody works, but a lease still runs."""
    fill(queued, readers=3)
    issue = open_week(desk)
    with db.transaction(queued) as session:
        ledger.claim(session, issue.id, limit=9, now=MOMENT, lease=desk.lease)
    empty_the_queue(queued)

    hand_out(desk, issue)

    assert status_of(queued, issue) is IssueStatus.SENDING


def test_the_queue_is_read_in_our_transaction(queued: Engine, desk: Desk) -> None:
    """What a transaction deferred it can read, and nobody else until it commits."""
    fill(queued, readers=1)
    issue = open_week(desk)
    empty_the_queue(queued)
    seen: list[Sequence[object]] = []

    with db.transaction(queued) as session:
        assert desk.on_open
        desk.on_open(session, issue)
        seen += [list(manager_in(session).list_jobs()), tasks(queued)]
        stalled = at_once(manager_in(session).get_stalled_jobs(queue=QUEUE))

    assert [len(each) for each in seen] == [1, 0]
    assert list(stalled) == []
