"""Many requests, few commits: what waits at the same moment is written together.

SQLite takes one writer at a time, and a commit that survives a power cut waits for the
disk. So one request at a time writes, for itself and for all that came meanwhile, in
one transaction. Nobody is answered before the commit; what goes wrong with one of them
leaves the others as they are.

PostgreSQL lets requests commit side by side, and makes one flush of many commits by
itself; each has a transaction of its own there, so that none waits for another's lock.
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any, Generic, TypeVar

from newsletter import db
from newsletter.db import Engine, Session
from newsletter.errors import DatabaseProblem

Answer = TypeVar("Answer")

# Others wait as long as this many take, so the sender of an issue gets its turn.
MOST_AT_ONCE = 100


class Writer:
    """Runs steps in transactions; safe to share between threads.

    Needs no thread of its own: whoever comes while nobody writes does so, and hands
    over to the first of those who came meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        # Somebody waits in front of a page; see `newsletter.db`.
        self._engine = engine.execution_options(impatient=True)
        self._together = engine.dialect.name == "sqlite"
        self._lock = Lock()
        self._waiting: list[_Wish[Any]] = []
        self._is_busy = False

    def run(self, step: Callable[[Session], Answer]) -> Answer:
        """Run *step*, commit it, and return what it returned.

        An error that it raises undoes what it did, and nobody else's. It may be run
        once more then, after all was undone, so it does nothing but read and write.

        Raises:
            DatabaseProblem: the database cannot be written; nothing was changed.
        """
        if not self._together:
            with db.transaction(self._engine) as session:
                return step(session)
        wish = _Wish(step)
        with self._lock:
            self._waiting.append(wish)
            writes, self._is_busy = not self._is_busy, True
        if not writes:
            wish.is_called.wait()
        if not wish.is_done:
            self._write_some()
        return wish.answer()

    def _write_some(self) -> None:
        """Write what waits, our own before all, then call the next one."""
        with self._lock:
            batch = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
        try:
            self._write(batch)
        finally:
            for wish in batch:
                wish.is_done = True
                wish.is_called.set()
            with self._lock:
                self._is_busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].is_called.set()

    def _write(self, batch: "list[_Wish[Any]]") -> None:
        """Run all steps and commit; apart from each other only if one goes wrong.

        Savepoints were measured at a third of what a click costs, and hardly any step
        ever fails.
        """
        try:
            if not self._write_plainly(batch):
                self._write_apart(batch)
        except Exception as error:  # noqa: BLE001 - each caller is told
            for wish in batch:
                wish.error = _problem(error)

    def _write_plainly(self, batch: "list[_Wish[Any]]") -> bool:
        """Tell whether all steps went well; if not, nothing was written."""
        try:
            with db.transaction(self._engine) as session:
                for wish in batch:
                    wish.found = wish.step(session)
                    _forget_rows(session)
        except DatabaseProblem:
            raise
        except Exception as error:  # noqa: BLE001 - whose it is, the next try tells
            if len(batch) > 1:
                return False
            batch[0].error = error
        return True

    def _write_apart(self, batch: "list[_Wish[Any]]") -> None:
        """Give each step a savepoint: its own errors are its own.

        The database's are everybody's: it may have undone more than the step.
        """
        with db.transaction(self._engine) as session:
            for wish in batch:
                try:
                    with db.failures_said(self._engine), session.begin_nested():
                        wish.found = wish.step(session)
                except DatabaseProblem:
                    raise
                except Exception as error:  # noqa: BLE001 - its caller is told
                    wish.error = error
                _forget_rows(session)


class _Wish(Generic[Answer]):
    """What one request wants written, and what came of it."""

    found: Answer

    def __init__(self, step: Callable[[Session], Answer]) -> None:
        self.step = step
        self.error: Exception | None = None
        self.is_done = False
        self.is_called = Event()

    def answer(self) -> Answer:
        """Return what the step returned, or raise what kept it from that."""
        if self.error:
            raise self.error
        return self.found


def _forget_rows(session: Session) -> None:
    """See that the next step is not shown rows as this one knew them."""
    session.flush()
    session.expunge_all()


def _problem(error: Exception) -> DatabaseProblem:
    """Return an error of a caller's own: one that is shared would mix their traces."""
    problem = DatabaseProblem(str(error))
    problem.__cause__ = error
    return problem
