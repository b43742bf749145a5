"""The slow relay: as late as it is told, silent on one connection only."""

import select
import smtplib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import relays
from benchmarks.relays import counted, paced_relay, slow_relay

MESSAGE = b"Subject: hello\r\n\r\nHello.\r\n"


@contextmanager
def connections(port: int, number: int) -> Iterator[list[smtplib.SMTP]]:
    """Yield so many connections to the relay."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(smtplib.SMTP(relays.LOOPBACK, port, timeout=10))
            for _ in range(number)
        ]


def send(smtp: smtplib.SMTP, letters: int = 1) -> None:
    """Send so many messages, one after the other."""
    for _ in range(letters):
        smtp.sendmail("a@example.org", ["b@example.org"], MESSAGE)


def test_every_reply_is_late() -> None:
    """A command is answered no sooner than the relay was told to."""
    with slow_relay(0.1) as port, connections(port, 1) as (smtp,):
        began = time.monotonic()
        smtp.noop()

        assert time.monotonic() - began >= 0.1


def test_each_letter_is_noted(tmp_path: Path) -> None:
    """Where it came from and to whom it goes, before the sender hears of it."""
    with (
        paced_relay(tmp_path / "taken", seconds=0.0) as relay,
        connections(relay.port, 1) as (smtp,),
    ):
        send(smtp, 2)

        assert relay.taken == [(relays.LOOPBACK, "b@example.org")] * 2
        assert relay.recipients == ["b@example.org"] * 2


def test_only_the_window_is_counted() -> None:
    """Neither the messages before it nor the one that opens it are in the figure."""
    with slow_relay(0.0, window=60.0) as port, connections(port, 1) as (smtp,):
        send(smtp, relays.WARM_AFTER)
        assert counted(port) == 0
        send(smtp, 3)

        assert counted(port) == 3


def test_one_connection_is_silent_and_the_others_are_not() -> None:
    """The message that opens the window is answered when it closes; others go on."""
    with (
        slow_relay(0.0, window=2.0, stalls=True) as port,
        connections(port, 2) as (one, other),
    ):
        send(one, relays.WARM_AFTER - 1)
        one.mail("a@example.org")
        one.rcpt("b@example.org")
        one.docmd("DATA")
        one.send(MESSAGE + b".\r\n")
        send(other, 5)
        assert one.sock
        is_answered, _, _ = select.select([one.sock], [], [], 0)
        code, _ = one.getreply()

        assert not is_answered
        assert code == 250
        assert counted(port) == 5
