"""Issues that are sent by `newsletter worker`, several of them, killed at random.

Each is as on a machine of its own, and so is its successor: what a killed one had in
hand waits for its lease.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from newsletter import config as settings_room
from newsletter import queue
from newsletter.cli.office import Office
from newsletter.issues import IssueView
from newsletter.sender import open_slot
from newsletter.slots import Slot
from tests.crash.house import PATIENCE_SECONDS, Sending
from tests.crash.killing import Fire

# How often the coordinator looks, and when it takes a worker for dead: sooner than
# `newsletter run`, so that less time passes until a dead one's shard is handed out.
LOOK_SECONDS = 0.5
SILENT_SECONDS = 3
# So few that nobody waits idle, the shards of the dead being counted, too.
LETTERS_A_SHARD = 25


@dataclass
class Crew(Fire):
    """Workers under fire. The coordinator lives: it does here what `run` does."""

    _opened: dict[Slot, IssueView] = field(default_factory=dict)
    _look_at: float = 0.0

    def prepare(self) -> None:
        """Make the queue, beside the tables that are there."""
        queue.install(self.house.engine)

    def next_issue(self, *, paragraphs: int = 1) -> Slot:
        """Open another issue, its shards in the queue."""
        slot = super().next_issue(paragraphs=paragraphs)
        opened = open_slot(self._office.desk(), slot)
        assert isinstance(opened, IssueView)
        self._opened[slot] = opened
        return slot

    def start(self, slot: Slot) -> Sending:
        """Start a worker; it sends whatever goes out, and so *slot*."""
        assert slot in self._opened
        return self.house.start("worker", plan=self.plan, on_its_own=True)

    def look_after(self, slot: Slot) -> None:
        """Free what the dead had, and hand out shards, as the coordinator does."""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            queue.hand_out(self._office.desk(), self._opened[slot])

    def see_off(self, slot: Slot, crew: Sequence[Sending]) -> None:
        """Let the crew finish the issue, and end it as an operator does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_finished(slot):
            assert time.monotonic() < deadline, [each.words for each in crew]
            self.look_after(slot)
            time.sleep(0.02)
        for worker in crew:
            worker.ask_to_end()
            assert worker.code == 0, worker.words

    @cached_property
    def _office(self) -> Office:
        config = settings_room.load(self.house.config, {})
        return Office(config, self.house.engine)
