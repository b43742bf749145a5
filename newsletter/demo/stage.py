"""The demo's stage: a folder with settings, a database, tips, readers and a clock."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from newsletter import db
from newsletter.config import Config, Security, TransportKind, load
from newsletter.config.example import example_toml
from newsletter.db import Engine
from newsletter.errors import DemoRefused
from newsletter.sender import Desk, utc_now
from newsletter.slots import Slot
from newsletter.tips.drafts import TipDraft
from newsletter.tips.importing import apply_import, plan_import
from newsletter.tips.sources import read_source
from newsletter.transport import Relay, SmtpTransport
from subscribers.hashing import AddressHasher
from subscribers.importing import import_csv
from subscribers.roster import count_by_status

SETTINGS = {
    "newsletter.base_url": "https://tips.example",
    "identity.from_address": "tips@tips.example",
    "identity.reply_to": "hello@tips.example",
    "links.sign_up": "https://tips.example/",
    "links.contact": "https://tips.example/contact/",
    "links.resources": "https://www.example.com/resources/",
    "links.home": "https://www.example.com/",
    # Commands that are tried on the demo's settings write files and mail nobody.
    "delivery.transport": TransportKind.FILE,
    "database.url": "sqlite:///newsletter.db",
}
CONNECTIONS = 3
CLOCK = "weeks-ahead"


@dataclass(frozen=True)
class Stage:
    """Everything the demo plays with, in one folder."""

    folder: Path
    config: Config
    engine: Engine

    @property
    def received(self) -> Path:
        """Where the mail server keeps what it received."""
        return self.folder / "received"

    @property
    def rendered(self) -> Path:
        """Where the same messages are as pages for a browser."""
        return self.folder / "rendered"

    @property
    def weeks_ahead(self) -> int:
        """How many weeks the demo's clock is ahead of the real one."""
        return int(self._clock_file.read_text("utf-8"))

    def move_clock(self) -> None:
        """Move the demo's clock a week on; it stays so."""
        self._clock_file.write_text(f"{self.weeks_ahead + 1}\n", "utf-8")

    def now(self) -> datetime:
        """Return the time of the demo's clock, in UTC."""
        return utc_now() + timedelta(weeks=self.weeks_ahead)

    def desk(self, port: int) -> Desk:
        """Return what the sender works with, the relay being the demo's own."""
        desk = Desk.of(self.engine, self.config, clock=self.now)
        relay = Relay(
            host="127.0.0.1",
            port=port,
            security=Security.NONE,
            hello_name="demo.tips.example",
            connections=CONNECTIONS,
        )
        return replace(desk, transport=SmtpTransport(relay))

    @property
    def _clock_file(self) -> Path:
        return self.folder / CLOCK


def set_up(folder: Path) -> Stage:
    """Make the stage in *folder*, or find the one that is there.

    Raises:
        DemoRefused: the folder holds an installation that the demo did not make.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    _claim(folder)
    if not path.exists():
        values = SETTINGS | {"newsletter.secret": secrets.token_urlsafe(48)}
        path.write_text(example_toml(values), "utf-8")
        path.chmod(0o600)
    config = load(path, {})
    engine = db.connect(f"sqlite:///{folder.absolute() / 'newsletter.db'}")
    stage = Stage(folder, config, engine)
    db.upgrade(engine, now=stage.now())
    _fill(stage)
    return stage


def _claim(folder: Path) -> None:
    """Write the clock first of all: a folder without one is somebody's real thing.

    Its readers would be marked as sent, and their letters kept by the demo.
    """
    clock = folder / CLOCK
    if clock.exists():
        return
    for name in ("config.toml", "newsletter.db"):
        if (folder / name).exists():
            raise DemoRefused(path=folder / name)
    clock.write_text("0\n", "utf-8")


def _fill(stage: Stage) -> None:
    """Import the sample tips and the invented readers, unless they are there."""
    now = stage.now()
    samples = files("newsletter.demo")
    with db.transaction(stage.engine) as session:
        if any(count_by_status(session).values()):
            return
        with as_file(samples / "tips") as tips:
            drafts = [
                _this_season(draft, now.date())
                if isinstance(draft, TipDraft)
                else draft
                for draft in read_source(tips)
            ]
        plan = plan_import(session, drafts, as_archive=False)
        apply_import(session, plan, now=now, skip_bad=False)
        with as_file(samples / "subscribers.csv") as people:
            import_csv(
                session,
                people,
                source_label="tips.example",
                hasher=AddressHasher(stage.config.secrets),
                now=now,
            )


def _this_season(draft: TipDraft, today: date) -> TipDraft:
    """Move the pin of a holiday tip to the next such week that is still to come."""
    if draft.pin is None:
        return draft
    pin = draft.pin
    while Slot.of(pin) < Slot.of(today):
        pin = pin.replace(year=pin.year + 1)
    return replace(draft, pin=pin)
