"""Only those who may be mailed are mailed."""

from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from subscribers import audience, roster
from subscribers.tables import Subscriber, SubscriberStatus
from tests.factories import make_subscriber


@pytest.fixture
def one_of_each(session: Session, now: datetime) -> dict[SubscriberStatus, int]:
    """Put one person of each status on the list and return their ids."""
    return {
        status: roster.add(
            session,
            f"{status}@example.org",
            source="",
            signed_up_at=None,
            now=now,
            status=status,
        ).id
        for status in SubscriberStatus
    }


def test_only_the_active_may_be_mailed(
    session: Session, one_of_each: dict[SubscriberStatus, int]
) -> None:
    """Of one person of each status, only the active one is in the audience."""
    found = session.execute(audience.mailable()).scalars().all()

    assert found == [one_of_each[SubscriberStatus.ACTIVE]]
    assert audience.count_mailable(session) == 1


def test_the_condition_serves_a_join(
    session: Session, one_of_each: dict[SubscriberStatus, int]
) -> None:
    """The condition alone says the same of each row."""
    query = select(col(Subscriber.id), audience.may_be_mailed())

    verdicts = {key: bool(answer) for key, answer in session.execute(query)}

    assert verdicts == {
        one_of_each[status]: status is SubscriberStatus.ACTIVE
        for status in SubscriberStatus
    }


def test_nobody_is_mailed_from_an_empty_list(session: Session) -> None:
    """An empty list counts 0."""
    assert audience.count_mailable(session) == 0


def test_whoever_pauses_may_not_be_mailed(session: Session, now: datetime) -> None:
    """As long as the pause is written down, wherever it is asked."""
    make_subscriber(session, paused_until=now)

    assert audience.count_mailable(session) == 0
    assert session.execute(audience.mailable(week=1)).all() == []


def test_a_week_asks_only_those_whose_turn_it_is(session: Session) -> None:
    """Weekly readers always, others in every second week since theirs."""
    weekly = make_subscriber(session).id
    odd = make_subscriber(session, every_weeks=2, since_week=101).id
    even = make_subscriber(session, every_weeks=2, since_week=100).id

    def asked(week: int | None) -> set[int]:
        return set(session.execute(audience.mailable(week=week)).scalars())

    assert asked(104) == {weekly, even}
    assert asked(105) == {weekly, odd}
    assert asked(None) == {weekly, odd, even}
    assert audience.count_mailable(session, week=105) == 2


def test_weeks_are_counted_from_monday_to_sunday_without_a_gap() -> None:
    """Over the turn of a year with 53 weeks, too."""
    sunday = date(2027, 1, 3)

    assert audience.week_ordinal(date(2026, 12, 28)) == audience.week_ordinal(sunday)
    assert audience.week_ordinal(sunday) + 1 == audience.week_ordinal(date(2027, 1, 4))
    assert audience.week_ordinal(date.min) == 0
