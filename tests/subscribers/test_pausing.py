"""Fewer letters for a while, or for good."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from subscribers import consent, pausing
from subscribers.audience import count_mailable, week_ordinal
from subscribers.consent import Trace
from subscribers.tables import ConsentStep, Subscriber, SubscriberStatus
from tests.factories import make_subscriber

TRACE = Trace(page="/p/", network="192.0.2.0/24", wording="Pause")


def test_a_pause_keeps_letters_away_until_it_has_passed(
    session: Session, now: datetime
) -> None:
    """So many weeks from now on; then they are back without a word."""
    person = make_subscriber(session)
    others = make_subscriber(session)

    until = pausing.pause(session, person.id or 0, weeks=2, trace=TRACE, now=now)

    assert until == now + timedelta(weeks=2)
    assert count_mailable(session) == 1
    assert pausing.end_pauses(session, now=until - timedelta(seconds=1)) == 0
    assert pausing.end_pauses(session, now=until) == 1
    assert count_mailable(session) == 2
    session.refresh(others)
    assert others.paused_until is None


def test_a_pause_is_written_down(session: Session, now: datetime) -> None:
    """With its end, its page and its network."""
    person = make_subscriber(session)

    pausing.pause(session, person.id or 0, weeks=1, trace=TRACE, now=now)

    (line,) = consent.history(session, person.id or 0)
    assert line.step is ConsentStep.PAUSED
    assert (line.page, line.network) == ("/p/", "192.0.2.0/24")
    assert line.wording == "Pause (until 2026-11-29 08:00 UTC)"


@pytest.mark.parametrize(("asked", "given"), [(-3, 1), (0, 1), (26, 26), (9_999, 26)])
def test_a_pause_has_a_sensible_length(
    session: Session, now: datetime, asked: int, given: int
) -> None:
    """At least a week and at most half a year, whatever a form says."""
    person = make_subscriber(session)

    until = pausing.pause(session, person.id or 0, weeks=asked, trace=TRACE, now=now)

    assert until == now + timedelta(weeks=given)


def test_a_pause_ends_early_on_request(session: Session, now: datetime) -> None:
    """Going on takes effect at once."""
    person = make_subscriber(session)
    pausing.pause(session, person.id or 0, weeks=2, trace=TRACE, now=now)

    assert pausing.go_on(session, person.id or 0)

    assert count_mailable(session) == 1


def test_only_the_active_pause(session: Session, now: datetime) -> None:
    """Whoever left is not brought into another state by an old page."""
    gone = make_subscriber(session, status=SubscriberStatus.UNSUBSCRIBED)

    assert pausing.pause(session, gone.id or 0, weeks=2, trace=TRACE, now=now) is None
    assert not pausing.go_on(session, gone.id or 0)
    assert not pausing.set_rhythm(session, gone.id or 0, every_weeks=2, since_week=1)
    assert consent.history(session, gone.id or 0) == ()


def test_every_second_week_is_every_second_week(
    session: Session, now: datetime
) -> None:
    """It is their turn in the week that was named, then in every second one."""
    person = make_subscriber(session)
    week = week_ordinal(now.date())

    assert pausing.set_rhythm(session, person.id or 0, every_weeks=2, since_week=week)

    turns = [count_mailable(session, week=week + later) for later in range(-2, 5)]
    assert turns == [1, 0, 1, 0, 1, 0, 1]


def test_every_week_again(session: Session) -> None:
    """The way back is the same."""
    person = make_subscriber(session, every_weeks=2, since_week=7)

    pausing.set_rhythm(session, person.id or 0, every_weeks=1, since_week=0)

    assert count_mailable(session, week=8) == 1


def test_there_are_two_rhythms(session: Session) -> None:
    """Anything else is a mistake of whoever asks."""
    person = make_subscriber(session)

    with pytest.raises(ValueError, match="every 3 weeks"):
        pausing.set_rhythm(session, person.id or 0, every_weeks=3, since_week=1)

    assert session.get_one(Subscriber, person.id).every_weeks == 1
