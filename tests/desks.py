"""A desk for tests: settings in memory, a transport that keeps letters, a set clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from newsletter.config import Config, Settings
from newsletter.sender import Desk
from newsletter.transport import MemoryTransport, Transport

SECRET = "a secret of the tests, longer than it must be"


@dataclass
class SetClock:
    """A clock that shows what it is told."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self.now


class Stopwatch:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the seconds that were set."""
        return self.now


def make_config(
    folder: Path, sections: Mapping[str, Mapping[str, object]] | None = None
) -> Config:
    """Return settings that may mail example.org; *sections* say what matters."""
    tables: dict[str, dict[str, object]] = {
        "newsletter": {"secret": SECRET},
        "links": {
            "sign_up": "https://tips.example/",
            "contact": "https://tips.example/contact/",
            "resources": "https://www.example.com/resources/",
            "home": "https://www.example.com/",
        },
        "delivery": {"allow_reserved": True},
    }
    for section, values in (sections or {}).items():
        tables[section] = {**tables.get(section, {}), **values}
    return Config(Settings.model_validate(tables), folder, "test")


def make_desk(
    engine: Engine,
    config: Config,
    clock: Callable[[], datetime],
    transport: Transport | None = None,
) -> Desk:
    """Return a desk on *engine*; letters are kept in memory unless told otherwise."""
    return Desk(
        engine,
        config,
        transport or MemoryTransport(),
        clock,
    )
