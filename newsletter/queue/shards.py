"""What is in the queue: shards of the issues that are going out.

A shard is *one worker's go at an issue*: it names the issue and a number, and the
worker that takes it claims letters, page after page, until none is due. It is no range
of letters. `ledger.claim` passes over what another worker holds, so any number of goes
share an issue without knowing of each other, and that has four good effects:

* The work levels itself. A fast worker takes more pages; nobody waits for the range of
  a slow or dead one. So throughput grows with the workers until relay or database end
  it.
* The queue is short: at most `queue.shards` tasks for each issue, also with ten million
  letters. Its tables do not grow, since a task that ended is deleted.
* A lost task loses nothing. Its letters are pending in the ledger, where the other
  goes find them, or the next one.
* A doubled task does nothing twice. It finds letters that nobody holds, or none.

The coordinator looks at each issue that goes out, again and again: it frees lapsed
leases, throws out tasks whose worker fell silent, and puts back as many shards as there
are pages of work, so a killed worker, a relay that was away, letters that come due
after a deferral and a resumed issue are one case.
"""

import contextlib
import logging
from collections.abc import Iterable, Sequence

from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from newsletter import db, issues, ledger
from newsletter.config import UncertainPolicy
from newsletter.db import Session
from newsletter.issues import IssueView
from newsletter.queue.borrowed import at_once, manager_in
from newsletter.sender import Desk, settle, take_up_lapsed

log = logging.getLogger(__name__)

QUEUE = "newsletter"
TASK = "newsletter.send_shard"
# A worker claims so many letters at once, so fewer would leave a second one idle.
LETTERS_A_SHARD = 500
# A worker says every two seconds that it is there. One that is wrongly taken for dead
# costs a doubled task, which does no harm, so this can be short.
SILENT_SECONDS = 10

LIVING = (Status.TODO.value, Status.DOING.value)


def defer_opened(session: Session, issue: IssueView, *, shards: int) -> None:
    """Put the shards of an issue into the queue, in the transaction that opens it.

    Args:
        session: the transaction; workers hear of the shards when it commits.
        issue: with its letters already enrolled.
        shards: how many workers may send it at the same time.
    """
    wanted = _pages(issue.enrolled, most=shards)
    _defer(manager_in(session), issue.id, range(1, wanted + 1))


def hand_out(desk: Desk, issue: IssueView) -> None:
    """See that an issue goes on: its letters free, its shards in the queue.

    Closes it when nothing waits any more. Several coordinators may do so at once.
    """
    take_up_lapsed(desk, issue)
    _throw_out_the_dead(desk)
    most = desk.config.settings.queue.shards
    try:
        with db.transaction(desk.engine) as session:
            manager = manager_in(session)
            due = ledger.count_due(
                session, issue.id, now=desk.clock(), limit=most * LETTERS_A_SHARD
            )
            living = _living(manager, issue.id)
            idle = [shard for shard in range(1, most + 1) if shard not in living]
            missing = idle[: max(0, _pages(due, most=most) - len(living))]
            _defer(manager, issue.id, missing)
    except AlreadyEnqueued:
        # Another coordinator was quicker.
        return
    if missing:
        facts = {"issue": issue.id, "slot": str(issue.slot), "shards": len(missing)}
        log.info("shards handed out", extra=facts)
    if not due and not living:
        _close(desk, issue)


def put_back(desk: Desk, issue_id: int, shard: int) -> None:
    """Give a shard to another worker, since this one was asked to end in mid-issue."""
    with contextlib.suppress(AlreadyEnqueued), db.transaction(desk.engine) as session:
        if issues.is_sending(session, issue_id):
            _defer(manager_in(session), issue_id, [shard])


def _key(issue_id: int, shard: int) -> str:
    """Return the name under which a shard waits in the queue at most once."""
    return f"{issue_id}/{shard}"


def _pages(letters: int, *, most: int) -> int:
    return min(most, -(-letters // LETTERS_A_SHARD))


def _defer(manager: JobManager, issue_id: int, shards: Iterable[int]) -> None:
    for shard in shards:
        configure_task(
            name=TASK,
            job_manager=manager,
            queue=QUEUE,
            queueing_lock=_key(issue_id, shard),
        ).defer(issue_id=issue_id, shard=shard)


def _living(manager: JobManager, issue_id: int) -> set[int]:
    """Return the shards of an issue that wait for a worker or are with one."""
    jobs: Iterable[Job] = manager.list_jobs(queue=QUEUE, task=TASK)
    return {
        int(str(job.task_kwargs["shard"]))
        for job in jobs
        if job.status in LIVING and job.task_kwargs["issue_id"] == issue_id
    }


def _throw_out_the_dead(desk: Desk) -> None:
    """Take tasks out of the queue whose worker was killed or cut off.

    One that was only slow finds its task gone at the end, and nothing else changed.
    """
    with db.transaction(desk.engine) as session:
        dead = at_once(_finish_stalled(manager_in(session)))
    for job in dead:
        log.warning("a worker fell silent", extra={"task": job.task_kwargs})


async def _finish_stalled(manager: JobManager) -> Sequence[Job]:
    stalled = list(
        await manager.get_stalled_jobs(
            queue=QUEUE, seconds_since_heartbeat=SILENT_SECONDS
        )
    )
    for job in stalled:
        await manager.finish_job(job, Status.FAILED, delete_job=True)
    return stalled


def _close(desk: Desk, issue: IssueView) -> None:
    """Close an issue whose last worker died before it could."""
    resending = desk.config.settings.delivery.uncertain is UncertainPolicy.RESEND
    with db.transaction(desk.engine) as session:
        finished = issues.is_sending(session, issue.id) and ledger.is_finished(
            session, issue.id, resending=resending
        )
    # Counting ten million letters at each look would be felt; `settle` counts.
    if finished:
        settle(desk, issue)
