"""What may be installed stands in a lock, each package with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
# The smallest lock that an extra can be installed from.
LOCKS = {
    "postgresql": "requirements.lock",
    "distributed": "requirements-distributed.lock",
}
PIN = re.compile(
    r"^([a-z0-9-]+)==([^ ;\\]+)(.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*)"
)


def pinned(lock: str) -> dict[str, str]:
    """Return the versions that a lock pins; every one of them with a hash."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text("utf-8"))[1:]:
        match = PIN.match(entry)
        assert match, f"{lock}: {entry}"
        assert "--hash" in match[3], f"{lock}: {match[1]} has no hash"
        found[match[1]] = match[2]
    return found


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_can_be_installed_with_hashes(extra: str) -> None:
    """Its packages and the project's own are in its lock, in a version that will do."""
    versions = pinned(LOCKS[extra])

    for words in (*PROJECT["project"]["dependencies"], *EXTRAS[extra]):
        wanted = Requirement(words)
        version = versions.get(canonicalize_name(wanted.name))
        assert version, f"{LOCKS[extra]} lacks {wanted.name}: run `make lock`"
        assert wanted.specifier.contains(version), f"{wanted} is locked at {version}"


def test_a_package_has_one_version_in_all_locks() -> None:
    """What was tested is what is installed: workers get nothing that tests lack."""
    tested = pinned("requirements-dev.lock")

    for lock in LOCKS.values():
        assert pinned(lock).items() <= tested.items(), f"{lock}: run `make lock`"
