"""A person who asks gets everything, or is forgotten in every room."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from newsletter import ledger, privacy
from newsletter.tables import (
    AutomaticLetter,
    Delivery,
    DeliveryStatus,
    Issue,
    LetterKind,
)
from subscribers import suppression
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    AddressChange,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from tests.factories import (
    make_comment,
    make_delivery,
    make_issue,
    make_subscriber,
    make_tip,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])
REFUSED = "550 5.1.1 <ann@example.org>: nobody here"


def make_letter(session: Session, who: Subscriber, *, ended: bool) -> None:
    """Write an automatic letter to somebody, waiting or sent."""
    session.add(
        AutomaticLetter(
            kind=LetterKind.WELCOME,
            uid=f"{who.id}.{ended}",
            subscriber_id=who.id,
            to_address=who.address,
            to_hash=HASHER.hash(who.address_key),
            facts='{"name": "Ann"}',
            created_at=NOW,
            due_at=NOW,
            ended_at=NOW if ended else None,
        )
    )
    session.flush()


def test_the_tips_they_had_are_in_everything(session: Session) -> None:
    """Which, in which week, when, and how it went; as JSON."""
    ann, bob = (make_subscriber(session, f"{n}@example.org") for n in ("ann", "bob"))
    issue = make_issue(session, make_tip(session, "say-hello"))
    sent = {"status": DeliveryStatus.SENT, "finished_at": NOW}
    make_delivery(session, issue, ann, **sent)
    make_delivery(session, issue, bob)

    found = privacy.everything(session, ann.id or 0, hasher=HASHER)

    assert found["person"]["address"] == "ann@example.org"
    assert json.loads(json.dumps(found))["tips"] == [
        {
            "week": "2026-W47",
            "title": "Say hello",
            "slug": "say-hello",
            "status": "sent",
            "at": "2026-11-22T08:00:00+00:00",
        }
    ]
    assert privacy.everything(session, 4_711, hasher=HASHER) == {}


def test_the_letters_written_to_them_are_in_everything(session: Session) -> None:
    """Which kind, when, and whether it went; nobody else's."""
    ann, bob = (make_subscriber(session, f"{n}@example.org") for n in ("ann", "bob"))
    make_letter(session, ann, ended=True)
    make_letter(session, ann, ended=False)
    make_letter(session, bob, ended=True)

    found = privacy.everything(session, ann.id or 0, hasher=HASHER)

    at = NOW.isoformat()
    assert found["letters"] == [
        {"kind": "welcome", "written_at": at, "ended_at": at},
        {"kind": "welcome", "written_at": at, "ended_at": None},
    ]


def test_every_room_forgets_and_every_count_stays(session: Session) -> None:
    """In no table is there an address or a name; as many letters as before."""
    ann = make_subscriber(session, "ann@example.org", name="Ann")
    issue = make_issue(session, enrolled=1)
    make_delivery(
        session, issue, ann, status=DeliveryStatus.FAILED, code=550, reason=REFUSED
    )
    make_letter(session, ann, ended=False)
    make_letter(session, ann, ended=True)
    before = ledger.tally(session, issue.id or 0)

    assert privacy.erase(session, ann.id or 0, hasher=HASHER, now=NOW)
    session.expire_all()

    (delivery,) = session.exec(select(Delivery)).all()
    assert (delivery.code, delivery.reason) == (550, "")
    assert ledger.tally(session, issue.id or 0) == before
    assert session.exec(select(Issue.enrolled)).one() == 1
    for letter in session.exec(select(AutomaticLetter)):
        assert (letter.subscriber_id, letter.to_address) == (None, "")
        assert "Ann" not in letter.facts
    assert privacy.left_behind(session) == []
    assert not privacy.erase(session, ann.id or 0, hasher=HASHER, now=NOW)


def test_what_they_said_is_in_everything(session: Session) -> None:
    """With the address that they have, and those that they had; nobody else's."""
    ann = make_subscriber(session, "Ann@example.org")
    tip = make_tip(session, "listen")
    for address, confirmed_at in (("old@example.org", NOW), ("bob@example.org", None)):
        session.add(
            AddressChange(
                subscriber_id=ann.id or 0,
                old_address=address,
                new_address="Ann@example.org",
                asked_at=NOW,
                confirmed_at=confirmed_at,
            )
        )
    for name in ("ann", "old", "bob"):
        key = HASHER.hash(f"{name}@example.org")
        make_comment(session, tip, f"Of {name}.", author_key=key)
    make_comment(session, tip, "Imported.")

    found = privacy.everything(session, ann.id or 0, hasher=HASHER)

    said, before = json.loads(json.dumps(found))["comments"]
    assert (said["tip"], said["text"], said["status"]) == ("listen", "Of ann.", "shown")
    assert before["text"] == "Of old."


@pytest.mark.parametrize(
    ("reason", "name"),
    [(SuppressionReason.ERASED, ""), (SuppressionReason.LEFT, "Ann")],
)
def test_whoever_asks_has_no_name_below_what_they_said(
    session: Session, reason: SuppressionReason, name: str
) -> None:
    """The words stay; nothing changes when people left long ago."""
    ann = make_subscriber(session, "ann@example.org")
    key = HASHER.hash("ann@example.org")
    comment = make_comment(session, make_tip(session), author="Ann", author_key=key)

    privacy.erase(session, ann.id or 0, hasher=HASHER, now=NOW, reason=reason)
    session.refresh(comment)

    assert (comment.author, comment.author_key) == (name, key if name else "")


def test_others_keep_what_is_theirs(session: Session) -> None:
    """Only one person is forgotten."""
    ann, bob = (make_subscriber(session, f"{n}@example.org") for n in ("ann", "bob"))
    issue = make_issue(session)
    make_delivery(
        session, issue, bob, status=DeliveryStatus.FAILED, reason="550 <bob@…> no"
    )
    make_letter(session, bob, ended=False)

    privacy.erase(session, ann.id or 0, hasher=HASHER, now=NOW)

    assert session.exec(select(Delivery.reason)).one() == "550 <bob@…> no"
    assert session.exec(select(AutomaticLetter.to_address)).one() == "bob@example.org"


def test_who_left_long_ago_is_forgotten_a_handful_at_a_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why they left stays with the hash; who stays or left lately is not touched."""
    monkeypatch.setattr(privacy, "HANDFUL", 2)
    old, new = NOW - timedelta(days=400), NOW - timedelta(days=300)
    gone = SubscriberStatus.UNSUBSCRIBED
    for number in range(3):
        address = f"old{number}@example.org"
        make_subscriber(session, address, status=gone, status_at=old)
    make_subscriber(session, "new@example.org", status=gone, status_at=new)
    make_subscriber(session, "stays@example.org", status_at=old)

    before = NOW - timedelta(days=365)
    rounds = [
        privacy.erase_overdue(session, before=before, hasher=HASHER, now=NOW)
        for _ in range(3)
    ]

    assert rounds == [2, 1, 0]
    left = session.exec(select(Subscriber.address)).all()
    assert [address for address in left if "@" in address] == [
        "new@example.org",
        "stays@example.org",
    ]
    assert suppression.count_by_reason(session)[SuppressionReason.LEFT] == 3


def test_what_is_left_of_the_erased_is_told(session: Session) -> None:
    """For `newsletter verify`: what it is, and how much."""
    ann = make_subscriber(session, "ann@example.org")
    privacy.erase(session, ann.id or 0, hasher=HASHER, now=NOW)
    ann = session.exec(select(Subscriber)).one()
    session.refresh(ann)
    ann.name = "Ann"
    make_delivery(session, make_issue(session), ann, reason=REFUSED)

    assert privacy.left_behind(session) == [
        "1 details of people",
        "1 addresses in letters",
    ]
