"""A PostgreSQL with a queue, a set clock, and desks of a coordinator."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from procrastinate.jobs import Job
from sqlalchemy import Engine, text

from newsletter import db, queue
from newsletter.queue.borrowed import manager_in
from newsletter.sender import Desk
from newsletter.transport import Transport
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_subscriber, make_tip
from tests.newsletter.sender.week import FOUNDED, MOMENT

SHARDS = 4
MakeDesk = Callable[..., Desk]
# There is no other queue.
ON_POSTGRESQL = pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)


@pytest.fixture
def queued(empty_engine: Engine) -> Engine:
    """An engine on a database with all tables and a queue, and nothing in them."""
    db.upgrade(empty_engine, now=FOUNDED)
    queue.install(empty_engine)
    return empty_engine


@pytest.fixture
def clock() -> SetClock:
    """A clock at the moment of the week."""
    return SetClock(MOMENT)


@pytest.fixture
def desk_with(queued: Engine, tmp_path: Path, clock: SetClock) -> MakeDesk:
    """Make a coordinator's desk with a transport and settings of one's own."""

    def make(transport: Transport | None = None, **sections: dict[str, Any]) -> Desk:
        url = {"url": queued.url.render_as_string(hide_password=False)}
        tables = {"database": url, "queue": {"enabled": True, "shards": SHARDS}}
        config = make_config(tmp_path, {**tables, **sections})
        desk = make_desk(queued, config, clock, transport)
        return replace(desk, on_open=partial(queue.defer_opened, shards=SHARDS))

    return make


@pytest.fixture
def desk(desk_with: MakeDesk) -> Desk:
    """A coordinator's desk."""
    return desk_with()


def tasks(engine: Engine) -> list[Job]:
    """Return what is in the queue."""
    with db.transaction(engine) as session:
        return list(manager_in(session).list_jobs())


def waiting(engine: Engine) -> dict[tuple[int, int], int]:
    """Return how often each shard waits for a worker."""
    args = [job.task_kwargs for job in tasks(engine) if job.status == "todo"]
    return dict(Counter((int(str(a["issue_id"])), int(str(a["shard"]))) for a in args))


def fill(engine: Engine, readers: int) -> None:
    """Write a tip and so many readers."""
    with db.transaction(engine) as session:
        make_tip(session, "tip")
        for number in range(readers):
            make_subscriber(session, f"r{number}@example.org")


def empty_the_queue(engine: Engine) -> None:
    """Lose every task."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
