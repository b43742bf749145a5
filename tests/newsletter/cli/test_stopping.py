"""A request to end is heard only while letters leave."""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.cli.stopping import ending_gently
from tests.desks import SetClock, make_config, make_desk
from tests.factories import OPENED_AT


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_set_the_stop_sign(
    engine: Engine, tmp_path: Path, number: signal.Signals
) -> None:
    """Within the block they do, and nothing else; after it they mean what they did."""
    before = signal.getsignal(number)
    desk = make_desk(engine, make_config(tmp_path), SetClock(OPENED_AT))

    with ending_gently(desk):
        os.kill(os.getpid(), number)

    assert desk.stop.is_set()
    assert signal.getsignal(number) is before
