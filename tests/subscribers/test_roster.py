"""One person at a time."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from subscribers import roster
from subscribers.errors import (
    AlreadyListed,
    BadAddress,
    BadDetail,
    UnknownSubscriber,
)
from subscribers.roster import Person
from subscribers.tables import SubscriberStatus


def add(
    session: Session,
    address: str,
    now: datetime,
    status: SubscriberStatus = SubscriberStatus.ACTIVE,
) -> Person:
    """Put somebody on the list of whom only the address and status matter."""
    return roster.add(
        session, address, source="by hand", signed_up_at=None, now=now, status=status
    )


def test_a_person_is_found_as_they_were_added(session: Session, now: datetime) -> None:
    """Every detail comes back, cleaned, whatever the case of the address."""
    signed_up = now - timedelta(days=3)
    added = roster.add(
        session,
        "Ann@Example.org",
        name=" Ann  Reader ",
        timezone="europe/berlin",
        language="pt_BR",
        source="the stand at the fair",
        signed_up_at=signed_up,
        now=now,
    )
    session.commit()

    assert roster.find(session, "ANN@example.org") == added
    assert added == Person(
        id=added.id,
        address="Ann@example.org",
        name="Ann Reader",
        timezone="Europe/Berlin",
        language="pt-BR",
        status=SubscriberStatus.ACTIVE,
        source="the stand at the fair",
        signed_up_at=signed_up,
        created_at=now,
        status_at=now,
        bounces=0,
    )


def test_nobody_is_listed_twice(session: Session, now: datetime) -> None:
    """The second time is an error that says where they stand; the first one stays."""
    add(session, "ann@example.org", now, SubscriberStatus.UNSUBSCRIBED)
    add(session, "bob@example.org", now)

    with pytest.raises(AlreadyListed) as refused:
        add(session, "Ann@example.org", now + timedelta(days=1))

    assert refused.value.status is SubscriberStatus.UNSUBSCRIBED
    assert "unsubscribed since 2026-11-22" in str(refused.value)
    assert [person.address for person in roster.page(session)] == [
        "ann@example.org",
        "bob@example.org",
    ]


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"address": "ann"}, BadAddress),
        ({"name": "x" * 201}, BadDetail),
        ({"timezone": "Mars"}, BadDetail),
        ({"language": "english"}, BadDetail),
        ({"source": "x" * 201}, BadDetail),
    ],
)
def test_what_cannot_be_kept_is_refused(
    session: Session, now: datetime, details: dict[str, str], error: type[Exception]
) -> None:
    """A wrong detail puts nobody on the list."""
    given = {"address": "ann@example.org", "source": "by hand", **details}

    with pytest.raises(error):
        roster.add(session, given.pop("address"), signed_up_at=None, now=now, **given)

    assert roster.page(session) == []


def test_a_stranger_is_unknown(session: Session) -> None:
    """The error names the address, and where to see everybody."""
    with pytest.raises(UnknownSubscriber, match="newsletter subscribers list"):
        roster.find(session, "ann@example.org")


def test_a_mistyped_address_is_recognised(session: Session, now: datetime) -> None:
    """Who is nearly on the list is named; a percent sign is no wild card."""
    add(session, "annette@example.org", now)

    with pytest.raises(UnknownSubscriber, match=r"Did you mean annette@example\.org\?"):
        roster.find(session, "annete@example.org")
    with pytest.raises(UnknownSubscriber) as unknown:
        roster.find(session, "%nnette@example.org")
    assert unknown.value.nearest is None


def test_who_is_removed_stays_as_proof(session: Session, now: datetime) -> None:
    """The row stays, unsubscribed since that moment."""
    add(session, "ann@example.org", now)
    later = now + timedelta(hours=1)

    assert roster.remove(session, "ann@example.org", now=later) is True

    person = roster.find(session, "ann@example.org")
    assert person.status is SubscriberStatus.UNSUBSCRIBED
    assert person.status_at == later
    assert person.created_at == now


def test_to_remove_again_changes_nothing(session: Session, now: datetime) -> None:
    """The second time is no error, and the time of the first one stays."""
    add(session, "ann@example.org", now)
    roster.remove(session, "ann@example.org", now=now)

    again = roster.remove(session, "ann@example.org", now=now + timedelta(days=1))

    assert again is False
    assert roster.find(session, "ann@example.org").status_at == now


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SubscriberStatus.PENDING, SubscriberStatus.UNSUBSCRIBED),
        (SubscriberStatus.BOUNCED, SubscriberStatus.UNSUBSCRIBED),
        (SubscriberStatus.COMPLAINED, SubscriberStatus.COMPLAINED),
    ],
)
def test_a_complaint_is_not_forgotten(
    session: Session, now: datetime, before: SubscriberStatus, after: SubscriberStatus
) -> None:
    """Removing overrules every status but a complaint, which says more."""
    add(session, "ann@example.org", now, before)

    roster.remove(session, "ann@example.org", now=now)

    assert roster.find(session, "ann@example.org").status is after


def test_a_stranger_cannot_be_removed(session: Session, now: datetime) -> None:
    """A mistyped address does not pass for a success."""
    with pytest.raises(UnknownSubscriber):
        roster.remove(session, "ann@example.org", now=now)


def test_pages_follow_each_other(session: Session, now: datetime) -> None:
    """Leafing through by the last id shows everybody once, in the order they came."""
    for number in range(5):
        add(session, f"reader{number}@example.org", now)

    first = roster.page(session, limit=3)
    second = roster.page(session, after=first[-1].id, limit=3)

    assert [person.address[6] for person in first + second] == list("01234")
    assert roster.page(session, after=second[-1].id) == []


def test_a_page_of_one_status(session: Session, now: datetime) -> None:
    """Only those who stand so are shown."""
    add(session, "ann@example.org", now)
    add(session, "bob@example.org", now, SubscriberStatus.BOUNCED)

    found = roster.page(session, status=SubscriberStatus.BOUNCED)

    assert [person.address for person in found] == ["bob@example.org"]


def test_every_status_is_counted(session: Session, now: datetime) -> None:
    """A status that nobody has counts 0."""
    add(session, "ann@example.org", now)
    add(session, "bob@example.org", now)
    add(session, "eve@example.org", now, SubscriberStatus.COMPLAINED)

    assert roster.count_by_status(session) == {
        SubscriberStatus.PENDING: 0,
        SubscriberStatus.ACTIVE: 2,
        SubscriberStatus.UNSUBSCRIBED: 0,
        SubscriberStatus.BOUNCED: 0,
        SubscriberStatus.COMPLAINED: 1,
        SubscriberStatus.ERASED: 0,
    }
