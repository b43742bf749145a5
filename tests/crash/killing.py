"""Issues that are sent under fire: by SIGKILL at random instants, or at every step."""

import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from newsletter.slots import Slot
from tests.crash.counting import Count, count
from tests.crash.house import FIRST_SLOT, House, Sending
from tests.crash.recorder import Point, Recorder
from tests.crash.runner import IN_A_COMMIT, Plan

# The instants of the kills lie in so long a time after the first word to the relay ...
SPAN_SECONDS = 0.4
# ... but for one in so many, which lies in the time before it.
AT_THE_START = 12
START_SECONDS = 0.3
# A process that finds all letters claimed by the dead ends; then it is started again.
PAUSE_SECONDS = 0.25
# A commit may be over before the kill comes; so often it is tried again.
MOST_TRIES = 25
HANDFUL = 10
# In paragraphs: a letter that a narrow server does not take at once.
LARGE = 200


@dataclass
class Fire:
    """A house under fire, and the server that hears its letters.

    Attributes:
        workers: how many processes send at the same time.
        plan: of processes that are not killed at a step; None is the plain program.
        kills: how many were ended by SIGKILL so far.
        killed: what those called themselves.
    """

    house: House
    recorder: Recorder
    workers: int
    chance: random.Random
    plan: Plan | None = None
    kills: int = 0
    killed: set[str] = field(default_factory=set)
    issues: int = 0
    _heard: int = 0
    _cut: int = 0
    _open: int = 0
    _killed: int = 0
    _ask_at: float = 0.0

    def next_issue(self, *, paragraphs: int = 1) -> Slot:
        """Put another tip into the library, and return the week for it."""
        slot = FIRST_SLOT.shift(self.issues)
        self.issues += 1
        self.house.add_tip(f"tip-{self.issues}", paragraphs=paragraphs)
        return slot

    def prepare(self) -> None:
        """Make what the house needs besides, once it is founded."""

    def start(self, slot: Slot) -> Sending:
        """Start a process that sends the issue."""
        return self.house.send(slot, plan=self.plan)

    def look_after(self, slot: Slot) -> None:
        """Do what somebody else must do while processes send; nobody must."""

    def see_off(self, slot: Slot, crew: Sequence[Sending]) -> None:
        """Let those who still send go on until they find nothing more."""
        del slot
        for sending in crew:
            assert sending.code == 0, sending.words

    def is_finished(self, slot: Slot) -> bool:
        """Tell whether the issue is over; asks the database ten times a second."""
        now = time.monotonic()
        if now < self._ask_at:
            return False
        self._ask_at = now + 0.1
        return self.house.is_finished(slot)

    def settle(self, slot: Slot) -> Count:
        """Send the rest of the issue, and count it."""
        self.house.finish(slot, plan=self.plan)
        self.recorder.wait_for_silence()
        arrivals = self.recorder.arrivals[self._heard :]
        cut = sum(self.recorder.cut.values())
        # Others hang up without goodbye, too, on connections that they never used.
        open_at_kills = sum(self.recorder.cut[name] for name in self.killed)
        found = count(
            self.house,
            slot,
            arrivals,
            kills=self.kills - self._killed,
            cut=cut - self._cut,
        )
        self._heard, self._cut = len(self.recorder.arrivals), cut
        found = replace(found, cut=open_at_kills - self._open)
        self._killed, self._open = self.kills, open_at_kills
        return found

    def note_killed(self, name: str) -> None:
        """Count one that was killed."""
        self.kills += 1
        self.killed.add(name)


@dataclass
class _Worker:
    """A place at which a process sends; when one ends, the next takes its place."""

    fire: Fire
    slot: Slot
    kill_at: float | None = None
    sending: Sending | None = None
    not_before: float = 0.0

    def see_to_it(self) -> None:
        """Start a process where none is; see that one that ended did so by itself."""
        now = time.monotonic()
        if self.sending is None:
            if now >= self.not_before:
                self.sending = self.fire.start(self.slot)
        elif self.sending.has_ended:
            assert self.sending.code == 0, self.sending.words
            self.sending, self.kill_at = None, None
            self.not_before = now + PAUSE_SECONDS

    def aim(self) -> None:
        """Choose the instant at which the process is killed, once it can be chosen."""
        sending, chance = self.sending, self.fire.chance
        if sending is None or self.kill_at is not None:
            return
        if sending.name in self.fire.recorder.seen:
            self.kill_at = time.monotonic() + chance.uniform(0, SPAN_SECONDS)

    def aim_at_the_start(self) -> None:
        """Kill the process, which was just started, before it says anything."""
        if self.sending is not None and self.kill_at is None:
            wait = self.fire.chance.uniform(0, START_SECONDS)
            self.kill_at = self.sending.began + wait

    def kill_if_it_is_time(self) -> bool:
        """Kill the process if its instant has come; the next is started at once."""
        if self.sending is None or self.kill_at is None:
            return False
        if time.monotonic() < self.kill_at:
            return False
        was_killed = self.sending.kill()
        if was_killed:
            self.fire.note_killed(self.sending.name)
            self.sending, self.kill_at = None, None
        return was_killed


def kill_at_random(fire: Fire, slot: Slot, *, kills: int) -> Count:
    """Send one issue and kill its processes, one at a time, at random instants.

    It goes on until so many were killed, or the issue is finished.
    """
    workers = [_Worker(fire, slot) for _ in range(fire.workers)]
    victim, at_the_start = workers[0], False
    aims = fire.kills + kills
    while fire.kills < aims and not fire.is_finished(slot):
        fire.look_after(slot)
        for worker in workers:
            worker.see_to_it()
        if at_the_start:
            victim.aim_at_the_start()
        else:
            victim.aim()
        if victim.kill_if_it_is_time():
            victim = fire.chance.choice(workers)
            at_the_start = fire.chance.randrange(AT_THE_START) == 0
        elif victim.sending is None:
            victim = fire.chance.choice(workers)
        time.sleep(0.002)
    fire.see_off(slot, [each.sending for each in workers if each.sending])
    return fire.settle(slot)


@dataclass(frozen=True)
class Step:
    """A step of a letter's way, at which its process is killed once.

    Attributes:
        is_essential: whether the short form has it, too.
    """

    name: str
    plan: Plan = field(default_factory=Plan)
    point: Point | None = None
    is_within_a_commit: bool = False
    is_essential: bool = True

    @property
    def is_shared(self) -> bool:
        """Tell whether every process comes to it, if several send one issue."""
        return self.plan.function not in ALONE


LEDGER = "newsletter.ledger"
ALONE = (f"{LEDGER}.enrol", "newsletter.issues.close")
# In the order of an issue's life, so that one issue serves them all.
STEPS = (
    Step(
        "readers enrolled, not committed",
        Plan(f"{LEDGER}.enrol", "after"),
        is_essential=False,
    ),
    Step("issue opened", Plan(f"{LEDGER}.enrol", "committed"), is_essential=False),
    Step("before claim", Plan(f"{LEDGER}.claim", "before", 2)),
    Step(
        "claimed, not committed",
        Plan(f"{LEDGER}.claim", "after", 2),
        is_essential=False,
    ),
    Step("after claim", Plan(f"{LEDGER}.claim", "committed", 2)),
    Step(
        "marked, not committed",
        Plan(f"{LEDGER}.mark_sending", "after", 3),
        is_essential=False,
    ),
    Step("after mark", Plan(f"{LEDGER}.mark_sending", "committed", 3)),
    Step("mid-DATA", point=Point.MID_DATA),
    Step("after the final dot, before the reply", point=Point.BEFORE_REPLY),
    Step("after the reply", point=Point.AFTER_REPLY),
    Step("after the reply, before record", Plan(f"{LEDGER}.record", "before", 2)),
    Step(
        "recorded, not committed",
        Plan(f"{LEDGER}.record", "after", 2),
        is_essential=False,
    ),
    Step("after record", Plan(f"{LEDGER}.record", "committed", 2), is_essential=False),
    Step("mid-commit", is_within_a_commit=True),
    Step(
        "lapsed leases freed, not committed",
        Plan(f"{LEDGER}.release_lapsed", "after"),
        is_essential=False,
    ),
    Step(
        "lapsed leases freed",
        Plan(f"{LEDGER}.release_lapsed", "committed"),
        is_essential=False,
    ),
    Step("before the issue is closed", Plan("newsletter.issues.close", "before")),
    Step(
        "issue closed, not committed",
        Plan("newsletter.issues.close", "after"),
        is_essential=False,
    ),
)


def kill_at_steps(fire: Fire, steps: Sequence[Step]) -> Count:
    """Kill a process at each of the steps, all in one issue; the others go on.

    Where others go on, each step has an issue of its own, or they would finish it.
    """
    total = Count()
    # Small hands, so that there is something left for each of them.
    fire.plan = Plan(handful=HANDFUL)
    if fire.workers == 1:
        slot = fire.next_issue(paragraphs=LARGE)
        for step in steps:
            if not any(_kill_at(fire, slot, step) for _ in range(MOST_TRIES)):
                raise AssertionError(f"no process came to this step: {step.name}")
        return fire.settle(slot)
    for step in steps:
        total += _kill_among_others(fire, step)
    return total


def _kill_among_others(fire: Fire, step: Step) -> Count:
    """Send issues with several processes, until one was killed at the step."""
    total = Count()
    for _ in range(MOST_TRIES):
        large = step.point is Point.MID_DATA
        slot = fire.next_issue(paragraphs=LARGE if large else 1)
        others = [_Worker(fire, slot) for _ in range(fire.workers - 1)]
        was_there = _kill_at(fire, slot, step, others)
        for worker in others:
            if worker.sending is not None:
                assert worker.sending.code == 0, worker.sending.words
        total += fire.settle(slot)
        if was_there:
            return total
    raise AssertionError(f"no process came to this step: {step.name}")


def _kill_at(
    fire: Fire, slot: Slot, step: Step, others: Sequence[_Worker] = ()
) -> bool:
    """Start a process; tell whether it came to the step, and was killed there."""
    assert not fire.house.is_finished(slot), f"finished before: {step.name}"
    note = fire.house.folder / "commit"
    victim = fire.house.send(slot, plan=_plan(step, note))
    if step.point is not None:
        _kill_on_the_wire(fire.recorder, victim, step.point)
    while not victim.has_ended:
        for worker in others:
            worker.see_to_it()
        time.sleep(0.002)
    fire.recorder.listener = None
    if not victim.was_killed:
        # It found nothing to do, since the dead have it in hand.
        assert victim.code == 0, victim.words
        time.sleep(PAUSE_SECONDS)
        return False
    fire.note_killed(victim.name)
    return not step.is_within_a_commit or note.read_text() == IN_A_COMMIT.decode()


def _plan(step: Step, note: Path) -> Plan:
    plan = step.plan
    return Plan(
        plan.function,
        plan.when,
        plan.call,
        in_commit=str(note) if step.is_within_a_commit else "",
        handful=HANDFUL,
    )


def _kill_on_the_wire(recorder: Recorder, victim: Sending, where: Point) -> None:
    """Let the server kill *victim* at the third letter that comes to this point."""
    left = [3]

    def listen(point: Point, process: str) -> None:
        if point is where and process == victim.name:
            left[0] -= 1
            if left[0] == 0:
                os.kill(victim.process.pid, signal.SIGKILL)

    recorder.listener = listen
