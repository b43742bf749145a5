"""Signing up changes nothing for anybody but those who are not on the list yet."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from subscribers import consent, signing_up
from subscribers.consent import Trace
from subscribers.errors import BadAddress, BadDetail
from subscribers.signing_up import Acquaintance, Reply, SignUp, read_wish
from subscribers.tables import (
    ConsentStep,
    Subscriber,
    SubscriberStatus,
    Suppression,
    SuppressionReason,
)
from tests.factories import make_subscriber

TRACE = Trace("https://tips.example/join/", "203.0.113.0/24", "Send me tips.", "1")
HASH = "ab" * 32


def sign_up(session: Session, address: str, now: datetime, **typed: str) -> SignUp:
    """Sign up with what was typed."""
    wish = read_wish(address, **typed)
    return signing_up.sign_up(session, wish, source="the form", trace=TRACE, now=now)


def test_somebody_new_is_pending_until_they_confirm(
    session: Session, now: datetime
) -> None:
    """Nothing but a request to confirm follows, and the first step is written down."""
    done = sign_up(
        session, "Ada@Example.ORG", now, name="Ada", timezone="europe/berlin"
    )

    person = session.get_one(Subscriber, done.subscriber_id)
    assert done == SignUp(done.subscriber_id, "Ada@example.org", Reply.CONFIRM)
    assert person.status is SubscriberStatus.PENDING
    assert (person.name, person.timezone) == ("Ada", "Europe/Berlin")
    assert person.signed_up_at is None
    (line,) = consent.history(session, done.subscriber_id)
    assert (line.step, line.page) == (ConsentStep.ASKED, TRACE.page)
    assert (line.wording, line.network) == (TRACE.wording, TRACE.network)


def test_asking_again_is_one_person_and_begins_anew(
    session: Session, now: datetime
) -> None:
    """What was typed last counts; what was left out stays."""
    first = sign_up(session, "ada@example.org", now, name="Ada")
    later = now + timedelta(days=3)

    second = sign_up(session, "ADA@example.org", later, timezone="Europe/Berlin")

    person = session.get_one(Subscriber, first.subscriber_id)
    session.refresh(person)
    assert second.subscriber_id == first.subscriber_id
    assert (person.name, person.timezone) == ("Ada", "Europe/Berlin")
    assert person.status_at == later
    assert len(consent.history(session, first.subscriber_id)) == 2


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        (SubscriberStatus.ACTIVE, Reply.KNOWN),
        (SubscriberStatus.UNSUBSCRIBED, Reply.CONFIRM),
        (SubscriberStatus.BOUNCED, Reply.CONFIRM),
        (SubscriberStatus.COMPLAINED, Reply.CONFIRM),
    ],
)
def test_whoever_is_known_stays_as_they_are(
    session: Session, now: datetime, status: SubscriberStatus, reply: Reply
) -> None:
    """Anybody can type anybody's address, so neither name nor standing changes."""
    person = make_subscriber(session, "ada@example.org", name="Ada", status=status)

    done = sign_up(session, "ada@example.org", now, name="Eve")

    session.refresh(person)
    assert done.reply is reply
    assert (person.status, person.name) == (status, "Ada")


@pytest.mark.parametrize(
    ("status", "reason", "peace"),
    [
        (None, None, False),
        (SubscriberStatus.ACTIVE, None, False),
        (SubscriberStatus.UNSUBSCRIBED, SuppressionReason.LEFT, False),
        (SubscriberStatus.COMPLAINED, None, True),
        (SubscriberStatus.BOUNCED, None, True),
        (None, SuppressionReason.ERASED, True),
        (None, SuppressionReason.COMPLAINED, True),
    ],
)
def test_who_had_a_reason_is_left_in_peace(
    session: Session,
    now: datetime,
    status: SubscriberStatus | None,
    reason: SuppressionReason | None,
    peace: bool,
) -> None:
    """Those who complained, were erased or cannot be reached are asked far less."""
    person = None
    if status:
        person = make_subscriber(session, "ada@example.org", status=status).id
    if reason:
        session.add(Suppression(address_hash=HASH, reason=reason, since=now))
        session.flush()

    found = signing_up.look_up(session, "ada@example.org", HASH)

    assert found == Acquaintance(person, status, peace)


@pytest.mark.parametrize(
    "name",
    [
        "Buy now at evil.example.com",
        "https://evil.example",
        "write to eve@example.org",
        "www.evil",
        "call 0900 12345678",
        "ｅｖｉｌ．ｃｏｍ",
        "x" * 61,
    ],
)
def test_a_name_carries_no_message(name: str) -> None:
    """It is greeted with in a letter to whomever the address belongs to."""
    with pytest.raises(BadDetail, match="name"):
        read_wish("ada@example.org", name=name)


@pytest.mark.parametrize(
    "name", ["", "Ada", "J. R. R. Tolkien", "Zoë Krüger-O'Neil", "王小明"]
)
def test_a_real_name_is_taken(name: str) -> None:
    """People have initials, hyphens and alphabets."""
    assert read_wish("ada@example.org", name=name).name == name


def test_an_address_must_be_one() -> None:
    """What mail cannot be sent to is refused before anything is written."""
    with pytest.raises(BadAddress):
        read_wish("ada at example.org")
