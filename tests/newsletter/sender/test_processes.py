"""Several processes send one issue: everything once, and they end when told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from newsletter.demo import MailServer
from newsletter.sender import Desk, deliver, processes, utc_now
from newsletter.sender.processes import share
from newsletter.tables import DeliveryStatus
from tests.desks import make_config
from tests.newsletter.sender.week import found, open_week, standing

READERS = 60


@given(st.integers(1, 100), st.integers(1, 64))
def test_the_connections_are_shared_out(connections: int, number: int) -> None:
    """All of them, none twice, and no process without one."""
    shares = share(connections, number)

    assert sum(shares) == connections
    assert len(shares) == min(connections, number)
    assert max(shares) - min(shares) <= 1


@pytest.fixture
def server(tmp_path: Path) -> MailServer:
    """A mail server that keeps what it receives."""
    return MailServer(tmp_path / "received", tmp_path / "rendered")


def desk_to(engine: Engine, folder: Path, server: MailServer, number: int) -> Desk:
    """Return a desk whose issues are sent by several processes."""
    relay = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "connections": 3,
        "processes": number,
    }
    return Desk.of(engine, make_config(folder, {"smtp": relay}), clock=utc_now)


def test_every_reader_gets_one_letter_from_one_of_them(
    engine: Engine, tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes, one list: what both count adds up, and nobody is mailed twice."""
    monkeypatch.setattr(processes, "LETTERS_WORTH_A_PROCESS", READERS // 2)
    found(engine, readers=READERS, tips=1)
    told: list[int] = []
    with server:
        desk = desk_to(engine, tmp_path, server, 2)

        tally = deliver(desk, open_week(desk), on_progress=told.append)

        desk.transport.close()
    assert tally.sent == sum(told) == READERS
    assert len(server.recipients) == len(set(server.recipients)) == READERS


def test_asked_to_stop_they_all_end_with_nothing_in_doubt(
    engine: Engine, tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters in hand are finished, the others wait; no process stays behind."""
    monkeypatch.setattr(processes, "LETTERS_WORTH_A_PROCESS", READERS // 2)
    found(engine, readers=READERS, tips=1)
    with server:
        desk = desk_to(engine, tmp_path, server, 2)

        tally = deliver(desk, open_week(desk), on_progress=lambda _: desk.stop.set())

        desk.transport.close()
    in_hand = {DeliveryStatus.CLAIMED, DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN}
    assert not in_hand & standing(engine).keys()
    assert tally.sent == len(server.recipients)


def test_a_short_list_is_sent_by_one_process(
    engine: Engine, tmp_path: Path, server: MailServer
) -> None:
    """Starting another one would take longer than sending."""
    found(engine, readers=3, tips=1)
    with server:
        desk = desk_to(engine, tmp_path, server, 4)
        issue = open_week(desk)

        with processes.more_processes(desk, issue, print) as (ours, _):
            assert ours is desk
