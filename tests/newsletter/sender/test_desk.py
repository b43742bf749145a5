"""The desk is laid out as the settings say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import db
from newsletter.config import Security
from newsletter.sender import Desk, open_transport, relay_of, utc_now
from newsletter.slots import Slot
from newsletter.transport import FileTransport, SmtpTransport
from tests.desks import make_config

SMTP = {
    "host": "relay.test",
    "port": 465,
    "security": "tls",
    "username": "tips",
    "password": "s3cret",
    "ca_file": "ca.pem",
    "hello_name": "news.tips.example",
    "timeout_seconds": 20,
    "connections": 7,
    "max_per_second": 3,
}


def test_everything_of_the_relay_comes_from_the_settings(tmp_path: Path) -> None:
    """Host, login, protection and limits; the CA file is relative to the settings."""
    relay = relay_of(make_config(tmp_path, {"smtp": SMTP}))

    assert (relay.host, relay.port, relay.security) == ("relay.test", 465, Security.TLS)
    assert (relay.username, relay.password) == ("tips", "s3cret")
    assert relay.ca_file == tmp_path / "ca.pem"
    assert relay.hello_name == "news.tips.example"
    assert (relay.timeout_seconds, relay.connections) == (20, 7)


def test_what_is_not_set_stays_open(tmp_path: Path) -> None:
    """No CA file and no name: the system's."""
    relay = relay_of(make_config(tmp_path))

    assert relay.ca_file is None
    assert relay.hello_name is None


def test_letters_go_to_the_relay_or_into_a_folder(tmp_path: Path) -> None:
    """`delivery.transport` decides; nothing is opened yet."""
    relay = open_transport(make_config(tmp_path, {"smtp": SMTP}))
    folder = open_transport(make_config(tmp_path, {"delivery": {"transport": "file"}}))

    assert isinstance(relay, SmtpTransport)
    assert relay.width == 7
    assert isinstance(folder, FileTransport)
    assert folder.folder == tmp_path / "outbox"
    assert not folder.folder.exists()


def test_a_desk_has_the_limits_of_the_settings(tmp_path: Path) -> None:
    """Rate, lease, retries, timetable and the library's end policy."""
    sections: dict[str, dict[str, object]] = {
        "smtp": SMTP,
        "delivery": {
            "lease_seconds": 90,
            "retry_after": ["1m", "2m"],
            "give_up_after": "3h",
        },
        "library": {"end": "recycle", "recycle_after_weeks": 9},
        "schedule": {"weekday": "friday", "time": "17:30"},
    }
    engine = db.connect("sqlite://")

    desk = Desk.of(engine, make_config(tmp_path, sections))

    assert desk.allowance.limits.per_second == 3
    assert desk.allowance is desk.allowance
    assert desk.lease == timedelta(seconds=90)
    assert desk.retry.waits == (timedelta(minutes=1), timedelta(minutes=2))
    assert desk.retry.give_up_after == timedelta(hours=3)
    assert desk.recycle_after_weeks == 9
    friday = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)
    assert desk.timetable.moment(Slot(2026, 48)) == friday
    assert desk.clock is utc_now
    assert not desk.stop.is_set()


@pytest.mark.parametrize("end", ["stop", "recycle"])
def test_a_library_that_stops_never_recycles(tmp_path: Path, end: str) -> None:
    """`recycle_after_weeks` counts only where recycling is asked for."""
    config = make_config(tmp_path, {"library": {"end": end}})

    desk = Desk.of(db.connect("sqlite://"), config)

    assert desk.recycle_after_weeks == (52 if end == "recycle" else None)


def test_the_clock_is_in_utc() -> None:
    """Never a time without a zone."""
    assert utc_now().tzinfo is UTC
