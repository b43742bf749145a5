"""What every page has at hand: the settings, the database, the clock."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from newsletter import db, holes
from newsletter.config import Config, Settings
from newsletter.db import Engine, Session
from newsletter.web.gate import Gate
from newsletter.web.writing import Writer
from subscribers.hashing import AddressHasher
from subscribers.tokens import TokenSigner

Answer = TypeVar("Answer")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _nobody_waits() -> None:
    """Wake nobody: automatic letters go out with the next ring."""


@dataclass
class Writes:
    """How often this process wrote; whoever keeps pages asks whether it still holds.

    Noted after the commit. Two notes at one moment may count as one: it is enough that
    the number is another one than before.
    """

    number: int = 0

    def note(self) -> None:
        """Say that something was written."""
        self.number += 1


@dataclass(frozen=True)
class Site:
    """Everything that a page needs to know.

    Attributes:
        clock: what time it is, in UTC; the demo moves it.
        wake: called after a commit that left an automatic letter to be sent, so that
            it leaves at once.
        writes: counts what `write` wrote, so that kept pages are made anew.
    """

    config: Config
    engine: Engine
    clock: Callable[[], datetime] = _utc_now
    wake: Callable[[], None] = _nobody_waits
    writes: Writes = field(default_factory=Writes)

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.config.settings

    @cached_property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.settings.schedule.timezone)

    @cached_property
    def signer(self) -> TokenSigner:
        """Signs and verifies the links in letters.

        Raises:
            MissingSetting: there is no secret to sign them with.
        """
        return TokenSigner(self.config.secrets)

    @cached_property
    def hasher(self) -> AddressHasher:
        """Hashes addresses, for what must know them without keeping them.

        Raises:
            MissingSetting: there is no secret to key it with.
        """
        return AddressHasher(self.config.secrets)

    @cached_property
    def gate(self) -> Gate:
        """What this process remembers of the forms it was sent."""
        return Gate()

    @cached_property
    def writer(self) -> Writer:
        """Writes what requests want written."""
        return Writer(self.engine)

    @property
    def templates(self) -> Path | None:
        """The operator's own folder of templates, if there is one."""
        folder = self.settings.email.templates
        return self.config.path(folder) if folder else None

    def url(self, path: str) -> str:
        """Return the absolute address of *path*, which begins with a slash.

        Built from the settings and never from a Host header, which anybody can forge.
        """
        return holes.site(self.settings.newsletter.base_url) + path

    def reading(self) -> AbstractContextManager[Session]:
        """Open a session that reads the database as of one instant."""
        return db.snapshot(self.engine)

    def write(
        self, step: Callable[[Session], Answer], *, is_private: bool = False
    ) -> Answer:
        """Run *step* in a transaction, commit it, and return what it returned.

        Others may be written in the same transaction; an error that *step* raises
        undoes only what it did. It may be run more than once, and must not keep rows
        for later.

        Args:
            is_private: no page that everybody sees says anything else afterwards, so
                kept pages stay.

        Raises:
            DatabaseProblem: the database cannot be written; nothing was changed.
        """
        answer = self.writer.run(step)
        if not is_private:
            self.writes.note()
        return answer
