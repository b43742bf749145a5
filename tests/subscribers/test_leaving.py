"""Leaving is at once, counts once, and can be taken back."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from subscribers import audience, consent, leaving
from subscribers.consent import Trace
from subscribers.leaving import BurstPolicy, Left
from subscribers.tables import (
    ConsentStep,
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
)
from tests.factories import make_subscriber

POLICY = BurstPolicy(burst=3, soon=timedelta(seconds=60))
HERE = "192.0.2.0/24"
TRACE = Trace(page="/u/", network=HERE, wording="Send me the tips again")


def people(session: Session, number: int) -> list[int]:
    """Put so many on the list and return their ids."""
    return [make_subscriber(session).id or 0 for _ in range(number)]


def leave(
    session: Session,
    subscriber_id: int,
    now: datetime,
    *,
    seconds: float | None = None,
    network: str = "",
) -> Left:
    """Leave by one click."""
    return leaving.leave(
        session,
        subscriber_id,
        way=DepartureWay.ONE_CLICK,
        issue_id=7,
        seconds_after_letter=seconds,
        network=network,
        policy=POLICY,
        now=now,
    )


def states(session: Session) -> list[DepartureState]:
    """Return how the departures stand, in order."""
    session.expire_all()
    return list(session.exec(select(Departure.state).order_by(col(Departure.id))))


def held(session: Session, ids: Iterable[int], now: datetime) -> None:
    """Let people leave in a burst."""
    for number in ids:
        leave(session, number, now, seconds=1)


def test_whoever_leaves_is_off_the_list_at_once(
    session: Session, now: datetime
) -> None:
    """Status, departure and proof say so; the answer says where a goodbye may go."""
    ann = make_subscriber(session, "ann@example.org", paused_until=now)

    left = leave(session, ann.id or 0, now, seconds=4_000, network=HERE)

    assert left == Left(True, "ann@example.org", DepartureState.FINAL, 0)
    session.refresh(ann)
    assert (ann.status, ann.status_at) == (SubscriberStatus.UNSUBSCRIBED, now)
    assert ann.paused_until is None
    (departure,) = session.exec(select(Departure))
    assert (departure.way, departure.at) == (DepartureWay.ONE_CLICK, now)
    assert (departure.issue_id, departure.network) == (7, HERE)
    assert departure.seconds_after_letter is None
    (line,) = consent.history(session, ann.id or 0)
    assert (line.step, line.page) == (ConsentStep.LEFT, "/u/ (one-click)")


@pytest.mark.parametrize(
    ("status", "leaves"),
    [
        (SubscriberStatus.ACTIVE, True),
        (SubscriberStatus.PENDING, True),
        (SubscriberStatus.BOUNCED, True),
        (SubscriberStatus.UNSUBSCRIBED, False),
        (SubscriberStatus.COMPLAINED, False),
        (SubscriberStatus.ERASED, False),
    ],
)
def test_leaving_again_changes_nothing(
    session: Session, now: datetime, status: SubscriberStatus, leaves: bool
) -> None:
    """Whoever is gone has no second departure, and stays what they were."""
    person = make_subscriber(session, status=status)

    left = leave(session, person.id or 0, now)

    assert left.changed is leaves
    assert len(states(session)) == leaves
    if not leaves:
        assert session.get_one(Subscriber, person.id).status is status


def test_nobody_at_all_may_leave(session: Session, now: datetime) -> None:
    """A link whose person is not there changes nothing."""
    assert not leave(session, 4_711, now).changed
    assert states(session) == []


@pytest.mark.parametrize("seconds", [1, None])
@pytest.mark.parametrize("network", [HERE, ""])
def test_a_burst_is_held_from_its_first_on(
    session: Session, now: datetime, seconds: float | None, network: str
) -> None:
    """So many right after their letters, or from one network, are all held."""
    found = [
        leave(session, number, now, seconds=seconds, network=network)
        for number in people(session, 4)
    ]

    is_burst = seconds is not None or network != ""
    kind = DepartureState.HELD if is_burst else DepartureState.FINAL
    assert states(session) == [kind] * 4
    assert audience.count_mailable(session) == 0
    assert [bool(left.lot) for left in found] == [False, False, is_burst, False]


def test_those_who_come_one_by_one_are_nobodys_burst(
    session: Session, now: datetime
) -> None:
    """Two within a minute, then two within another: never three."""
    first, second, third, fourth = people(session, 4)
    leave(session, first, now, seconds=1, network=HERE)
    leave(session, second, now, seconds=1, network=HERE)
    later = now + timedelta(seconds=61)
    leave(session, third, later, seconds=1, network=HERE)
    leave(session, fourth, later, seconds=1, network=HERE)

    assert set(states(session)) == {DepartureState.FINAL}


def test_different_people_are_nobodys_burst(session: Session, now: datetime) -> None:
    """Long after their letters and each from elsewhere: people, however many."""
    for place, number in enumerate(people(session, 6)):
        leave(session, number, now, seconds=61, network=f"192.0.{place}.0/24")

    assert set(states(session)) == {DepartureState.FINAL}


def test_a_lot_is_told_by_its_first(session: Session, now: datetime) -> None:
    """While it waits, another burst belongs to the same lot, so it is told once."""
    ids = people(session, 6)
    lots = [leave(session, number, now, seconds=1).lot for number in ids[:3]]
    later = now + timedelta(hours=1)
    lots += [leave(session, number, later, seconds=1).lot for number in ids[3:]]

    first = session.exec(select(Departure.id).order_by(col(Departure.id))).first()
    assert {lot for lot in lots if lot} == {first}


def test_what_the_operator_does_is_never_held(session: Session, now: datetime) -> None:
    """Removing twenty people by hand is no burst."""
    for number in people(session, 5):
        leaving.leave(
            session, number, way=DepartureWay.OPERATOR, policy=POLICY, now=now
        )

    assert set(states(session)) == {DepartureState.FINAL}


def test_whoever_left_can_come_back(session: Session, now: datetime) -> None:
    """They are active, their departure counts no more, and the proof has both."""
    ann = make_subscriber(session, "ann@example.org")
    leave(session, ann.id or 0, now)
    later = now + timedelta(minutes=1)

    assert leaving.come_back(session, ann.id or 0, trace=TRACE, now=later)

    session.refresh(ann)
    assert (ann.status, ann.status_at) == (SubscriberStatus.ACTIVE, later)
    assert states(session) == [DepartureState.UNDONE]
    steps = [line.step for line in consent.history(session, ann.id or 0)]
    assert steps == [ConsentStep.LEFT, ConsentStep.CAME_BACK]
    assert not leaving.come_back(session, ann.id or 0, trace=TRACE, now=later)


@pytest.mark.parametrize(
    "status", [status for status in SubscriberStatus if status != "unsubscribed"]
)
def test_only_those_who_left_come_back_so(
    session: Session, now: datetime, status: SubscriberStatus
) -> None:
    """Whoever complained, was erased or never confirmed must sign up."""
    person = make_subscriber(session, status=status)

    assert not leaving.come_back(session, person.id or 0, trace=TRACE, now=now)

    assert session.get_one(Subscriber, person.id).status is status


def test_why_is_kept_with_the_departure(session: Session, now: datetime) -> None:
    """As much as fits; and it shows that a person left, not a machine."""
    ids = people(session, 3)
    held(session, ids, now)

    assert leaving.say_why(session, ids[0], "  Too many mails. " + "x" * 900)

    departure = session.exec(
        select(Departure).where(col(Departure.subscriber_id) == ids[0])
    ).one()
    session.refresh(departure)
    assert departure.why.startswith("Too many mails. xxx")
    assert len(departure.why) == leaving.LONGEST_WHY
    assert states(session)[1:] == [DepartureState.HELD] * 2
    assert departure.state is DepartureState.FINAL
    leave(session, people(session, 1)[0], now, seconds=1)
    assert states(session)[0] is DepartureState.FINAL


def test_nobody_says_why_they_are_still_here(session: Session, now: datetime) -> None:
    """Without a departure that counts there is nothing to explain."""
    (person,) = people(session, 1)
    assert not leaving.say_why(session, person, "?")
    leave(session, person, now)
    leaving.come_back(session, person, trace=TRACE, now=now)

    assert not leaving.say_why(session, person, "?")
