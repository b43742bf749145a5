"""The facts about the machine: enough to explain figures, too few to find it."""

import platform
import re

from benchmarks.machine import facts, filesystem, megahertz, sentence


def test_clock_is_that_of_the_first_core() -> None:
    """Linux tells one line a core; where it tells none, nothing is made up."""
    cores = "processor : 0\ncpu MHz\t\t: 2099.998\nprocessor : 1\ncpu MHz\t\t: 800.0\n"

    assert megahertz(cores) == 2100
    assert megahertz("processor : 0\n") is None


def test_file_system_is_that_of_the_nearest_mount() -> None:
    """A folder below several mounts is on the innermost of them."""
    mounts = "disk / ext4 rw 0 0\nnone /tmp tmpfs rw 0 0\nproc /proc proc rw 0 0\n"

    assert filesystem(mounts, "/tmp/bench") == "tmpfs"
    assert filesystem(mounts, "/tmpfiles") == "ext4"


def test_facts_hold_no_name() -> None:
    """Neither the host's name nor a builder's word behind the kernel's number."""
    found = facts()

    assert platform.node() not in sentence(found)
    assert re.fullmatch(r"[\d.]+", found["kernel"])
    assert found["cores"]
