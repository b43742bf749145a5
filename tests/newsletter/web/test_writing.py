"""Many write at once; each hears what became of their own, after the commit."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session, SQLModel, select

from newsletter import db
from newsletter.errors import DatabaseProblem
from newsletter.web.writing import MOST_AT_ONCE, Writer
from subscribers.tables import Subscriber
from tests.factories import make_subscriber
from tests.waiting import PATIENCE, until

Step = Callable[[Session], object]


def adding(address: str = "") -> Callable[[Session], int]:
    """Return a step that puts somebody on the list."""
    return lambda session: make_subscriber(session, address).id or 0


def count(engine: Engine) -> int:
    """Return how many people are on the list."""
    with Session(engine) as session:
        return len(session.exec(select(Subscriber.id)).all())


class Held:
    """A first step that keeps the writer busy until everybody else waits."""

    def __init__(self) -> None:
        self.began, self.may_end = Event(), Event()

    def __call__(self, session: Session) -> int:
        """Wait, in the middle of a transaction."""
        session.execute(text("SELECT 1"))
        self.began.set()
        assert self.may_end.wait(PATIENCE)
        return 0


def queue_up(writer: Writer, steps: Sequence[Step]) -> list[object]:
    """Run steps that wait for another, in order; return or hand out what each gave."""

    def run(step: Step) -> object:
        try:
            return writer.run(step)
        except Exception as error:  # noqa: BLE001 - it is looked at
            return error

    held = Held()
    with ThreadPoolExecutor(len(steps) + 1) as pool:
        first = pool.submit(run, held)
        assert held.began.wait(PATIENCE)
        rest = []
        for step in steps:
            rest.append(pool.submit(run, step))
            until(
                lambda: rest[-1].done() or len(writer._waiting) == len(rest),
                say="its turn",
            )
        held.may_end.set()
        first.result(PATIENCE)
        return [one.result(PATIENCE) for one in rest]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An engine on SQLite, where requests share commits."""
    engine = db.connect(f"sqlite:///{tmp_path / 'newsletter.db'}")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_a_step_is_committed_before_it_is_answered(engine: Engine) -> None:
    """Whoever asks then finds it."""
    number = Writer(engine).run(adding("ann@example.org"))

    with Session(engine) as session:
        assert session.get_one(Subscriber, number).address == "ann@example.org"


def test_everybody_gets_their_own_answer(engine: Engine) -> None:
    """However many at once, and more than fit into one transaction."""
    writer, start = Writer(engine), Barrier(8)

    def many(_: int) -> list[int]:
        start.wait()
        return [writer.run(adding()) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = [number for some in pool.map(many, range(8)) for number in some]

    assert len(set(found)) == count(engine) == 160


def test_what_waits_is_committed_together(sqlite: Engine) -> None:
    """Ten that came while another wrote cost one more commit."""
    commits: list[object] = []
    event.listen(sqlite, "commit", commits.append)

    answers = queue_up(Writer(sqlite), [adding() for _ in range(10)])

    assert len(set(answers)) == 10
    assert len(commits) == 2


def test_one_transaction_holds_only_so_many(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is written by the next of those who wait."""
    monkeypatch.setattr("newsletter.web.writing.MOST_AT_ONCE", 4)
    commits: list[object] = []
    event.listen(sqlite, "commit", commits.append)

    answers = queue_up(Writer(sqlite), [adding() for _ in range(10)])

    assert len(set(answers)) == 10 < MOST_AT_ONCE
    assert len(commits) == 1 + 3


def test_an_error_undoes_only_its_own_step(engine: Engine) -> None:
    """Its caller hears of it, the others' work is there."""

    def half(session: Session) -> int:
        make_subscriber(session, "half@example.org")
        raise ValueError("no")

    answers = queue_up(Writer(engine), [adding(), half, adding()])

    assert isinstance(answers[1], ValueError)
    assert isinstance(answers[0], int)
    assert isinstance(answers[2], int)
    assert count(engine) == 2


def test_a_broken_constraint_is_its_own_callers(engine: Engine) -> None:
    """Two want the same address: one has it, and all the rest is written."""
    steps = [adding("ann@example.org"), adding("ann@example.org"), adding()]

    answers = queue_up(Writer(engine), steps)

    assert sum(isinstance(answer, int) for answer in answers) == 2
    assert count(engine) == 2


def test_a_database_that_fails_fails_everybody(sqlite: Engine) -> None:
    """Nothing is there of those whose commit did not come; the next one works."""
    writer = Writer(sqlite)

    def broken(session: Session) -> int:
        session.execute(text("SELECT * FROM nothing_like_that"))
        return 0

    answers = queue_up(writer, [adding(), broken, adding()])

    assert [type(answer) for answer in answers] == [DatabaseProblem] * 3
    assert len({id(answer) for answer in answers}) == 3
    assert count(sqlite) == 0
    assert writer.run(adding())


def test_no_step_sees_rows_as_another_knew_them(engine: Engine) -> None:
    """What was changed in between by a statement is seen as it is."""
    with db.transaction(engine) as session:
        number = make_subscriber(session, name="Ann").id

    def look(session: Session) -> str:
        return session.get_one(Subscriber, number).name

    def rename(session: Session) -> str:
        session.execute(text("UPDATE subscriber SET name = 'Anna'"))
        return ""

    assert queue_up(Writer(engine), [look, rename, look]) == ["Ann", "", "Anna"]
