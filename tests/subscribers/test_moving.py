"""From one address to another."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from subscribers import consent, moving
from subscribers.addresses import Address, parse_address
from subscribers.consent import Trace
from subscribers.moving import Move, MoveStanding
from subscribers.tables import (
    AddressChange,
    ConsentStep,
    Subscriber,
    SubscriberStatus,
)
from tests.factories import make_subscriber

WEEK = timedelta(days=7)
NEW = parse_address("Ann@New.example.org")
TRACE = Trace(page="/a/", wording="Yes")


@pytest.fixture
def ann(session: Session) -> int:
    """Ann, at her old address."""
    return make_subscriber(session, "ann@example.org", bounces=2).id or 0


def look(session: Session, person: int, wish: int, now: datetime) -> Move:
    """Return what a link is good for."""
    return moving.look_up(session, person, wish, within=WEEK, now=now)


def test_a_move_is_a_wish_until_it_is_confirmed(
    session: Session, ann: int, now: datetime
) -> None:
    """Asking changes nothing but that it is written down."""
    wish = moving.ask(session, ann, NEW, now=now)

    assert wish is not None
    assert session.get_one(Subscriber, ann).address == "ann@example.org"
    waiting = Move(MoveStanding.WAITING, "ann@example.org", "Ann@new.example.org")
    assert look(session, ann, wish, now + WEEK) == waiting
    later = now + WEEK + timedelta(seconds=1)
    assert look(session, ann, wish, later).standing is MoveStanding.EXPIRED
    assert moving.count_asked(session, ann, since=now) == 1
    assert moving.count_asked(session, ann, since=later) == 0


def test_a_confirmed_move_is_history(session: Session, ann: int, now: datetime) -> None:
    """The person is there, their bounces forgotten, and both addresses are kept."""
    wish = moving.ask(session, ann, NEW, now=now) or 0

    done = moving.confirm(session, ann, wish, NEW, trace=TRACE, now=now)

    assert done is MoveStanding.DONE
    session.expire_all()
    person = session.get_one(Subscriber, ann)
    assert (person.address, person.address_key) == (NEW.address, NEW.key)
    assert person.bounces == 0
    (change,) = session.exec(select(AddressChange))
    assert (change.old_address, change.confirmed_at) == ("ann@example.org", now)
    assert consent.history(session, ann)[-1].step is ConsentStep.CHANGED
    assert look(session, ann, wish, now).standing is MoveStanding.DONE


def test_an_address_belongs_to_one_person(
    session: Session, ann: int, now: datetime
) -> None:
    """Whoever has it keeps it, and the transaction goes on."""
    make_subscriber(session, NEW.address)
    wish = moving.ask(session, ann, NEW, now=now) or 0

    done = moving.confirm(session, ann, wish, NEW, trace=TRACE, now=now)

    assert done is MoveStanding.TAKEN
    session.expire_all()
    assert session.get_one(Subscriber, ann).address == "ann@example.org"
    assert look(session, ann, wish, now).standing is MoveStanding.WAITING


@pytest.mark.parametrize("address", ["ann@example.org"])
def test_nobody_moves_to_where_they_are(
    session: Session, ann: int, now: datetime, address: str
) -> None:
    """That is no wish; but another way to write the same address is."""
    assert moving.ask(session, ann, parse_address(address), now=now) is None
    other_case = Address("Ann@example.org", "ann@example.org")
    wish = moving.ask(session, ann, other_case, now=now)

    assert wish is not None
    done = moving.confirm(session, ann, wish, other_case, trace=TRACE, now=now)
    assert done is MoveStanding.DONE


def test_only_the_active_move(session: Session, ann: int, now: datetime) -> None:
    """Whoever left cannot be brought elsewhere, not even by an older wish."""
    wish = moving.ask(session, ann, NEW, now=now) or 0
    session.get_one(Subscriber, ann).status = SubscriberStatus.UNSUBSCRIBED
    session.flush()

    assert moving.ask(session, ann, NEW, now=now) is None
    assert look(session, ann, wish, now) == moving.GONE


def test_a_wish_is_its_persons_alone(session: Session, ann: int, now: datetime) -> None:
    """A number of somebody else's wish opens nothing."""
    other = make_subscriber(session).id or 0
    wish = moving.ask(session, ann, NEW, now=now) or 0

    assert look(session, other, wish, now) == moving.GONE
    assert look(session, ann, wish + 1, now) == moving.GONE
