"""A worker: takes shards out of the queue and sends them, until it is told to stop.

Procrastinate's worker is asynchronous and stays on this side of the wall: each shard is
sent in a thread of its own by the ordinary, synchronous recipe, from a desk of its own.
When the database goes away the worker waits for it and begins anew.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition

from newsletter import db, issues
from newsletter.issues import IssueView
from newsletter.queue.shards import QUEUE, TASK, put_back
from newsletter.sender import Desk, deliver

log = logging.getLogger(__name__)

# The longest wait before a request to stop is noticed.
LISTEN_SECONDS = 0.25
# The longest a shard waits if the word that it is there got lost.
POLL_SECONDS = 2.0
# How long a worker leaves a database alone that does not answer.
RETRY_SECONDS = 5.0
# How often a worker says that it is there; see SILENT_SECONDS of `shards`.
HEARTBEAT_SECONDS = 2.0
# One to fetch with, one to say "I am here", one for everything else.
CONNECTIONS = 3


def work(open_desk: Callable[[], Desk], *, concurrency: int, stop: Event) -> None:
    """Send shards until *stop* is set, then finish the letters in hand.

    Args:
        open_desk: returns the tools of one go; each go has connections of its own.
        concurrency: shards sent at the same time by this process.
        stop: set when the process is asked to end.
    """
    # What it says of itself is for its own developers.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    conninfo = db.conninfo(open_desk().engine)
    while not stop.is_set():
        app = _app_of(conninfo, lambda: replace(open_desk(), stop=stop))
        try:
            asyncio.run(_serve(app, concurrency, stop))
        except (ConnectorException, psycopg.OperationalError) as error:
            log.warning("database away", extra={"reason": error.__cause__ or error})
            stop.wait(RETRY_SECONDS)


def send_shard(desk: Desk, issue_id: int, shard: int) -> None:
    """Have one go at an issue: send its letters until none is due.

    Asked to end before that, it puts the shard back for another worker. A go that fails
    is logged and over; the coordinator hands the shard out again.
    """
    try:
        issue = _going_out(desk, issue_id)
        if issue:
            deliver(desk, issue)
        if issue and desk.stop.is_set():
            put_back(desk, issue_id, shard)
    except Exception:
        log.exception("this shard failed; it is handed out again")
    finally:
        desk.transport.close()


def _going_out(desk: Desk, issue_id: int) -> IssueView | None:
    with db.transaction(desk.engine) as session:
        is_sending = issues.is_sending(session, issue_id)
        return issues.get(session, issue_id) if is_sending else None


def _app_of(conninfo: str, open_desk: Callable[[], Desk]) -> App:
    """Return an application that knows our one task."""
    app = App(
        connector=PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=CONNECTIONS, timeout=RETRY_SECONDS
        )
    )

    # A plain function: Procrastinate runs it in a thread.
    @app.task(name=TASK, queue=QUEUE)
    def send(issue_id: int, shard: int) -> None:
        log.info("shard begun", extra={"issue": issue_id, "shard": shard})
        send_shard(open_desk(), issue_id, shard)

    return app


async def _serve(app: App, concurrency: int, stop: Event) -> None:
    """Run Procrastinate's worker until *stop* is set or the database goes away."""
    # Its default is made for the number of processors, ours wait for a relay.
    threads = ThreadPoolExecutor(concurrency + 1, thread_name_prefix="shard")
    asyncio.get_running_loop().set_default_executor(threads)
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                fetch_job_polling_interval=POLL_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
            )
        )
        while not (stop.is_set() or working.done()):
            await asyncio.wait([working], timeout=LISTEN_SECONDS)
        # To be cancelled is, for this worker, to finish what it has and then to end.
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
