"""Killed at any moment, restarted at once: nobody forgotten, nobody mailed twice.

Real processes are ended by SIGKILL again and again while they speak with a server that
records what it accepts; what counts is what arrived. RFC 1047: a letter whose answer
was lost may have arrived, so under ``resend`` it may come twice, with the ledger saying
so, and under ``hold`` it may be missing, with the program naming it.

This is the short form. `make crash-test` runs the same with many more kills, several
variants at once, and writes each row that it counted into docs/crash-test.md.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.queue import shards
from tests.crash import crews, page
from tests.crash.counting import Count
from tests.crash.crews import Crew
from tests.crash.house import House
from tests.crash.killing import HANDFUL, STEPS, Fire, kill_at_random, kill_at_steps
from tests.crash.nursery import Nursery, nursery
from tests.crash.pairs import kill_either
from tests.crash.recorder import recording
from tests.crash.runner import Plan

IS_FULL = os.environ.get("CRASH_TEST") == "full"
KILLS = int(os.environ.get("CRASH_KILLS", "200" if IS_FULL else "4"))
CONNECTIONS = 4
# Nobody waits for a lease whose holder was killed on the same machine; workers are on
# machines of their own, and wait.
LEASE_SECONDS, WORKERS_LEASE_SECONDS = 30, 3
# Four of them must be less than a lease.
TIMEOUT_SECONDS, WORKERS_TIMEOUT_SECONDS = 5, 0.7
PACE_SECONDS = 0.004
# For those whose successors take longer to start: letters must be left for them.
SLOW_PACE_SECONDS = 0.02
# At each issue: so many readers, and at most so many kills.
READERS = 2_500 if IS_FULL else 400
KILLS_AN_ISSUE = 50
# Enough for a handful at each step, and for those that its processes had in hand.
READERS_OF_STEPS = 320
READERS_OF_A_STEP = 160
CHOSEN_STEPS = [step for step in STEPS if IS_FULL or step.is_essential]
# The short form goes through the runner, so that few letters are in each one's hands.
HANDFULS = 0 if IS_FULL else HANDFUL
# So many are sent well before their short lease is over.
WORKERS_HANDFUL = 50


@dataclass(frozen=True)
class Variant:
    """What is done with letters in doubt, and which processes send.

    Attributes:
        workers: how many of them are started.
        command: `send`, or `worker` of many machines.
        processes: how many send for each that is started, if more than itself.
    """

    uncertain: str
    workers: int = 1
    command: str = "send"
    processes: int = 1

    def __str__(self) -> str:
        """Return the variant's name in a test's."""
        kind = "pair" if self.processes > 1 else self.command
        return f"{kind}-{self.uncertain}-{self.workers}"

    @property
    def is_apart(self) -> bool:
        """Tell whether its processes are as on machines of their own."""
        return self.command == "worker"

    @property
    def sent_by(self) -> str:
        """Which processes there are, as the page says it."""
        more = f", `smtp.processes = {self.processes}`" if self.processes > 1 else ""
        return f"{self.workers} × `{self.command}`{more}"

    @property
    def settings(self) -> dict[str, object]:
        """What the installation is told of it."""
        return {
            "delivery.uncertain": self.uncertain,
            # On a busy machine the server's answer may come too late, and an issue with
            # a letter that is deferred for minutes is not over when a test gives up.
            "delivery.retry_after": ["1s"],
            "delivery.lease_seconds": (
                WORKERS_LEASE_SECONDS if self.is_apart else LEASE_SECONDS
            ),
            "smtp.timeout_seconds": (
                WORKERS_TIMEOUT_SECONDS if self.is_apart else TIMEOUT_SECONDS
            ),
            "smtp.processes": self.processes,
            "queue.enabled": self.is_apart,
        }


POLICIES = ("resend", "hold")
ALL = [Variant(u, w) for w in (1, 3) for u in POLICIES]
SHORT_RANDOM = [Variant("resend", 1), Variant("hold", 3)]
SHORT_STEPS = [Variant("resend", 1)]
PAIRS = [Variant(u, processes=2) for u in POLICIES]
CREWS = [Variant(u, 2, command="worker") for u in POLICIES]

FireOn = Callable[..., AbstractContextManager[Fire]]
Note = Callable[[str, Engine, Variant, Count], None]


@pytest.fixture
def note() -> Note:
    """Keep what was counted, in a full run."""

    def keep(what: str, engine: Engine, variant: Variant, found: Count) -> None:
        row = page.Row(
            what,
            engine.dialect.name,
            variant.sent_by,
            variant.uncertain,
            found,
            counted=page.today(),
            on=page.machine(engine),
            at_once=CONNECTIONS,
        )
        if IS_FULL:
            page.keep(row)

    return keep


@pytest.fixture(scope="module")
def program() -> Iterator[Nursery]:
    """The program, read from the disk once."""
    with nursery() as ours:
        yield ours


@pytest.fixture
def fire_on(empty_engine: Engine, tmp_path: Path, program: Nursery) -> FireOn:
    """A house with its readers, the server that they mail to, and chance."""

    @contextmanager
    def burning(
        variant: Variant, *, readers: int, pace: float, narrow: bool = False
    ) -> Iterator[Fire]:
        with recording(pace_seconds=pace, narrow=narrow) as recorder:
            settings = {
                **variant.settings,
                "smtp.port": recorder.port,
                "smtp.connections": CONNECTIONS,
            }
            house = House(empty_engine, tmp_path, readers, settings, nursery=program)
            house.found()
            chance = random.Random(str(variant))  # noqa: S311 - instants, not secrets
            handful = HANDFULS or WORKERS_HANDFUL * variant.is_apart
            plan = Plan(handful=handful, shares=variant.processes > 1)
            kind = Crew if variant.is_apart else Fire
            fire = kind(house, recorder, variant.workers, chance, plan)
            fire.prepare()
            try:
                yield fire
            finally:
                house.end_all()

    return burning


def under_fire(fire: Fire, kill: Callable[..., Count]) -> Count:
    """Send issues until so many processes were killed."""
    total = Count()
    while fire.kills < KILLS:
        kills = min(KILLS_AN_ISSUE, KILLS - fire.kills)
        total += kill(fire, fire.next_issue(), kills=kills)
    assert total.kills == KILLS
    assert total.forgotten == 0
    return total


@pytest.mark.parametrize("variant", ALL if IS_FULL else SHORT_RANDOM, ids=str)
def test_killed_at_random_instants_nobody_is_forgotten_or_mailed_twice(
    empty_engine: Engine,
    fire_on: FireOn,
    variant: Variant,
    note: Note,
) -> None:
    """Every letter arrives once, but for those that the ledger knows were in doubt."""
    with fire_on(variant, readers=READERS, pace=PACE_SECONDS) as fire:
        total = under_fire(fire, kill_at_random)

    note("random instants", empty_engine, variant, total)


@pytest.mark.parametrize("variant", PAIRS if IS_FULL else PAIRS[:1], ids=str)
def test_a_killed_child_and_the_child_of_a_killed_process_do_no_harm(
    empty_engine: Engine,
    fire_on: FireOn,
    variant: Variant,
    note: Note,
) -> None:
    """The same, two processes sending for one `send`; an orphan ends by itself."""
    with fire_on(variant, readers=READERS, pace=SLOW_PACE_SECONDS) as fire:
        total = under_fire(fire, kill_either)

    note("random instants", empty_engine, variant, total)


@pytest.mark.parametrize("variant", CREWS if IS_FULL else CREWS[1:], ids=str)
@pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)
def test_killed_workers_forget_and_repeat_nobody(
    empty_engine: Engine,
    fire_on: FireOn,
    variant: Variant,
    note: Note,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same, with workers that take what they send from the queue."""
    # A wrong guess costs a doubled task, which must do no harm either.
    monkeypatch.setattr(shards, "SILENT_SECONDS", crews.SILENT_SECONDS)
    monkeypatch.setattr(shards, "LETTERS_A_SHARD", crews.LETTERS_A_SHARD)
    with fire_on(variant, readers=READERS, pace=SLOW_PACE_SECONDS) as fire:
        total = under_fire(fire, kill_at_random)

    note("random instants", empty_engine, variant, total)


@pytest.mark.parametrize("variant", ALL if IS_FULL else SHORT_STEPS, ids=str)
def test_killed_at_every_step_nobody_is_forgotten_or_mailed_twice(
    empty_engine: Engine,
    fire_on: FireOn,
    variant: Variant,
    note: Note,
) -> None:
    """The same, the process being killed once at every step of a letter's way."""
    readers = READERS_OF_STEPS if variant.workers == 1 else READERS_OF_A_STEP

    with fire_on(variant, readers=readers, pace=PACE_SECONDS, narrow=True) as fire:
        steps = [s for s in CHOSEN_STEPS if s.is_shared or variant.workers == 1]
        found = kill_at_steps(fire, steps)
        broken_off = fire.recorder.broken_off

    assert found.kills >= len(steps)
    assert found.forgotten == 0
    assert broken_off, "no letter was cut in the middle of DATA"
    note("every step", empty_engine, variant, found)
