"""How fast the site answers with a hundred years of tips, under wrk.

    python -m benchmarks.pages [SECONDS] [TIPS] [COMMENTS]

`newsletter serve` in a process of its own, on SQLite and on PostgreSQL, with pages kept
for `web.cache_seconds` and with every page made anew; wrk asks on the same cores for
archive, tag and tip pages, each time another one: as fast as it can, and then 200 a
second. Prints a row as each is done, and writes the table into docs/benchmarks.md. Each
row takes twice SECONDS, 8 unless told otherwise; there are twelve. Needs Debian's wrk.
"""

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import library, machine
from benchmarks.library import COMMON_TAG
from benchmarks.stage import Stage, stage
from benchmarks.tables import Table

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
BEGIN = "<!-- pages, written by benchmarks.pages -->"
END = "<!-- pages end -->"
SECONDS, TIPS, COMMENTS = 8, 5_000, 50_000
# So many ask at once when they ask as fast as they can.
READERS = 16
# Twenty readers who wait a tenth of a second ask for 200 pages a second.
STEADY_READERS, STEADY_WAIT_MS = 20, 99
KEPT_SECONDS = 5
PAGE_SIZE = 10
# What is read of the tips: those of the last ten years.
MOST_TIPS = 500
START_SECONDS = 30
SCRIPT = """\
local paths = {{ {paths} }}
math.randomseed(os.time())
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
{delay}
"""


@dataclass(frozen=True)
class Load:
    """What wrk saw: pages a second, the slowest of a hundred in ms, and failures."""

    rate: float
    p99_ms: float
    failed: int


@dataclass(frozen=True)
class Row:
    """One kind of page on one engine: as fast as can be, and at 200 a second."""

    engine: str
    pages: str
    is_kept: bool
    fast: Load
    steady: Load


def paths_of(tips: int) -> dict[str, list[str]]:
    """Return the addresses of each kind of page."""
    last = max(2, tips // PAGE_SIZE)
    last_of_tag = max(2, tips // PAGE_SIZE // 2)
    return {
        "archive": [f"/archive/page/{page}/" for page in range(2, last)],
        "tag": [f"/tags/{COMMON_TAG}/page/{page}/" for page in range(2, last_of_tag)],
        "tip": [f"/tips/tip-{number}/" for number in range(min(tips, MOST_TIPS))],
    }


def read_wrk(said: str) -> Load:
    """Return what wrk wrote under ``--latency``.

    Raises:
        ValueError: it wrote something else.
    """
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", said, re.MULTILINE)
    slow = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)\b", said, re.MULTILINE)
    if not rate or not slow:
        raise ValueError(f"this is not what wrk writes: {said}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: (.*)", said)
    failed = int(refused[1]) if refused else 0
    failed += sum(map(int, re.findall(r"\d+", broken[1]))) if broken else 0
    in_ms = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}[slow[2]]
    return Load(float(rate[1]), float(slow[1]) * in_ms, failed)


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    head = (
        "engine",
        "pages",
        "kept",
        "a second",
        "p99 ms",
        "p99 ms at 200/s",
        "failed",
    )
    return Table(
        head,
        [
            (
                row.engine,
                row.pages,
                f"{KEPT_SECONDS} s" if row.is_kept else "no",
                f"{row.fast.rate:,.0f}",
                f"{row.fast.p99_ms:.0f}",
                f"{row.steady.p99_ms:.0f}",
                f"{row.fast.failed + row.steady.failed}",
            )
            for row in rows
        ],
        names=3,
    )


def publish(rows: list[Row], *, tips: int, comments: int) -> None:
    """Write the table into its place on the page."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    facts = machine.facts()
    words = (
        f"{tips:,} tips, {comments:,} comments; {facts['date']}, {facts['cores']} "
        f"cores, load {facts['load_before']} at the end."
    )
    found = f"{BEGIN}\n\n{words}\n\n{table(rows).as_markdown()}\n{END}"
    PAGE.write_text(f"{before}{found}{after}", "utf-8")


def measure(seconds: int, tips: int, comments: int) -> Iterator[Row]:
    """Yield a row for each engine, kind of page, and way to serve it."""
    for kind, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        with stage(kind) as where:
            library.fill(where, tips=tips, comments=comments)
            for is_kept in (True, False):
                with _served(where, KEPT_SECONDS if is_kept else 0) as port:
                    for pages, paths in paths_of(tips).items():
                        _read_once(port, paths)
                        fast = _load(where.folder, port, paths, seconds)
                        steady = _load(
                            where.folder, port, paths, seconds, is_steady=True
                        )
                        yield Row(name, pages, is_kept, fast, steady)


@contextmanager
def _served(where: Stage, kept_seconds: int) -> Iterator[int]:
    port = _free_port()
    where.configure(1, web__port=port, web__cache_seconds=kept_seconds)
    program = Path(sys.executable).with_name("newsletter")
    config = where.folder / "config.toml"
    process = subprocess.Popen([program, "--config", config, "serve"])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/archive/").close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("newsletter serve did not answer")


def _read_once(port: int, paths: list[str]) -> None:
    """Ask for every page, as happened long ago where a site has run for a day."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    for path in paths:
        line.request("GET", path)
        line.getresponse().read()
    line.close()


def _load(
    folder: Path, port: int, paths: list[str], seconds: int, *, is_steady: bool = False
) -> Load:
    wait = f"delay = function() return {STEADY_WAIT_MS} end" if is_steady else ""
    script = folder / "wrk.lua"
    listed = ", ".join(f'"{path}"' for path in paths)
    script.write_text(SCRIPT.format(paths=listed, delay=wait), "utf-8")
    readers = STEADY_READERS if is_steady else READERS
    asked = ["wrk", "-t1", f"-c{readers}", f"-d{seconds}s", "--latency"]
    program = [*asked, "-s", str(script), f"http://127.0.0.1:{port}"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return read_wrk(done.stdout)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def main() -> None:
    """Measure, publish, print."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt install wrk")
    words = [int(word) for word in sys.argv[1:]]
    seconds, tips, comments = [*words, *(SECONDS, TIPS, COMMENTS)[len(words) :]]
    rows = []
    for row in measure(seconds, tips, comments):
        rows.append(row)
        print(table([row]).as_text().splitlines()[-1], file=sys.stderr, flush=True)
    publish(rows, tips=tips, comments=comments)
    print(table(rows).as_text())


if __name__ == "__main__":
    main()
