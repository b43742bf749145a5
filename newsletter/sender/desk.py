"""What the sender works with: database, settings, transport, clock and stop sign."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Event

from newsletter import fence
from newsletter.config import Config, TransportKind
from newsletter.db import Engine, Session
from newsletter.issues import IssueView
from newsletter.ledger import RetryPolicy
from newsletter.sender.allowance import Allowance
from newsletter.slots import Timetable
from newsletter.transport import FileTransport, Relay, SmtpTransport, Transport

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """Everything a sending process has at hand.

    Attributes:
        clock: what time it is, in UTC; the demo moves it.
        stop: set when the process is asked to end.
        processes: how many of them send an issue together, this one included.
        on_open: called in the transaction that opens an issue, with its letters already
            enrolled; what it writes is there exactly when the issue is.
    """

    engine: Engine
    config: Config
    transport: Transport
    clock: Clock = utc_now
    stop: Event = field(default_factory=Event)
    processes: int = 1
    on_open: Callable[[Session, IssueView], None] | None = None

    @classmethod
    def of(cls, engine: Engine, config: Config, *, clock: Clock = utc_now) -> "Desk":
        """Set up a desk as the settings say."""
        smtp = config.settings.smtp
        return cls(
            engine,
            config,
            open_transport(config),
            clock,
            processes=smtp.processes,
        )

    @cached_property
    def allowance(self) -> Allowance:
        """How fast this process may send; it lasts as long as the desk."""
        return Allowance(self.engine, self.config.settings.limits, self.clock)

    @property
    def timetable(self) -> Timetable:
        """When the weekly tip goes out."""
        return self.config.settings.schedule.timetable

    @property
    def lease(self) -> timedelta:
        """How long a letter may stay in hand."""
        return timedelta(seconds=self.config.settings.delivery.lease_seconds)

    @property
    def mark(self) -> Path:
        """Where the mark of the live database is kept."""
        return fence.mark_path(self.engine, self.config.folder)

    @property
    def retry(self) -> RetryPolicy:
        """When letters that were not taken are tried again."""
        delivery = self.config.settings.delivery
        return RetryPolicy(delivery.waits, delivery.gives_up_after)

    @property
    def recycle_after_weeks(self) -> int | None:
        """The rest of a tip before it is sent again; None when the library ends."""
        return self.config.settings.library.recycles_after


def open_transport(config: Config) -> Transport:
    """Return the transport that the settings ask for; nothing is opened yet."""
    delivery = config.settings.delivery
    if delivery.transport is TransportKind.FILE:
        return FileTransport(config.path(delivery.folder))
    return SmtpTransport(relay_of(config))


def relay_of(config: Config) -> Relay:
    """Return the relay that the settings name."""
    smtp = config.settings.smtp
    return Relay(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=smtp.password.get_secret_value(),
        ca_file=config.path(smtp.ca_file) if smtp.ca_file else None,
        hello_name=smtp.hello_name or None,
        timeout_seconds=smtp.timeout_seconds,
        connections=smtp.connections,
    )
