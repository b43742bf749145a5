"""wrk, and the site that it asks: `newsletter serve` in a process of its own.

wrk shares the cores with the site, as readers of a real one do not. Needs Debian's wrk.
"""

import http.client
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.relays import free_port
from benchmarks.stage import Stage
from benchmarks.visits import Load

# So many ask at once when they ask as fast as they can.
READERS = 16
# Twenty who wait a tenth of a second on average ask 200 times a second, and not all at
# the same moment.
STEADY_READERS, STEADY_WAIT_MS = 20, 99
START_SECONDS = 30
STEADILY = f"\ndelay = function() return math.random(0, {2 * STEADY_WAIT_MS}) end\n"


def demand() -> None:
    """See that wrk is there.

    Raises:
        SystemExit: it is not.
    """
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt install wrk")


@contextmanager
def served(where: Stage, **values: object) -> Iterator[int]:
    """Yield the port of a site with these settings, and end it."""
    port = free_port()
    where.configure(1, web__port=port, **values)
    program = Path(sys.executable).with_name("newsletter")
    config = where.folder / "config.toml"
    process = subprocess.Popen([program, "--config", config, "serve"])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def load(
    folder: Path, port: int, script: str, seconds: int, *, is_steady: bool = False
) -> Load:
    """Let wrk ask what *script* says, and return what it saw.

    Args:
        folder: where the script may be kept meanwhile.
        port: of the site, on this machine.
        script: Lua that says what is asked for.
        seconds: how long.
        is_steady: 200 times a second, instead of as fast as there are answers.
    """
    file = folder / "wrk.lua"
    file.write_text(script + (STEADILY if is_steady else ""), "utf-8")
    readers = STEADY_READERS if is_steady else READERS
    asked = ["wrk", "-t1", f"-c{readers}", f"-d{seconds}s", "--latency"]
    program = [*asked, "-s", str(file), f"http://127.0.0.1:{port}"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return read(done.stdout)


def read(said: str) -> Load:
    """Return what wrk wrote under ``--latency``.

    Raises:
        ValueError: it wrote something else.
    """
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", said, re.MULTILINE)
    slow = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)\b", said, re.MULTILINE)
    answered = re.search(r"^\s+(\d+) requests in", said, re.MULTILINE)
    if not rate or not slow or not answered:
        raise ValueError(f"this is not what wrk writes: {said}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: (.*)", said)
    failed = int(refused[1]) if refused else 0
    failed += sum(map(int, re.findall(r"\d+", broken[1]))) if broken else 0
    in_ms = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}[slow[2]]
    return Load(float(rate[1]), float(slow[1]) * in_ms, failed, int(answered[1]))


def get(port: int, *paths: str) -> str:
    """Ask for each page once, and return the last one."""
    line, body = http.client.HTTPConnection("127.0.0.1", port), b""
    for path in paths:
        line.request("GET", path)
        body = line.getresponse().read()
    line.close()
    return body.decode()


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
