"""What every test of the sender starts from: a set clock, and desks on a database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from newsletter.sender import Desk
from newsletter.transport import Transport
from tests.desks import SetClock, make_config, make_desk
from tests.newsletter.sender.week import MOMENT

MakeDesk = Callable[..., Desk]


@pytest.fixture
def clock() -> SetClock:
    """A clock at the moment of the week."""
    return SetClock(MOMENT)


@pytest.fixture
def desk_with(engine: Engine, tmp_path: Path, clock: SetClock) -> MakeDesk:
    """Make a desk with a transport of one's own and sections of settings."""

    def make(transport: Transport | None = None, **sections: dict[str, Any]) -> Desk:
        return make_desk(engine, make_config(tmp_path, sections), clock, transport)

    return make


@pytest.fixture
def desk(desk_with: MakeDesk) -> Desk:
    """A desk that keeps letters in memory."""
    return desk_with()
