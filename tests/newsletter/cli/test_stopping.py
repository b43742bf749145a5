"""A request to end is heard only while letters leave."""

import os
import signal
from threading import Event

import pytest

from newsletter.cli.stopping import ending_gently


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_set_the_stop_sign(number: signal.Signals) -> None:
    """Within the block they do, and nothing else; after it they mean what they did."""
    before = signal.getsignal(number)
    stop = Event()

    with ending_gently(stop):
        os.kill(os.getpid(), number)

    assert stop.is_set()
    assert signal.getsignal(number) is before
