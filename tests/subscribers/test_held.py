"""What the operator decides about departures that look like a machine's."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from subscribers import audience, consent
from subscribers import held as held_room
from subscribers.leaving import BurstPolicy, leave, say_why
from subscribers.tables import (
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
)
from tests.factories import make_subscriber

POLICY = BurstPolicy(burst=2, soon=timedelta(seconds=60))


@pytest.fixture
def burst(session: Session, now: datetime) -> list[int]:
    """Three people who left in a burst, and one who stays."""
    ids = [make_subscriber(session, f"{name}@example.org").id or 0 for name in "abc"]
    make_subscriber(session, "stays@example.org")
    for number in ids:
        leave(
            session,
            number,
            way=DepartureWay.ONE_CLICK,
            seconds_after_letter=2.7,
            network="192.0.2.0/24",
            policy=POLICY,
            now=now,
        )
    return ids


def test_they_are_listed_page_by_page(
    session: Session, burst: list[int], now: datetime
) -> None:
    """Who, when, how soon after their letter, and from where."""
    assert held_room.count(session) == len(burst)
    (first,) = held_room.page(session, limit=1)
    assert (first.address, first.at) == ("a@example.org", now)
    assert (first.seconds_after_letter, first.network) == (2, "192.0.2.0/24")
    rest = held_room.page(session, after=first.id)
    assert [one.address for one in rest] == ["b@example.org", "c@example.org"]


def test_kept_they_are_as_everybody(session: Session, burst: list[int]) -> None:
    """They stay away, and nothing waits any more."""
    assert held_room.keep(session) == len(burst)

    assert held_room.count(session) == 0
    assert audience.count_mailable(session) == 1


def test_undone_they_are_back(
    session: Session, burst: list[int], now: datetime
) -> None:
    """All are mailed again, and their proof says who brought them back."""
    assert held_room.undo(session, now=now + timedelta(hours=1)) == len(burst)

    assert held_room.count(session) == 0
    assert audience.count_mailable(session) == 4
    for number in burst:
        assert consent.history(session, number)[-1].page == "the operator"
    undone = session.exec(select(Departure.state).distinct()).all()
    assert undone == [DepartureState.UNDONE]


def test_whoever_is_more_than_gone_is_not_brought_back(
    session: Session, burst: list[int], now: datetime
) -> None:
    """A complaint meanwhile, or words of why, outlast it."""
    complained = session.get_one(Subscriber, burst[0])
    session.refresh(complained)
    complained.status = SubscriberStatus.COMPLAINED
    session.flush()
    say_why(session, burst[1], "I really meant it.")

    assert held_room.undo(session, now=now) == 1

    back = select(Subscriber.id).where(
        col(Subscriber.status) == SubscriberStatus.ACTIVE
    )
    assert set(session.exec(back)) & set(burst) == {burst[2]}


def test_there_may_be_none(session: Session, now: datetime) -> None:
    """Deciding about nothing changes nothing."""
    assert held_room.page(session) == ()
    assert (held_room.keep(session), held_room.undo(session, now=now)) == (0, 0)
