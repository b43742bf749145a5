"""Runs the `newsletter` program, and ends it by SIGKILL at one step of the ledger.

A process of its own: ``python -m tests.crash.runner PLAN COMMAND …`` where PLAN is a
JSON object, see `Plan`. The functions are wrapped by name before anything has imported
them, so the engine may call them however it likes; a name that is gone is an error.
"""

import importlib
import json
import os
import random
import signal
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

CLAIM = "newsletter.ledger.claim"
MARK = "newsletter.ledger.mark_sending"
RECORD = "newsletter.ledger.record"
# Commits that are timed before one is hit.
TIMED_COMMITS = 8
IN_A_COMMIT = b"in "
OUT_OF_A_COMMIT = b"out"
# What a second process has behind the name of the first, in EHLO.
CHILD = "c"


@dataclass(frozen=True)
class Plan:
    """What happens to the process; by default nothing, it runs as it always does.

    Attributes:
        function: dotted name of the function at which the process ends.
        when: "before" it, "after" it, or once what it did is "committed".
        call: at which call of it.
        in_commit: write here whether a commit is under way, and end the process within
            one, at a random moment.
        handful: how many letters are claimed at once, so that a process that is
            started again finds some that are not still claimed by the one before.
        clock: a file that holds how many seconds the clock is off.
        ring_seconds: how often `newsletter run` looks for work.
        shares: whether it starts a second process for a short list, too.
    """

    function: str = ""
    when: str = "before"
    call: int = 1
    in_commit: str = ""
    handful: int = 0
    clock: str = ""
    ring_seconds: float = 0.0
    shares: bool = False

    def as_json(self) -> str:
        """Return the plan as the runner reads it."""
        return json.dumps(asdict(self))


def end() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def wrap(name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put *around* in the place of the function *name*, wherever it is reached.

    Raises:
        AttributeError: there is no such function any more.
    """
    room, _, function = name.rpartition(".")
    module = importlib.import_module(room)
    original = getattr(module, function)
    wrapped = around(original)
    setattr(module, function, wrapped)
    ours = [m for name, m in sys.modules.items() if name.startswith("newsletter")]
    for other in ours:
        if vars(other).get(function) is original:
            setattr(other, function, wrapped)


def end_at(plan: Plan) -> None:
    """Let the process end at the plan's call of the plan's function."""
    state = {"calls": 0, "awaits_commit": False}

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            # A turn that has nothing to record is not the step that is meant.
            has_work = plan.function != RECORD or any(args[1:])
            state["calls"] += has_work
            is_it = has_work and state["calls"] == plan.call
            if is_it and plan.when == "before":
                end()
            result = original(*args, **options)
            if is_it and plan.when == "after":
                end()
            state["awaits_commit"] |= is_it
            return result

        return step

    wrap(plan.function, around)
    commit = DefaultDialect.do_commit

    def commit_and_end(self: Any, connection: Any) -> None:
        commit(self, connection)
        if state["awaits_commit"]:
            end()

    if plan.when == "committed":
        DefaultDialect.do_commit = commit_and_end  # type: ignore[method-assign]


class CommitKiller:
    """Ends the process within a commit, as far into it as a random moment is.

    Only commits that mark letters count, for these write to the disk. How long they
    take is learned from the first ones. The process is ended by a child of its own, so
    that nothing in it must wait for a turn. Whether it was hit is written to a file: a
    kill that came a moment too late leaves "out" there.
    """

    def __init__(self, note: Path) -> None:
        self.note = os.open(note, os.O_RDWR | os.O_CREAT)
        self.seconds: list[float] = []
        self.counts = False
        self.order = _start_killer()
        self.original = DefaultDialect.do_commit

    def commit(self, dialect: Any, connection: Any) -> None:
        """Commit; one of the times the process ends meanwhile."""
        counts, self.counts = self.counts, False
        is_hit = counts and len(self.seconds) == TIMED_COMMITS
        if is_hit:
            usual = statistics.median(self.seconds)
            delay = random.uniform(0, usual)  # noqa: S311 - an instant
            os.pwrite(self.note, IN_A_COMMIT, 0)
            os.write(self.order, struct.pack("d", delay))
        began = time.perf_counter()
        self.original(dialect, connection)
        if counts:
            self.seconds.append(time.perf_counter() - began)
        if is_hit:
            os.pwrite(self.note, OUT_OF_A_COMMIT, 0)
            # The kill is on its way.
            time.sleep(60)


def _start_killer() -> int:
    """Start a child that kills us when told; return where to write the delay."""
    reading, writing = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        os.close(writing)
        order = os.read(reading, 8)
        if order:
            until = time.perf_counter() + struct.unpack("d", order)[0]
            while time.perf_counter() < until:
                pass
            os.kill(parent, signal.SIGKILL)
        os._exit(0)
    os.close(reading)
    return writing


def end_in_commit(note: Path) -> None:
    """Let the process end in one of the commits that mark letters as sending."""
    killer = CommitKiller(note)

    def commit(dialect: Any, connection: Any) -> None:
        killer.commit(dialect, connection)

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def mark(*args: Any, **options: Any) -> Any:
            marked = original(*args, **options)
            killer.counts = bool(marked)
            return marked

        return mark

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]
    wrap(MARK, around)


def claim_handfuls(most: int) -> None:
    """Let no claim take more than *most* letters."""

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def claim(*args: Any, limit: int, **options: Any) -> Any:
            return original(*args, limit=min(limit, most), **options)

        return claim

    wrap(CLAIM, around)


def shift_clock(path: Path) -> None:
    """Let the program's clock be off by as many seconds as a file says, at any time."""

    def around(_original: Callable[..., Any]) -> Callable[..., Any]:
        def shifted() -> datetime:
            return datetime.now(UTC) + timedelta(seconds=float(path.read_text()))

        return shifted

    wrap("newsletter.sender.desk.utc_now", around)


def ring_often(seconds: float) -> None:
    """Let `newsletter run` look for work every so many seconds."""

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda desk, **more: original(desk, ring_seconds=seconds, **more)

    wrap("newsletter.scheduler.run", around)


def share_soon() -> None:
    """Let a few letters be worth a second process, which says a name of its own."""
    processes = importlib.import_module("newsletter.sender.processes")
    processes.LETTERS_WORTH_A_PROCESS = 1  # type: ignore[attr-defined]

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def start(desk: Any, *more: Any) -> Any:
            settings = desk.config.settings
            mine, _, domain = settings.smtp.hello_name.partition(".")
            theirs = {"hello_name": f"{mine}{CHILD}.{domain}"}
            smtp = settings.smtp.model_copy(update=theirs)
            config = replace(
                desk.config, settings=settings.model_copy(update={"smtp": smtp})
            )
            return original(replace(desk, config=config), *more)

        return start

    wrap("newsletter.sender.processes._start", around)


def follow(plan: Plan) -> None:
    """Prepare what the plan wants to happen."""
    if plan.clock:
        shift_clock(Path(plan.clock))
    if plan.handful:
        claim_handfuls(plan.handful)
    if plan.ring_seconds:
        ring_often(plan.ring_seconds)
    if plan.function:
        end_at(plan)
    if plan.in_commit:
        end_in_commit(Path(plan.in_commit))
    if plan.shares:
        share_soon()


def become(words: Sequence[str]) -> None:
    """Be the ordinary program."""
    sys.argv = ["newsletter", *words]
    from newsletter.cli import main as program  # noqa: PLC0415 - after the wrapping

    program()


def main() -> None:
    """Follow the plan, then be the ordinary program."""
    follow(Plan(**json.loads(sys.argv[1])))
    become(sys.argv[2:])


if __name__ == "__main__":
    main()
