"""Automatic letters leave once, are tried again where that helps, and are fenced."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from newsletter import db, fence, outbox
from newsletter.errors import Fenced
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected, Uncertain
from newsletter.sender import Desk, send_waiting, tick, tidy
from newsletter.tables import AutomaticLetter, Installation, LetterKind
from newsletter.transport import Letter, MemoryTransport
from subscribers import consent, roster
from subscribers.errors import UnknownSubscriber
from subscribers.tables import ConsentStep, SubscriberStatus
from subscribers.tokens import Purpose, TokenSigner, second_of
from tests.desks import SECRET, SetClock
from tests.factories import make_subscriber
from tests.newsletter.sender.week import MOMENT, found, open_week

MakeDesk = Callable[..., Desk]
ADDRESS = "ada@example.org"
HASH = "ab" * 32


class Relay(MemoryTransport):
    """Answers with what it is told, in turn, then takes every letter."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.offered: list[Letter] = []
        super().__init__(self._say)

    def _say(self, letter: Letter) -> Outcome:
        self.offered.append(letter)
        return self.answers.pop(0) if self.answers else Accepted()


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """An installation with a tip, and nobody on the list."""
    found(engine, tips=1)


def post(
    engine: Engine,
    kind: LetterKind = LetterKind.CONFIRM,
    *,
    status: SubscriberStatus = SubscriberStatus.PENDING,
    address: str = ADDRESS,
    **person: Any,
) -> int:
    """Post a letter to somebody who is not known yet, and return their number."""
    with db.transaction(engine) as session:
        reader = make_subscriber(session, address, status=status, **person).id or 0
        outbox.post(
            session,
            kind,
            address,
            facts={"asked_at": MOMENT.isoformat(), "network": "203.0.113.0/24"},
            subscriber_id=reader,
            to_hash=HASH,
            now=MOMENT,
        )
    return reader


def read(letter: Letter) -> tuple[EmailMessage, str]:
    """Return a message as a mail program reads it, and its text."""
    message = message_from_bytes(letter.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    assert part is not None
    return message, str(part.get_content())


def row(engine: Engine) -> AutomaticLetter:
    """Return the only letter of the outbox."""
    with Session(engine) as session:
        return session.scalars(select(AutomaticLetter)).one()


def test_a_request_to_confirm_says_who_when_and_how_to_ignore_it(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """G3: no promotion, no list headers, no name that a stranger may have typed."""
    relay = Relay()
    desk = desk_with(relay)
    person = post(engine, name="Free money")

    assert send_waiting(desk) == 1

    (letter,) = relay.sent
    message, text = read(letter)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert "On Tuesday, 24 November 2026 at 09:00 (UTC)" in text
    assert "203.0.113.0/24" in text
    assert "If it was not you, do nothing." in text
    assert "12 Example Street" in text
    assert "https://www.example.com/" not in text
    assert b"Free money" not in letter.message
    token = TokenSigner([SECRET.encode()]).sign(
        Purpose.CONFIRM, person, second_of(MOMENT)
    )
    assert f"https://tips.example/c/{token}" in text
    html = message.get_body(("html",))
    assert html is not None
    assert f'href="https://tips.example/c/{token}"' in html.get_content()


@pytest.mark.parametrize("kind", [LetterKind.REMIND, LetterKind.KNOWN])
def test_every_kind_can_be_written(
    engine: Engine, desk_with: MakeDesk, kind: LetterKind
) -> None:
    """Each with its own words, and its reader's links."""
    relay = Relay()
    known = kind is LetterKind.KNOWN
    status = SubscriberStatus.ACTIVE if known else SubscriberStatus.PENDING
    post(engine, kind, status=status, name="Ada")

    assert send_waiting(desk_with(relay)) == 1

    text = read(relay.sent[0])[1]
    assert ("Dear Ada," in text) is known
    assert re.search(r"https://tips\.example/(p|c)/[A-Za-z0-9_-]{39}", text)


def test_the_welcome_has_the_last_tip(engine: Engine, desk_with: MakeDesk) -> None:
    """In full, with its page, its reader's links, and when the next one comes."""
    relay = Relay()
    desk = desk_with(relay)
    open_week(desk)
    post(engine, LetterKind.WELCOME, status=SubscriberStatus.ACTIVE)

    send_waiting(desk)

    text = read(relay.sent[0])[1]
    assert "Say what happens next." in text
    assert "https://tips.example/tips/tip-1/" in text
    assert "Tuesday, 1 December 2026" in " ".join(text.split())
    assert "https://tips.example/u/" in text


def test_the_welcome_names_favourites(engine: Engine, desk_with: MakeDesk) -> None:
    """Those that are public, by title and address, instead of the last tip."""
    relay = Relay()
    slugs = ["tip-1", "never-sent", "nonsense"]
    desk = desk_with(relay, welcome={"tips": slugs})
    open_week(desk)
    post(engine, LetterKind.WELCOME, status=SubscriberStatus.ACTIVE)

    send_waiting(desk)

    text = read(relay.sent[0])[1]
    assert "https://tips.example/tips/tip-1/" in text
    assert "Say what happens next." not in text
    assert "never-sent" not in text


def test_before_the_first_issue_the_welcome_has_no_tip(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """It says when the first one comes."""
    relay = Relay()
    post(engine, LetterKind.WELCOME, status=SubscriberStatus.ACTIVE)

    send_waiting(desk_with(relay))

    assert "Until then" not in read(relay.sent[0])[1]


def test_a_deferred_letter_is_the_same_when_it_is_tried_again(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """To the last byte: Message-ID, Date and links."""
    relay = Relay(Deferred(451, "4.7.1 greylisted", Command.RCPT))
    desk = desk_with(relay)
    post(engine)

    assert send_waiting(desk) == 0
    assert send_waiting(desk) == 0
    clock.now += timedelta(minutes=5)
    assert send_waiting(desk) == 1

    first, second = relay.offered
    assert first == second
    assert row(engine).to_address == ""


@pytest.mark.parametrize(
    "answer",
    [
        Deferred(451, "4.7.1 not now", Command.RCPT),
        Deferred(None, "nobody there", Command.CONNECT),
        Rejected(530, "5.7.0 log in first", Command.MAIL),
    ],
)
def test_what_the_relay_will_not_take_is_given_up_in_the_end(
    engine: Engine, desk_with: MakeDesk, clock: SetClock, answer: Outcome
) -> None:
    """After the operator's two days; until then its address is kept."""
    desk = desk_with(Relay(*[answer] * 100))
    post(engine)

    for _ in range(60):
        send_waiting(desk)
        if row(engine).ended_at:
            break
        clock.now += timedelta(hours=1)

    ended = row(engine)
    assert ended.ended_at
    assert MOMENT + timedelta(hours=36) < ended.ended_at <= MOMENT + timedelta(hours=48)
    assert ended.reason == answer.reason  # type: ignore[union-attr]


def test_an_address_that_does_not_exist_ends_it(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Nobody is asked twice about it."""
    relay = Relay(Rejected(550, "5.1.1 no such user", Command.RCPT))
    post(engine)

    assert send_waiting(desk_with(relay)) == 0
    assert row(engine).reason == "5.1.1 no such user"


def test_a_reserved_name_is_never_mailed(engine: Engine, desk_with: MakeDesk) -> None:
    """RFC 2606: nobody can have an address there."""
    relay = Relay()
    post(engine)

    send_waiting(desk_with(relay, delivery={"allow_reserved": False}))

    assert relay.offered == []
    assert "RFC 2606" in row(engine).reason


def test_a_letter_without_an_answer_is_sent_once_more(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """With the same Message-ID, so that the receiver can drop the copy (RFC 1047)."""
    relay = Relay(*[Uncertain("the connection broke")] * 3)
    desk = desk_with(relay)
    post(engine)

    for _ in range(3):
        send_waiting(desk)
        clock.now += timedelta(hours=1)

    assert len(relay.offered) == 2
    assert relay.offered[0] == relay.offered[1]
    assert row(engine).ended_at


def test_a_template_that_is_broken_keeps_the_letter(
    engine: Engine, desk_with: MakeDesk, clock: SetClock, tmp_path: Path
) -> None:
    """Once the operator has mended it, the letter goes out."""
    own = tmp_path / "own" / "email" / "confirm"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("{{ nothing }}")
    relay = Relay()
    desk = desk_with(relay, email={"templates": "own"})
    post(engine)

    assert send_waiting(desk) == 0
    (own / "subject.txt").write_text("Really?")
    clock.now += timedelta(hours=1)
    desk = desk_with(relay)
    assert send_waiting(desk) == 1


def test_a_copied_database_sends_nothing(engine: Engine, desk_with: MakeDesk) -> None:
    """Neither letters nor reminders; and nobody is deleted."""
    relay = Relay()
    desk = desk_with(relay)
    post(engine)
    with db.transaction(engine) as session:
        fence.withhold(session)

    with pytest.raises(Fenced):
        send_waiting(desk)
    with pytest.raises(Fenced):
        tidy(desk)

    assert relay.offered == []
    assert row(engine).attempts == 0


def test_letters_count_for_the_rate(engine: Engine, desk_with: MakeDesk) -> None:
    """What the hour does not allow waits, as it was, and does not spin."""
    relay = Relay()
    desk = desk_with(relay, smtp={"max_per_hour": 1})
    for name in ("ada", "eve"):
        with db.transaction(engine) as session:
            outbox.post(
                session,
                LetterKind.CONFIRM,
                f"{name}@example.org",
                facts={"asked_at": MOMENT.isoformat(), "network": ""},
                subscriber_id=make_subscriber(
                    session, status=SubscriberStatus.PENDING
                ).id,
                to_hash=name,
                now=MOMENT,
            )

    assert send_waiting(desk) == 1

    with Session(engine) as session:
        assert outbox.count_waiting(session) == 1
        assert outbox.is_due(session, now=MOMENT)


def test_who_never_confirms_is_reminded_once_then_forgotten(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """By the ring of the scheduler; in the end nothing of them is left but a hash."""
    relay = Relay()
    desk = desk_with(relay)
    person = post(engine, status_at=MOMENT)
    with db.transaction(engine) as session:
        consent.note(session, person, ConsentStep.ASKED, now=MOMENT)

    subjects = []
    for _ in range(15):
        tick(desk)
        clock.now += timedelta(days=1)
        subjects += [read(letter)[0]["Subject"] for letter in relay.sent]
        relay.sent.clear()

    assert subjects == [
        "Please confirm: The Tip of the Week",
        "Still interested? The Tip of the Week",
    ]
    with Session(engine) as session, pytest.raises(UnknownSubscriber):
        roster.find(session, ADDRESS)
    with Session(engine) as session:
        assert outbox.asked_lately(session, HASH, since=MOMENT) == 1
    clock.now += timedelta(days=30)
    tidy(desk)
    with Session(engine) as session:
        assert session.scalars(select(AutomaticLetter)).all() == []


def test_a_reminder_that_would_come_too_late_is_never_sent(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Longer than forget_after means never."""
    relay = Relay()
    desk = desk_with(relay, signup={"remind_after": "30d"})
    person = post(engine, status_at=MOMENT)
    with db.transaction(engine) as session:
        consent.note(session, person, ConsentStep.ASKED, now=MOMENT)

    for _ in range(20):
        tick(desk)
        clock.now += timedelta(days=1)

    assert len(relay.sent) == 1


def test_without_an_installation_nothing_leaves(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The fence asks before anything is claimed."""
    post(engine)
    with db.transaction(engine) as session:
        session.delete(session.get_one(Installation, 1))

    with pytest.raises(Exception, match="no installation"):
        send_waiting(desk_with())


def write_to_operator(engine: Engine, message: str = "Why?", **facts: str) -> None:
    """Post what somebody wrote on the contact page."""
    written: dict[str, str] = {
        "sender_name": "Zoë",
        "sender": "zoe@example.org",
        "message": message,
        "written_at": MOMENT.isoformat(),
    }
    with db.transaction(engine) as session:
        outbox.post(
            session,
            LetterKind.CONTACT,
            "old@example.org",
            facts=written | facts,
            subscriber_id=None,
            to_hash="",
            now=MOMENT,
        )


def test_a_message_to_the_operator_can_be_answered(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """By pressing Reply; it is from us, as mail from anybody else's is refused."""
    relay = Relay()
    write_to_operator(engine, "One <b>line</b>.\nTwo.\n\nLast.\n.\n")

    assert send_waiting(desk_with(relay)) == 1

    (letter,) = relay.sent
    message, text = read(letter)
    assert message["From"] == "The Tip of the Week <tips@tips.example>"
    assert message["To"] == "tips@tips.example"
    assert message["Reply-To"] == "Zoë <zoe@example.org>"
    assert message["Subject"] == "Zoë wrote to The Tip of the Week"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "On Tuesday, 24 November 2026 at 09:00 (UTC) Zoë (zoe@example.org)" in text
    assert "One <b>line</b>.\nTwo.\n\nLast." in text.replace("\r\n", "\n")
    html = message.get_body(("html",))
    assert html is not None
    assert "One &lt;b&gt;line&lt;/b&gt;.<br>Two.</p>" in html.get_content()
    assert row(engine).facts == "{}"


def test_no_message_to_the_operator_is_lost(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Refused for good, or gone without an answer, it waits, and is tried every day."""
    no = Rejected(550, "5.7.1 no", Command.DATA)
    relay = Relay(no, Uncertain("cut off"), Uncertain("cut off"), no)
    desk = desk_with(relay)
    write_to_operator(engine)

    for tries in range(1, 6):
        send_waiting(desk)
        assert len(relay.offered) == tries
        clock.now += timedelta(days=30)

    assert len(relay.sent) == 1
    assert len({read(letter)[0]["Message-ID"] for letter in relay.offered}) == 1
    assert row(engine).ended_at is not None
