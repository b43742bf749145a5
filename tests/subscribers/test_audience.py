"""Only those who may be mailed are mailed."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from subscribers import audience, roster
from subscribers.tables import Subscriber, SubscriberStatus


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
