"""Leaving by mail, end to end (STANDARDS B17): what a letter offers is really done.

A letter goes out over SMTP; its own mailto: is followed, as a mail program does; and
`newsletter mailbox` reads the answer from a real IMAP server, or from a Maildir.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from newsletter import db
from newsletter.cli.program import app
from newsletter.config import Security
from newsletter.config.example import example_toml
from newsletter.outcome import Accepted, Outcome
from newsletter.sender import Desk, Watch, deliver, mailbox_of, read_mailbox
from newsletter.tables import DeliveryStatus
from newsletter.transport import Letter, MemoryTransport, Relay, SmtpTransport
from subscribers import audience, consent
from subscribers.tables import Departure, DepartureWay, Subscriber
from subscribers.tokens import Purpose, TokenSigner
from tests import relay as scripted
from tests.desks import SECRET, SetClock, make_config, make_desk
from tests.imap import ImapServer
from tests.newsletter.sender.week import MOMENT, found, open_week, standing
from tests.waiting import until

READERS = 4
UNRELATED = b"From: bo@example.org\r\nSubject: Please unsubscribe me\r\n\r\nBo\r\n"
LUNCH = b"From: bo@example.org\r\nSubject: About lunch\r\n\r\nunsubscribe\r\n"


@dataclass(frozen=True)
class Place:
    """Where the newsletter gets mail: how it is read, filled and looked at."""

    settings: dict[str, object]
    put: Callable[[bytes], None]
    unread: Callable[[], list[bytes]]


@pytest.fixture(params=["imap", "maildir"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An IMAP server, then a Maildir."""
    if request.param == "imap":
        server: ImapServer = request.getfixturevalue("imap")
        return Place(server.settings(), server.put, server.unread)
    return maildir_in(tmp_path)


def maildir_in(folder: Path) -> Place:
    """Make a Maildir."""
    path = folder / "Maildir"
    for name in ("new", "cur", "tmp"):
        (path / name).mkdir(parents=True)

    def put(mail: bytes) -> None:
        (path / "new" / f"{len(list(path.rglob('*.host*')))}.host").write_bytes(mail)

    def unread() -> list[bytes]:
        files = sorted((path / "new").iterdir())
        return [file.read_bytes() for file in files]

    return Place({"kind": "maildir", "path": "Maildir"}, put, unread)


@pytest.fixture
def desk(released: Engine, tmp_path: Path, place: Place) -> Desk:
    """What the sender works with, over real SMTP; its readers and its tip."""
    found(released, readers=READERS, tips=1)
    with scripted.running() as relay:
        transport = SmtpTransport(Relay("127.0.0.1", relay.port, Security.NONE))
        config = make_config(tmp_path, {"mailbox": place.settings})
        desk = make_desk(released, config, SetClock(MOMENT), transport)
        deliver(desk, open_week(desk))
        (tmp_path / "letters").mkdir()
        for letter in relay.received:
            (tmp_path / "letters" / letter.rcpt_to).write_bytes(letter.message)
        transport.close()
    write_settings(tmp_path, released, place)
    return desk


def write_settings(folder: Path, engine: Engine, place: Place) -> None:
    """Write the settings that `newsletter mailbox` reads."""
    values: dict[str, object] = {
        "newsletter.secret": SECRET,
        "database.url": engine.url.render_as_string(hide_password=False),
    }
    values |= {f"mailbox.{name}": value for name, value in place.settings.items()}
    (folder / "config.toml").write_text(example_toml(values), "utf-8")


def read_now(folder: Path) -> str:
    """Run `newsletter mailbox`."""
    words = ["--config", str(folder / "config.toml"), "mailbox"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def answer_to(letter: bytes, sender: str) -> bytes:
    """Return the mail that a mail program makes of a letter's mailto: (RFC 6068)."""
    received = message_from_bytes(letter, policy=policy.default)
    uri = re.search(r"<mailto:([^?>]*)\?subject=([^>]*)>", received["List-Unsubscribe"])
    assert uri, received["List-Unsubscribe"]
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = unquote(uri[1])
    mail["Subject"] = unquote(uri[2])
    mail.set_content("")
    return mail.as_bytes(policy=policy.SMTP)


def on_the_list(engine: Engine) -> list[str]:
    """Return who is mailed."""
    with Session(engine) as session:
        people = select(Subscriber.address).where(col(Subscriber.status) == "active")
        return sorted(session.exec(people))


def test_whoever_follows_the_mailto_is_off_the_list(
    desk: Desk, released: Engine, place: Place, tmp_path: Path
) -> None:
    """Whoever they write as; all other mail is as it was, and twice changes nothing."""
    letter = (tmp_path / "letters" / "r2@example.org").read_bytes()
    for mail in (LUNCH, answer_to(letter, "else@example.net"), UNRELATED):
        place.put(mail)

    first = read_now(tmp_path)
    unread = place.unread()
    second = read_now(tmp_path)

    assert "1 person left." in first
    assert "1 mail asks to leave without a token of ours" in first
    assert unread == place.unread() == [LUNCH, UNRELATED]
    assert "left." not in second
    assert on_the_list(released) == [f"r{n}@example.org" for n in (1, 3, 4)]
    with Session(released) as session:
        (departure,) = session.exec(select(Departure)).all()
        (step,) = consent.history(session, departure.subscriber_id)
    assert departure.way is DepartureWay.MAIL
    assert departure.issue_id == 1
    assert step.page == "mail"
    assert desk.config.settings.unsubscribe_mailbox == "tips@tips.example"


def test_leaving_by_mail_counts_in_mid_issue(engine: Engine, tmp_path: Path) -> None:
    """The mailbox is read beside the sending, which does not wait for it (B9)."""
    found(engine, readers=READERS, tips=1)
    place = maildir_in(tmp_path)
    last = f"r{READERS}@example.org"

    def leave(letter: Letter) -> Outcome:
        # The relay takes the first letter; meanwhile the last reader asks to leave,
        # and the watch reads it.
        if letter.envelope.rcpt_to == "r1@example.org":
            signer = TokenSigner(config.secrets)
            token = signer.sign(Purpose.UNSUBSCRIBE, READERS)
            place.put(f"Subject: unsubscribe {token}\r\n\r\n".encode())
            until(lambda: last not in on_the_list(engine), say="the departure")
        return Accepted()

    transport = MemoryTransport(leave)
    config = make_config(tmp_path, {"mailbox": place.settings})
    desk = make_desk(engine, config, SetClock(MOMENT), transport)
    mailbox = mailbox_of(config)
    assert mailbox
    issue = open_week(desk)
    with Watch(desk, mailbox, look_seconds=0.02):
        deliver(desk, issue)

    reached = {each.envelope.rcpt_to for each in transport.sent}
    assert reached == {f"r{n}@example.org" for n in range(1, READERS)}
    assert standing(engine) == {
        DeliveryStatus.SENT: READERS - 1,
        DeliveryStatus.SKIPPED: 1,
    }
    with db.transaction(engine) as session:
        assert audience.count_mailable(session) == READERS - 1


def test_two_that_read_at_once_do_no_harm(
    desk: Desk, released: Engine, place: Place, tmp_path: Path
) -> None:
    """`run` and a command, or two machines: everybody leaves once, and no error."""
    for letter in sorted((tmp_path / "letters").iterdir()):
        place.put(answer_to(letter.read_bytes(), letter.name))
    boxes = [mailbox_of(desk.config) for _ in range(2)]

    with ThreadPoolExecutor() as pool:
        read = [*pool.map(lambda box: read_mailbox(desk, box), filter(None, boxes))]

    assert sum(each.left for each in read) == READERS
    assert sum(each.waiting for each in read) == 0
    assert place.unread() == []
    assert on_the_list(released) == []
    with Session(released) as session:
        assert len(session.exec(select(Departure)).all()) == READERS
