"""Killed at any moment, restarted at once: nobody forgotten, nobody mailed twice.

Real processes are ended by SIGKILL again and again while they speak with a server that
records what it accepts; what counts is what arrived. RFC 1047: a letter whose answer
was lost may have arrived, so under ``resend`` it may come twice, with the ledger saying
so, and under ``hold`` it may be missing, with the program naming it.

This is the short form. `make crash-test` runs the same with many more kills, and writes
what it counted into docs/crash-test.md.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.crash import page
from tests.crash.counting import Count
from tests.crash.house import House
from tests.crash.killing import HANDFUL, STEPS, Fire, kill_at_random, kill_at_steps
from tests.crash.recorder import recording
from tests.crash.runner import Plan

IS_FULL = os.environ.get("CRASH_TEST") == "full"
CONNECTIONS = 4
WORKERS = 3
LEASE_SECONDS = 3
TIMEOUT_SECONDS = 0.7
PACE_SECONDS = 0.004
# At each issue: so many readers, and at most so many kills.
READERS = 2_500 if IS_FULL else 400
KILLS_AN_ISSUE = 50
KILLS = int(os.environ.get("CRASH_KILLS", "200")) if IS_FULL else 4
# Enough for a handful at each step, and for those that its processes had in hand.
READERS_OF_STEPS = 320
READERS_OF_A_STEP = 160
CHOSEN_STEPS = [step for step in STEPS if IS_FULL or step.is_essential]
# The short form goes through the runner, so that few letters are in each one's hands.
PLAN = None if IS_FULL else Plan(handful=HANDFUL)


@dataclass(frozen=True)
class Variant:
    """What is done with letters in doubt, and how many processes send."""

    uncertain: str
    workers: int

    def __str__(self) -> str:
        """Return the variant's name in a test's."""
        return f"{self.uncertain}-{self.workers}"


ALL = [Variant(u, w) for w in (1, WORKERS) for u in ("resend", "hold")]
SHORT_RANDOM = [Variant("resend", 1), Variant("hold", WORKERS)]
SHORT_STEPS = [Variant("resend", 1)]


@pytest.fixture(scope="module")
def note() -> Iterator[Callable[[str, Engine, Variant, Count], None]]:
    """Keep what was counted; a full run writes the page from it."""
    rows: list[page.Row] = []

    def keep(what: str, engine: Engine, variant: Variant, found: Count) -> None:
        kind = engine.dialect.name
        rows.append(page.Row(what, kind, variant.workers, variant.uncertain, found))

    yield keep
    if IS_FULL:
        page.write(rows, connections=CONNECTIONS)


@contextmanager
def under_fire(
    engine: Engine, folder: Path, variant: Variant, *, readers: int, narrow: bool
) -> Iterator[Fire]:
    """A house with its readers, the server that they mail to, and chance."""
    with recording(pace_seconds=PACE_SECONDS, narrow=narrow) as recorder:
        settings = {
            "delivery.lease_seconds": LEASE_SECONDS,
            "delivery.uncertain": variant.uncertain,
            "smtp.port": recorder.port,
            "smtp.timeout_seconds": TIMEOUT_SECONDS,
            "smtp.connections": CONNECTIONS,
        }
        house = House(engine, folder, readers, settings)
        house.found()
        chance = random.Random(str(variant))  # noqa: S311 - instants, not secrets
        try:
            yield Fire(house, recorder, variant.workers, chance, PLAN)
        finally:
            house.end_all()


@pytest.mark.parametrize("variant", ALL if IS_FULL else SHORT_RANDOM, ids=str)
def test_killed_at_random_instants_nobody_is_forgotten_or_mailed_twice(
    empty_engine: Engine,
    tmp_path: Path,
    variant: Variant,
    note: Callable[[str, Engine, Variant, Count], None],
) -> None:
    """Every letter arrives once, but for those that the ledger knows were in doubt."""
    total = Count()

    with under_fire(
        empty_engine, tmp_path, variant, readers=READERS, narrow=False
    ) as fire:
        while fire.kills < KILLS:
            kills = min(KILLS_AN_ISSUE, KILLS - fire.kills)
            total += kill_at_random(fire, fire.next_issue(), kills=kills)

    assert total.kills == KILLS
    assert total.forgotten == 0
    note("random instants", empty_engine, variant, total)


@pytest.mark.parametrize("variant", ALL if IS_FULL else SHORT_STEPS, ids=str)
def test_killed_at_every_step_nobody_is_forgotten_or_mailed_twice(
    empty_engine: Engine,
    tmp_path: Path,
    variant: Variant,
    note: Callable[[str, Engine, Variant, Count], None],
) -> None:
    """The same, the process being killed once at every step of a letter's way."""
    readers = READERS_OF_STEPS if variant.workers == 1 else READERS_OF_A_STEP

    with under_fire(
        empty_engine, tmp_path, variant, readers=readers, narrow=True
    ) as fire:
        steps = [s for s in CHOSEN_STEPS if s.is_shared or variant.workers == 1]
        found = kill_at_steps(fire, steps)
        broken_off = fire.recorder.broken_off

    assert found.kills >= len(steps)
    assert found.forgotten == 0
    assert broken_off, "no letter was cut in the middle of DATA"
    note("every step", empty_engine, variant, found)
