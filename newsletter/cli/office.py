"""What nearly every command needs first: the settings, and an open database."""

import os
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import typer

from newsletter import config as settings_room
from newsletter import db, fence
from newsletter.cli import screen
from newsletter.config import Config
from newsletter.db import Engine
from newsletter.errors import Fenced
from newsletter.sender import Clock, Desk, Forward, deliver, utc_now
from subscribers.hashing import AddressHasher
from subscribers.tokens import TokenSigner


@dataclass(frozen=True)
class Office:
    """The settings and the database of one installation."""

    config: Config
    engine: Engine
    clock: Clock = utc_now

    @property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.config.settings.schedule.timezone)

    @property
    def mark(self) -> Path:
        """Where the mark of the live database is kept."""
        return fence.mark_path(self.engine, self.config.folder)

    @cached_property
    def hasher(self) -> AddressHasher:
        """Hashes addresses, for what must know them without keeping them.

        Raises:
            MissingSetting: there is no secret to key it with.
        """
        return AddressHasher(self.config.secrets)

    def desk(self) -> Desk:
        """Return what the sender works with.

        Raises:
            MissingSetting: there is no secret. Better to hear of it now than at the
                first letter, on Tuesday morning.
            MissingExtra, DatabaseProblem: there should be a queue, and is none.
        """
        TokenSigner(self.config.secrets)
        desk = Desk.of(self.engine, self.config, clock=self.clock)
        section = self.config.settings.queue
        if not section.enabled:
            return desk
        from newsletter import queue  # noqa: PLC0415 - an optional part

        queue.check(self.engine)
        return replace(desk, on_open=partial(queue.defer_opened, shards=section.shards))

    @property
    def forward(self) -> Forward:
        """What brings an issue further: sending it here, or handing it to workers."""
        if not self.config.settings.queue.enabled:
            return deliver
        from newsletter import queue  # noqa: PLC0415 - an optional part

        return queue.hand_out


def config_of(context: typer.Context) -> Config:
    """Read the settings that the command line or the environment names.

    Raises:
        ConfigError: there are none, or they are wrong.
    """
    return settings_room.load(cast(Path, context.obj), os.environ)


def enter(context: typer.Context) -> Office:
    """Read the settings and open the database, both checked.

    Raises:
        ConfigError: the settings cannot be used.
        DatabaseProblem: the database cannot be used as it is.
    """
    config = config_of(context)
    engine = connect(context, config)
    db.check(engine)
    return Office(config, engine)


def connect(context: typer.Context, config: Config) -> Engine:
    """Return the engine of the database; it is closed when the command ends.

    Raises:
        DatabaseProblem: the setting names no database that we know.
    """
    durability = config.settings.database.durability
    engine = db.connect(database_url(config), durability=durability)
    context.call_on_close(engine.dispose)
    return engine


def move_in(office: Office) -> None:
    """Let a new database be the live one; tell the operator if it may not send."""
    try:
        with db.transaction(office.engine) as session:
            fence.check(session, office.mark)
    except Fenced as error:
        screen.aside(str(error))


def database_url(config: Config) -> str:
    """Return the database's URL, a SQLite file being relative to the settings."""
    url = config.settings.database.url.get_secret_value()
    kind, found, file = url.partition(":///")
    if kind.startswith("sqlite") and found and file and file != ":memory:":
        return f"{kind}:///{config.path(file)}"
    return url
