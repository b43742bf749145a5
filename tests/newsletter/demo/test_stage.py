"""The demo's stage: settings, a database, tips, readers and a clock in one folder."""

import stat
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from sqlmodel import Session

from newsletter.config import TransportKind, load
from newsletter.demo import Stage, set_up
from newsletter.errors import DemoRefused
from newsletter.slots import Slot
from newsletter.tables import TipStatus
from newsletter.tips import library
from newsletter.transport import SmtpTransport
from subscribers import roster

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage that was just set up."""
    with freeze_time(NOW):
        return set_up(tmp_path / "demo")


def test_it_holds_sample_tips_and_invented_readers(stage: Stage) -> None:
    """Enough of both to show everything: pins, tags, accents, scripts, zones."""
    with Session(stage.engine) as session:
        tips = library.list_tips(session)
        people = roster.page(session)

    assert len(tips) >= 16
    assert {tip.status for tip in tips} == {TipStatus.READY}
    assert sum(tip.pin is not None for tip in tips) == 2
    assert all(tip.tags and tip.author and tip.summary for tip in tips)
    assert len(people) == 12
    assert all(person.address.endswith("@example.org") for person in people)
    assert len({person.timezone for person in people}) > 5
    names = [person.name for person in people]
    assert any("'" in name for name in names)
    assert any("é" in name or "ë" in name or "á" in name for name in names)
    assert any(not name.isascii() and name.upper() == name for name in names)


def test_every_sample_is_three_to_six_paragraphs_long(stage: Stage) -> None:
    """And ends with a line in emphasis, the takeaway."""
    with Session(stage.engine) as session:
        tips = library.list_tips(session)

    for tip in tips:
        blocks = Counter(
            block.startswith(("- ", "1.")) for block in tip.body.split("\n\n")
        )
        assert 3 <= blocks[False] <= 7, tip.slug
        assert tip.body.rstrip().endswith("*"), tip.slug


def test_its_settings_are_private_and_mail_nobody(stage: Stage) -> None:
    """Mode 0600, a secret of its own, letters as files unless the demo runs."""
    path = stage.folder / "config.toml"
    config = load(path, {})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(config.secrets[0]) >= 32
    assert config.settings.delivery.transport is TransportKind.FILE


def test_found_again_it_is_as_it_was_left(stage: Stage, tmp_path: Path) -> None:
    """Neither tips nor readers are doubled, and the secret stays."""
    secret = stage.config.secrets
    again = set_up(tmp_path / "demo")

    with Session(again.engine) as session:
        assert len(library.list_tips(session)) == 20
        assert len(roster.page(session)) == 12
    assert again.config.secrets == secret


@pytest.mark.parametrize("name", ["config.toml", "newsletter.db"])
def test_a_real_installation_is_never_its_stage(tmp_path: Path, name: str) -> None:
    """Else real readers would count as sent, and the demo would keep their letters."""
    (tmp_path / name).write_text("real")

    with pytest.raises(DemoRefused, match=f"{name} was not made by the demo"):
        set_up(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "real"


def test_the_clock_moves_by_weeks_and_stays(stage: Stage, tmp_path: Path) -> None:
    """Two weeks on, also for the next command."""
    stage.move_clock()
    stage.move_clock()

    again = set_up(tmp_path / "demo")

    assert again.weeks_ahead == 2
    with freeze_time(NOW):
        assert again.now() == NOW + timedelta(weeks=2)


def test_its_desk_speaks_smtp_to_the_given_port(stage: Stage) -> None:
    """Over real connections on loopback, whatever the settings say."""
    desk = stage.desk(2525)

    assert isinstance(desk.transport, SmtpTransport)
    relay = desk.transport.relay
    assert (relay.host, relay.port, relay.connections) == ("127.0.0.1", 2525, 3)
    assert relay.hello_name == "demo.tips.example"
    assert desk.clock == stage.now


@pytest.mark.parametrize(
    ("today", "pins"),
    [
        (date(2026, 11, 25), [date(2026, 12, 22), date(2026, 12, 29)]),
        (date(2026, 12, 25), [date(2026, 12, 22), date(2026, 12, 29)]),
        (date(2027, 6, 1), [date(2027, 12, 22), date(2027, 12, 29)]),
        (date(2031, 1, 10), [date(2031, 12, 22), date(2031, 12, 29)]),
    ],
)
def test_holiday_tips_are_pinned_to_a_week_to_come(
    tmp_path: Path, today: date, pins: list[date]
) -> None:
    """Whenever somebody tries the demo, its holidays lie ahead."""
    with freeze_time(today):
        stage = set_up(tmp_path / "demo")

    with Session(stage.engine) as session:
        found = sorted(tip.pin for tip in library.list_tips(session) if tip.pin)
    assert found == pins
    assert all(Slot.of(pin) >= Slot.of(today) for pin in found)
