"""Starts the program a hundred times without reading it from the disk each time.

Two thirds of what a start took was Python reading modules, where nothing has touched
the database or the wire yet. So one process, ``python -m tests.crash.nursery``, reads
them once and forks for each start; what it bears is a process of its own, with nothing
open, that runs the program from its first line and is ended by SIGKILL like any other.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.crash.runner import Plan, become, follow

ROOT = Path(__file__).parents[2]
# What `newsletter send` and `newsletter worker` import before they do anything.
MODULES = (
    "newsletter.cli.program",
    "newsletter.cli.send",
    "newsletter.cli.worker",
    "newsletter.queue",
    "alembic.command",
    "psycopg",
    "sqlite3",
)


@dataclass
class Born:
    """A process that the nursery started; looks like a `subprocess.Popen`."""

    pid: int
    _code: int | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> int | None:
        """How it ended; None as long as it runs."""
        return self._code if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit code, or minus the signal."""
        if not self._ended.wait(timeout) or self._code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self._code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def end(self, code: int) -> None:
        """Note how it ended."""
        self._code = code
        self._ended.set()


@dataclass
class Nursery:
    """The process that forks, as whoever started it sees it."""

    _orders: IO[bytes]
    _children: dict[int, Born] = field(default_factory=dict)
    _births: list[Born] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def start(
        self,
        words: Sequence[str],
        *,
        plan: Plan,
        environment: Mapping[str, str],
        folder: Path,
        said: Path,
    ) -> Born:
        """Start the program with these words, where and as the rest says."""
        order = {
            "words": list(words),
            "plan": plan.as_json(),
            "environment": dict(environment),
            "folder": str(folder),
            "said": str(said),
        }
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.flush()
        with self._news:
            assert self._news.wait_for(lambda: self._births, 60), "nothing is born"
            return self._births.pop()

    def listen(self, lines: IO[bytes]) -> None:
        """Take in who was born and who ended, until the nursery itself ends."""
        for line in lines:
            what, pid, code = json.loads(line)
            if what == "ended":
                self._children[pid].end(code)
                continue
            child = self._children[pid] = Born(pid)
            with self._news:
                self._births.append(child)
                self._news.notify()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Run a nursery for the time of a ``with`` block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin
    assert process.stdout
    ours = Nursery(process.stdin)
    listener = threading.Thread(target=ours.listen, args=(process.stdout,))
    listener.start()
    try:
        yield ours
    finally:
        process.stdin.close()
        process.wait()
        listener.join()
        process.stdout.close()


def tend() -> dict[str, Any]:
    """Fork at each order, and tell how each child ended; return in a child only."""
    awake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm)
    heard = b""
    while True:
        readable, _, _ = select.select([0, awake], [], [])
        if awake in readable:
            os.read(awake, 4096)
            _tell_ended()
        if 0 not in readable:
            continue
        data = os.read(0, 65_536)
        if not data:
            sys.exit()
        heard += data
        while b"\n" in heard:
            line, _, heard = heard.partition(b"\n")
            pid = os.fork()
            if not pid:
                os.close(awake)
                os.close(alarm)
                return dict(json.loads(line))
            _tell("born", pid, 0)


def _tell_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell("ended", pid, os.waitstatus_to_exitcode(status))


def _tell(what: str, pid: int, code: int) -> None:
    os.write(1, json.dumps([what, pid, code]).encode() + b"\n")


def grow_up(order: Mapping[str, Any]) -> None:
    """Be the process that was ordered: its output, its place, its words."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for handle, standard in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(handle, standard)
    os.close(nothing)
    os.close(said)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    follow(Plan(**json.loads(order["plan"])))
    become(order["words"])


if __name__ == "__main__":
    for name in MODULES:
        importlib.import_module(name)
    grow_up(tend())
