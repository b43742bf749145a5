"""Letters as a mail server received them: written and sent by the real sender.

For tests that hold the email against a standard: a database, a real SMTP conversation,
and the bytes that arrived, beside the bytes that were handed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from lxml import html as lxml_html
from lxml.html import HtmlElement
from sqlalchemy import Engine

from newsletter import db
from newsletter.config import Config, Security
from newsletter.demo import MailServer
from newsletter.outcome import Outcome
from newsletter.sender import deliver, open_slot, tell_operator
from newsletter.tips.importing import apply_import, plan_import
from newsletter.tips.sources import read_source
from newsletter.transport import Letter, Relay, SmtpTransport, Transport, Turn
from tests.desks import SetClock, make_desk
from tests.factories import make_subscriber, make_tip

SENT_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Received:
    """One message, as it came over the wire, and the tip that is in it."""

    slug: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The message as the strictest reader takes it."""
        parsed: Any = message_from_bytes(self.raw, policy=policy.SMTP + policy.strict)
        return parsed

    @cached_property
    def fields(self) -> dict[str, str]:
        """The headers as they stand, unfolded and not decoded."""
        plain = message_from_bytes(self.raw)
        return {name: str(value).replace("\r\n", "") for name, value in plain.items()}

    @property
    def head(self) -> bytes:
        """The headers' bytes."""
        return self.raw.partition(b"\r\n\r\n")[0]

    @cached_property
    def text(self) -> str:
        """The text part, decoded."""
        return self._part(0)

    @cached_property
    def html(self) -> str:
        """The HTML part, decoded."""
        return self._part(1)

    @cached_property
    def page(self) -> HtmlElement:
        """The HTML part, parsed."""
        return lxml_html.document_fromstring(self.html)

    def _part(self, at: int) -> str:
        part: Any = [*self.message.iter_parts()][at]
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass(frozen=True)
class Post:
    """Everything that one mail server received, and what it was handed."""

    config: Config
    letters: tuple[Received, ...]
    notices: tuple[Received, ...]
    handed: tuple[Letter, ...]
    slugs: tuple[str, ...]


@dataclass
class _Copying:
    """A transport that keeps a copy of what it hands on."""

    inner: Transport
    handed: list[Letter] = field(default_factory=list)

    @property
    def trouble(self) -> Outcome | None:
        return self.inner.trouble

    @property
    def busy(self) -> int:
        return self.inner.busy

    @property
    def width(self) -> int:
        return self.inner.width

    def room(self, wanted: int) -> int:
        return self.inner.room(wanted)

    def start(self, key: int, letter: Letter) -> None:
        self.handed.append(letter)
        self.inner.start(key, letter)

    def hand_over(self, key: int) -> None:
        self.inner.hand_over(key)

    def drop(self, key: int) -> None:
        self.inner.drop(key)

    def turn(self, timeout: float) -> Turn:
        return self.inner.turn(timeout)

    def close(self) -> None:
        self.inner.close()


def loopback(server: MailServer, *, connections: int = 1) -> SmtpTransport:
    """Return a transport that speaks SMTP with *server*."""
    return SmtpTransport(
        Relay(
            "127.0.0.1",
            server.port,
            Security.NONE,
            hello_name="tests.example",
            connections=connections,
        )
    )


def sample_tips(engine: Engine) -> list[str]:
    """Import the demo's tips and return their slugs."""
    with as_file(files("newsletter.demo") / "tips") as folder:
        found = [*read_source(folder)]
    with db.transaction(engine) as session:
        plan = plan_import(session, found, as_archive=False)
        apply_import(session, plan, now=SENT_AT, skip_bad=False)
        return [draft.slug for draft in plan.new]


def receive(
    folder: Path,
    config: Config,
    *,
    people: Sequence[Mapping[str, Any]],
    tips: Mapping[str, Mapping[str, Any]] | None = None,
) -> Post:
    """Send every tip to everybody, a week each, through a mail server of our own.

    Args:
        tips: by slug, what differs from an ordinary tip; None sends the demo's.
    """
    engine = db.connect(f"sqlite:///{folder / 'newsletter.db'}")
    db.upgrade(engine, now=SENT_AT)
    slugs = sample_tips(engine) if tips is None else [*tips]
    with db.transaction(engine) as session:
        for slug, facts in (tips or {}).items():
            make_tip(session, slug, **facts)
        for facts in people:
            make_subscriber(session, **facts)
    with MailServer(folder / "received", folder / "rendered") as server:
        transport = _Copying(loopback(server, connections=len(people)))
        desk = make_desk(engine, config, SetClock(SENT_AT), transport)
        first = desk.timetable.slot_at(SENT_AT)
        by_slot = {}
        for weeks, slug in enumerate(slugs):
            issue: Any = open_slot(desk, first.shift(weeks), slug=slug)
            by_slot[str(issue.slot)] = slug
            deliver(desk, issue)
        tell_operator(desk)
        transport.close()
    engine.dispose()
    arrived = {path.name: path.read_bytes() for path in server.received.glob("*.eml")}
    letters = [
        Received(by_slot[name[:8]], raw)
        for name, raw in sorted(arrived.items())
        if name[:8] in by_slot
    ]
    notices = [Received("", raw) for name, raw in arrived.items() if "notice" in name]
    return Post(
        config, tuple(letters), tuple(notices), tuple(transport.handed), tuple(slugs)
    )
