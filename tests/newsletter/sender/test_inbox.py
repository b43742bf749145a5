"""Mail to the newsletter: who asks is off the list, and all else stays as it was."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import NoReturn

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db, fence
from newsletter.errors import DatabaseProblem, Fenced, MailboxProblem
from newsletter.mailbox import ImapMailbox, Mail, MaildirMailbox
from newsletter.sender import Desk, Reading, mailbox_of, read_mailbox, take_mail
from newsletter.sender.inbox import AT_ONCE
from subscribers import audience
from subscribers.tables import Departure, DepartureWay, Subscriber
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import make_config
from tests.newsletter.sender.week import found

MakeDesk = Callable[..., Desk]
READERS = 5


@dataclass
class Box:
    """A mailbox in memory that may break, and notes what was done to it."""

    mails: dict[str, bytes]
    seen: list[str] = field(default_factory=list)
    marks: bool = True
    asked: int = 0
    name: str = "a box"

    @contextmanager
    def open(self) -> Iterator["Box"]:
        """Return itself."""
        yield self

    def unread(self, *, after: str, limit: int) -> list[Mail]:
        """Return what was not marked."""
        self.asked += 1
        left = sorted(key for key in self.mails if key > after)
        unread = [key for key in left if key not in self.seen]
        return [Mail(key, self.mails[key]) for key in unread[:limit]]

    def mark_seen(self, keys: Collection[str]) -> None:
        """Mark, or break."""
        if not self.marks:
            raise MailboxProblem(mailbox=self.name, reason="the line is dead")
        self.seen += keys


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """An installation with readers, numbered from 1."""
    found(engine, readers=READERS)


def mail(desk: Desk, person: int, **more: str) -> bytes:
    """Return a mail by which somebody leaves, as the letter's mailto asks for it."""
    signer = TokenSigner(desk.config.secrets)
    token = signer.sign(Purpose.UNSUBSCRIBE, person, 1)
    return written(f"unsubscribe {token}", **more)


def written(subject: str, **more: str) -> bytes:
    """Return a mail."""
    message = EmailMessage()
    message["From"] = "r1@example.org"
    message["Subject"] = subject
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    return message.as_bytes()


def mailable(engine: Engine) -> int:
    """Return how many are on the list."""
    with db.transaction(engine) as session:
        return audience.count_mailable(session)


def test_who_asks_by_their_token_is_off_the_list(desk: Desk, engine: Engine) -> None:
    """Whoever From says they are; that they asked by mail is kept."""
    box = Box({"1": mail(desk, 1), "2": mail(desk, 3)})

    assert read_mailbox(desk, box) == Reading(left=2)

    assert box.seen == ["1", "2"]
    assert mailable(engine) == READERS - 2
    with Session(engine) as session:
        found = session.exec(select(Departure)).all()
    assert {(each.subscriber_id, each.way, each.issue_id) for each in found} == {
        (1, DepartureWay.MAIL, 1),
        (3, DepartureWay.MAIL, 1),
    }


def test_what_is_not_ours_to_judge_stays_unread(desk: Desk, engine: Engine) -> None:
    """Without a token of ours From alone must take nobody off (STANDARDS F6)."""
    other = TokenSigner([b"another secret, as long as it must be"])
    signer = TokenSigner(desk.config.secrets)
    box = Box(
        {
            "1": written("unsubscribe"),
            "2": written(f"unsubscribe {other.sign(Purpose.UNSUBSCRIBE, 1)}"),
            "3": written(f"unsubscribe {signer.sign(Purpose.PREFERENCES, 1)}"),
            "4": written("Thank you for the tip"),
            "5": mail(desk, 1, Auto_Submitted="auto-replied"),
            "6": b"\0\xff",
        }
    )

    assert read_mailbox(desk, box) == Reading(waiting=3)

    assert box.seen == []
    assert mailable(engine) == READERS


def test_who_had_left_is_no_error_and_their_mail_is_done(
    desk: Desk, engine: Engine
) -> None:
    """Twice in one mailbox, again in the next reading, and a preview's token."""
    box = Box({"1": mail(desk, 1), "2": mail(desk, 1), "3": mail(desk, 0)})

    assert read_mailbox(desk, box) == Reading(left=1, before=2)
    assert read_mailbox(desk, box) == Reading()

    assert box.seen == ["1", "2", "3"]
    assert mailable(engine) == READERS - 1


def test_killed_before_it_could_mark_nothing_is_lost(
    desk: Desk, engine: Engine
) -> None:
    """The departure is committed first; the mail comes again and changes nothing."""
    box = Box({"1": mail(desk, 1)}, marks=False)

    with pytest.raises(MailboxProblem, match="the line is dead"):
        read_mailbox(desk, box)
    assert mailable(engine) == READERS - 1
    box.marks = True

    assert read_mailbox(desk, box) == Reading(before=1)
    assert box.seen == ["1"]


def test_a_full_mailbox_is_read_to_its_end(desk: Desk, engine: Engine) -> None:
    """A part at a time; a pile of mail for a person hides nobody behind it."""
    box = Box({f"{n:04}": written("unsubscribe") for n in range(2 * AT_ONCE + 1)})
    box.mails["9999"] = mail(desk, 1)

    assert read_mailbox(desk, box) == Reading(left=1, waiting=2 * AT_ONCE + 1)

    assert box.asked == 4
    assert mailable(engine) == READERS - 1


def test_asked_to_end_it_reads_no_more(desk: Desk) -> None:
    """What is left in the mailbox waits for the next reading."""
    box = Box({"1": mail(desk, 1)})
    desk.stop.set()

    assert read_mailbox(desk, box) == Reading()
    assert box.seen == []


def test_a_copied_database_marks_nothing(desk: Desk, engine: Engine) -> None:
    """Else the live one would never see who asked."""
    with db.transaction(engine) as session:
        fence.withhold(session)
    box = Box({"1": mail(desk, 1)})

    with pytest.raises(Fenced):
        read_mailbox(desk, box)

    assert box.seen == []
    assert mailable(engine) == READERS


def test_a_database_that_fails_marks_nothing(desk: Desk) -> None:
    """The mail is there when it is back."""
    box = Box({"1": mail(desk, 1)})

    def fail() -> NoReturn:
        raise DatabaseProblem("The database is away.")

    with pytest.raises(DatabaseProblem):
        read_mailbox(replace(desk, clock=fail), box)

    assert box.seen == []
    assert read_mailbox(desk, box) == Reading(left=1)


def test_one_mail_is_taken_as_in_a_mailbox(desk: Desk, engine: Engine) -> None:
    """For a mail server that hands them over one by one."""
    assert take_mail(desk, mail(desk, 2)) == Reading(left=1)
    assert take_mail(desk, mail(desk, 2)) == Reading(before=1)
    assert take_mail(desk, written("unsubscribe")) == Reading(waiting=1)
    assert take_mail(desk, b"") == Reading()
    assert mailable(engine) == READERS - 1


def test_an_erased_person_is_no_error(desk: Desk, session: Session) -> None:
    """Their old mail is done; nothing is written of them."""
    session.delete(session.get_one(Subscriber, 1))
    session.commit()

    assert take_mail(desk, mail(desk, 1)) == Reading(before=1)


def test_the_settings_choose_the_mailbox(desk_with: MakeDesk) -> None:
    """None, a Maildir beside the settings, or an account on a server."""

    def chosen(**section: object) -> object:
        folder = desk_with().config.folder
        return mailbox_of(make_config(folder, {"mailbox": section}))

    maildir = chosen(kind="maildir", path="Maildir")
    imap = chosen(kind="imap", host="imap.example", username="tips")

    assert chosen() is None
    assert isinstance(maildir, MaildirMailbox)
    assert maildir.name == str(desk_with().config.folder / "Maildir")
    assert isinstance(imap, ImapMailbox)
    assert imap.name == "INBOX at imap.example:993"
