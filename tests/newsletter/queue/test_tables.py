"""The queue is made once, brought up to date, and never confused with another's."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from newsletter import db, queue
from newsletter.errors import DatabaseProblem
from newsletter.queue.tables import NOTE
from tests.newsletter.queue.conftest import ON_POSTGRESQL

pytestmark = ON_POSTGRESQL

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def run(engine: Engine, statement: str) -> object:
    """Run a statement of the test and return its first value, if it has one."""
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        return result.scalar() if result.returns_rows else None


def test_a_database_without_a_queue_says_how_to_make_it(empty_engine: Engine) -> None:
    """Refused with the command that mends it; well after that command."""
    db.upgrade(empty_engine, now=NOW)

    with pytest.raises(DatabaseProblem, match="newsletter upgrade"):
        queue.check(empty_engine)

    queue.install(empty_engine)
    queue.check(empty_engine)


def test_making_it_twice_changes_nothing(queued: Engine) -> None:
    """What waits in it still waits."""
    run(
        queued,
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')",
    )

    queue.install(queued)

    assert run(queued, "SELECT count(*) FROM procrastinate_jobs") == 1


def test_a_queue_of_an_older_release_is_brought_up_to_date(queued: Engine) -> None:
    """Only the changes that it lacks are made, each once."""
    newest = "procrastinate_retry_job_v2"
    run(queued, f"DROP FUNCTION {newest}")
    run(
        queued,
        "ALTER TYPE procrastinate_job_event_type RENAME VALUE 'retried' TO 'unknown'",
    )
    before = f"{NOTE}03.03.00_01_pre_priority_lock_fetch_job.sql"
    run(queued, f"COMMENT ON TABLE procrastinate_jobs IS '{before}'")
    with pytest.raises(DatabaseProblem, match="newsletter upgrade"):
        queue.check(queued)

    queue.install(queued)

    queue.check(queued)
    assert run(queued, f"SELECT to_regproc('{newest}') IS NOT NULL")


def test_the_queue_of_another_program_is_left_alone(queued: Engine) -> None:
    """Whoever shares a database with a Procrastinate of their own hears of it."""
    with queued.begin() as connection:
        connection.execute(text("COMMENT ON TABLE procrastinate_jobs IS 'theirs'"))

    for step in (queue.check, queue.install):
        with pytest.raises(DatabaseProblem, match="a database of its own"):
            step(queued)
