"""What each kind of automatic letter says, and to whom its links belong."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import Engine

from newsletter.outbox import WaitingLetter
from newsletter.outcome import Rejected
from newsletter.sender import Desk
from newsletter.sender.letters import LetterWriter
from newsletter.tables import LetterKind
from newsletter.transport import Letter
from subscribers.tokens import Purpose, TokenSigner, second_of
from tests.desks import SECRET, SetClock
from tests.newsletter.sender.conftest import MakeDesk
from tests.newsletter.sender.week import MOMENT, found, open_week

PERSON = 7
SIGN = TokenSigner([SECRET.encode()]).sign
LEAVE = SIGN(Purpose.UNSUBSCRIBE, PERSON)
FACTS = {"asked_at": MOMENT.isoformat(), "network": "203.0.113.0/24"}


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """An installation with a tip."""
    found(engine, tips=1)


def waiting(kind: LetterKind, **more: Any) -> WaitingLetter:
    """Return a letter that was claimed."""
    values: dict[str, Any] = {
        "id": 1,
        "kind": kind,
        "uid": f"{kind}.0123",
        "subscriber_id": PERSON,
        "address": "ada@example.org",
        "name": "Ada",
        "facts": FACTS,
        "created_at": MOMENT,
        "lease_until": MOMENT + timedelta(minutes=30),
        "attempts": 1,
        "was_in_doubt": False,
    }
    return WaitingLetter(**(values | more))


def written(desk: Desk, letter: WaitingLetter) -> EmailMessage:
    """Return a letter as a mail program reads it."""
    made = LetterWriter(desk).write(letter)
    assert isinstance(made, Letter)
    message = message_from_bytes(made.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(message: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a letter."""
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("kind", [LetterKind.CONFIRM, LetterKind.REMIND])
def test_whoever_may_be_a_stranger_is_asked_and_no_more(
    desk: Desk, kind: LetterKind
) -> None:
    """One link, for one purpose; no name, no link of a subscriber, no list header."""
    message = written(desk, waiting(kind))
    confirm = SIGN(Purpose.CONFIRM, PERSON, second_of(MOMENT))

    for body in bodies(message):
        assert f"https://tips.example/c/{confirm}" in body
        assert "Ada" not in body
        assert "/u/" not in body
        assert "/p/" not in body
        assert "1 December 2026" in " ".join(body.split())
    assert message["List-Unsubscribe"] is None
    assert message["List-Id"] is None


def test_the_link_works_as_long_as_the_settings_say(desk_with: MakeDesk) -> None:
    """From when it was asked for, in the newsletter's own days."""
    desk = desk_with(
        signup={"confirm_within": "3d"}, schedule={"timezone": "Pacific/Auckland"}
    )

    text, _ = bodies(written(desk, waiting(LetterKind.CONFIRM)))

    assert "until Friday, 27 November 2026" in text
    assert "On Tuesday, 24 November 2026 at 22:00 (Pacific/Auckland)" in " ".join(
        text.split()
    )


def test_without_a_network_nothing_is_said_of_it(desk: Desk) -> None:
    """Rather than an empty word at the end of a sentence."""
    facts = FACTS | {"network": ""}

    text, _ = bodies(written(desk, waiting(LetterKind.CONFIRM, facts=facts)))

    assert "network" not in text


def test_a_welcome_is_left_like_an_issue(desk: Desk) -> None:
    """It has content of the list: RFC 8058 in its headers, a link in each body."""
    open_week(desk)

    message = written(desk, waiting(LetterKind.WELCOME))

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<https://tips.example/u/{LEAVE}>" in message["List-Unsubscribe"]
    assert message["List-Id"]
    assert message["Auto-Submitted"] == "auto-generated"
    for body in bodies(message):
        assert f"https://tips.example/u/{LEAVE}" in body
        assert "Dear Ada," in body


def test_who_is_on_the_list_already_gets_their_own_links(desk: Desk) -> None:
    """To their preferences and out; it is no content of the list, so no header."""
    message = written(desk, waiting(LetterKind.KNOWN))

    for body in bodies(message):
        assert f"https://tips.example/u/{LEAVE}" in body
        assert f"https://tips.example/p/{SIGN(Purpose.PREFERENCES, PERSON)}" in body
    assert message["List-Unsubscribe"] is None


def test_every_try_is_the_same_letter(desk: Desk, clock: SetClock) -> None:
    """Message-ID, Date and links go by when it was asked for, not by the clock."""
    writer = LetterWriter(desk)
    first = writer.write(waiting(LetterKind.CONFIRM))
    clock.now += timedelta(hours=5)
    second = writer.write(waiting(LetterKind.CONFIRM, attempts=2, was_in_doubt=True))

    assert isinstance(first, Letter)
    assert first == second
    assert b"Message-ID: <confirm.0123@tips.example>" in first.message


def test_an_address_that_cannot_be_mailed_is_refused_here(
    desk: Desk, desk_with: MakeDesk
) -> None:
    """By RFC 2606, or as none that a header can hold; no relay is asked."""
    strict = desk_with(delivery={"allow_reserved": False})
    odd = waiting(LetterKind.CONFIRM, address="a,b@example.org")

    for made in (
        LetterWriter(strict).write(waiting(LetterKind.CONFIRM)),
        LetterWriter(desk).write(odd),
    ):
        assert isinstance(made, Rejected)
        assert made.reason.startswith("5.1.3 ")
