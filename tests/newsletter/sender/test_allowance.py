"""A process asks for its share of the rates, seldom, and gives back what it spares."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from newsletter import db, ledger
from newsletter.ledger import Claim
from newsletter.rates import reserve_all
from newsletter.sender.allowance import Allowance
from newsletter.tables import Delivery, DeliveryStatus, RateCount
from newsletter.throttle import Limits, WarmUp
from tests.desks import SetClock, Stopwatch
from tests.factories import LEASE, OPENED_AT, make_delivery, make_issue, make_subscriber

CountQueries = Callable[[], AbstractContextManager[list[str]]]
SECOND = timedelta(seconds=1)
ISSUE = 1


@pytest.fixture
def clock() -> SetClock:
    """A clock at the moment at which issues of the factories open."""
    return SetClock(OPENED_AT)


def allowance(engine: Engine, clock: SetClock, **limits: object) -> Allowance:
    """Return the allowance of one process."""
    return Allowance(engine, Limits(**limits), clock)  # type: ignore[arg-type]


def counted(engine: Engine) -> int:
    """Return how many letters count for the hour and the day."""
    with Session(engine) as session:
        return sum(session.exec(select(RateCount.letters)))


def write_letters(engine: Engine, *domains: str) -> None:
    """Write the letters of an issue, one to each domain, in this order."""
    with db.transaction(engine) as session:
        issue = make_issue(session)
        for number, domain in enumerate(domains):
            reader = make_subscriber(session, f"r{number}@{domain}")
            make_delivery(session, issue, reader)


def claim(engine: Engine, clock: SetClock) -> list[Claim]:
    """Claim what is due."""
    with db.transaction(engine) as session:
        return list(ledger.claim(session, ISSUE, limit=500, now=clock.now, lease=LEASE))


def test_without_a_limit_the_database_is_never_asked(
    engine: Engine, clock: SetClock, count_queries: CountQueries
) -> None:
    """No rate in the settings costs nothing."""
    write_letters(engine, "mail.example")
    free = allowance(engine, clock)
    claims = claim(engine, clock)

    with count_queries() as statements:
        assert free.grant(10_000) == 10_000
        assert free.wait_seconds() == 0.0
        assert not free.rests
        assert free.pace(claims) == claims
        assert free.next_place(ISSUE) is None
        free.close()

    assert statements == []


def test_letters_are_asked_for_in_slices(
    engine: Engine, clock: SetClock, count_queries: CountQueries
) -> None:
    """One question serves many letters, and none is asked before it is of use."""
    busy = allowance(engine, clock, per_second=1_000)
    busy.grant(1)
    clock.now += SECOND

    with count_queries() as statements:
        granted = [busy.grant(10) for _ in range(25)]
    asked = sum("FOR UPDATE" in s or "rate_scope.taken_until" in s for s in statements)

    assert granted == [10] * 25
    assert asked == 1


def test_nobody_asks_again_before_the_time_that_was_told(
    engine: Engine, clock: SetClock, count_queries: CountQueries
) -> None:
    """A loop that turns all the time does not turn on the database."""
    slow = allowance(engine, clock, per_second=0.5)

    assert [slow.grant(3), slow.grant(3)] == [1, 0]
    with count_queries() as statements:
        assert [slow.grant(3) for _ in range(100)] == [0] * 100
    assert statements == []
    assert slow.wait_seconds() == pytest.approx(2)
    clock.now += 2 * SECOND
    assert slow.wait_seconds() == 0
    assert slow.grant(3) == 1


def test_what_is_in_hand_is_given_back_at_the_end(
    engine: Engine, clock: SetClock
) -> None:
    """A run that needs fewer than its slice leaves the rest to the others."""
    spare = allowance(engine, clock, per_hour=1_000)
    assert spare.grant(3) == 3
    held = counted(engine)

    spare.close()
    spare.close()

    assert (held, counted(engine)) == (10, 3)


def test_what_is_in_hand_for_long_is_given_back_and_asked_for_anew(
    engine: Engine, clock: SetClock
) -> None:
    """A relay that stalls for an hour makes no letters of an hour ago leave."""
    stalled = allowance(engine, clock, per_hour=1_000)
    stalled.grant(3)
    clock.now += timedelta(hours=1)

    stalled.grant(2)
    stalled.close()

    with Session(engine) as session:
        rows = session.exec(select(RateCount.letters)).all()
    assert rows == [3, 2]


def test_two_processes_share_one_rate(engine: Engine, clock: SetClock) -> None:
    """Together they send as fast as one may, within 2 %; and each gets some of it."""
    both = [allowance(engine, clock, per_second=50) for _ in range(2)]
    granted = [0, 0]

    for step in range(3_000):
        clock.now = OPENED_AT + step * SECOND / 50
        for number in sorted((0, 1), reverse=bool(step // 7 % 2)):
            granted[number] += both[number].grant(2)

    assert sum(granted) == pytest.approx(60 * 50, rel=0.02)
    assert min(granted) > 500


def test_a_limit_that_is_used_up_ends_a_run(engine: Engine, clock: SetClock) -> None:
    """Claims are not held for a day; a later run goes on when it may."""
    ramp = WarmUp("tips.example", 5, 2)
    warming = allowance(engine, clock, warm_up=ramp)
    before = warming.rests

    granted = warming.grant(9)
    warming.grant(4)

    assert (before, granted, warming.rests) == (False, 5, True)
    restarted = allowance(engine, clock, warm_up=ramp)
    assert restarted.rests
    clock.now += timedelta(days=1)
    assert not restarted.rests
    assert restarted.grant(20) == 10


def test_a_run_that_rests_seldom_asks(
    engine: Engine, clock: SetClock, count_queries: CountQueries
) -> None:
    """Every fifteen seconds a run begins; once a minute one looks again."""
    tired = allowance(engine, clock, per_day=5)
    tired.grant(5)
    tired.grant(1)

    with count_queries() as statements:
        for _ in range(40):
            clock.now += 15 * SECOND
            assert tired.rests
    asked = sum("FOR UPDATE" in s or "rate_scope.taken_until" in s for s in statements)

    assert asked == 10


def test_a_clock_that_is_set_back_stops_nobody(engine: Engine, clock: SetClock) -> None:
    """What was told about later times is void."""
    process = allowance(engine, clock, per_second=1)
    process.grant(5)
    clock.now -= timedelta(hours=3)

    process.grant(5)
    clock.now += SECOND

    assert process.grant(5) == 1


def test_a_domain_gets_its_letters_at_its_rate_and_others_go_on(
    engine: Engine, clock: SetClock
) -> None:
    """Two a second for one domain: three places within a second, then two each."""
    write_letters(engine, *["mail.example", "post.example", "sub.mail.example"] * 10)
    pacing = allowance(engine, clock, per_domain={"mail.example": 2})

    going = pacing.pace(claim(engine, clock))

    assert len([c for c in going if c.domain == "mail.example"]) == 3
    assert len([c for c in going if c.domain != "mail.example"]) == 20
    assert [c.delivery_id for c in going] == sorted(c.delivery_id for c in going)
    assert pacing.next_place(ISSUE) == OPENED_AT + 1.5 * SECOND
    for second in range(1, 5):
        clock.now = OPENED_AT + second * SECOND + SECOND / 2
        due = claim(engine, clock)
        assert pacing.pace(due) == due
        assert len(due) == [0, 1, 2, 2, 2][second]
    assert pacing.next_place(ISSUE) is None


def test_each_letter_asks_for_a_place_once(
    engine: Engine, clock: SetClock, count_queries: CountQueries
) -> None:
    """When its place has come it goes without another question."""
    write_letters(engine, *["mail.example"] * 10)
    pacing = allowance(engine, clock, per_domain={"mail.example": 2})
    pacing.pace(claim(engine, clock))
    clock.now += 5 * SECOND

    due = claim(engine, clock)
    with count_queries() as statements:
        going = pacing.pace(due)

    assert (going, statements) == (due, [])
    assert len(due) == 7


def test_places_that_were_missed_are_no_burst(engine: Engine, clock: SetClock) -> None:
    """After two hours of power cut a domain still gets so many a second."""
    write_letters(engine, *["mail.example"] * 50)
    pacing = allowance(engine, clock, per_domain={"mail.example": 2})
    pacing.pace(claim(engine, clock))
    clock.now += timedelta(hours=2)

    going = allowance(engine, clock, per_domain={"mail.example": 2}).pace(
        claim(engine, clock)
    )

    assert len(going) == 3


def test_waiting_for_a_place_makes_no_letter_older(
    engine: Engine, clock: SetClock
) -> None:
    """No attempt is counted, and no Date is set from which it would be given up."""
    write_letters(engine, *["mail.example"] * 5)
    allowance(engine, clock, per_domain={"mail.example": 0.001}).pace(
        claim(engine, clock)
    )

    with Session(engine) as session:
        waiting = session.exec(
            select(Delivery).where(Delivery.status == DeliveryStatus.PENDING)
        ).all()

    assert [(w.attempts, w.dated_at) for w in waiting] == [(0, None)] * 4


def test_a_place_that_is_far_is_not_waited_for(engine: Engine, clock: SetClock) -> None:
    """A run ends when the next place is minutes away; the alarm clock rings again."""
    write_letters(engine, *["mail.example"] * 3)
    pacing = allowance(engine, clock, per_domain={"mail.example": 0.001})
    pacing.pace(claim(engine, clock))

    assert pacing.next_place(ISSUE) is None
    clock.now += timedelta(seconds=975)
    assert pacing.next_place(ISSUE) == OPENED_AT + 1_000 * SECOND


def test_the_pace_of_the_relay_holds_below_every_limit(
    engine: Engine, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Logged when it begins and when it ends; what it holds back is not counted."""
    caplog.set_level(logging.INFO, "newsletter.sender.allowance")
    watch = Stopwatch()
    limits = Limits(per_second=1_000, per_hour=1_000)
    desk = Allowance(engine, limits, clock, monotonic=watch)
    assert desk.per_second == 1_000
    assert desk.hear(taken=20, too_fast=10)

    assert desk.grant(5) == 0
    assert desk.wait_seconds() > 0
    watch.now += 1
    assert desk.grant(5) == 1
    assert desk.per_second == pytest.approx(10, abs=1)
    assert not desk.hear(taken=1)
    watch.now += 600
    clock.now += timedelta(minutes=10)
    assert desk.grant(5) == 5
    desk.close()

    assert desk.per_second == 1_000
    assert counted(engine) == 6
    assert [record.message for record in caplog.records] == [
        "the relay asks to go slower",
        "the relay takes letters as fast as before again",
    ]


def test_each_further_cut_is_told_to_whoever_sends_and_not_logged(
    engine: Engine, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A relay that says no for an hour is one line."""
    watch = Stopwatch()
    desk = Allowance(engine, Limits(), clock, monotonic=watch)

    for _ in range(10):
        assert desk.hear(taken=0, too_fast=10)
        watch.now += 2

    assert len(caplog.records) == 1
    assert desk.per_second < 0.5


def test_places_of_letters_that_were_withdrawn_are_given_to_others(
    engine: Engine, clock: SetClock
) -> None:
    """A cancelled issue holds nobody up; what another one waits for stays taken."""
    write_letters(engine, *["mail.example"] * 20, *["post.example"] * 2)
    each = {"mail.example": 0.5, "post.example": 0.1}
    pacing = allowance(engine, clock, per_domain=each)
    pacing.pace(claim(engine, clock))
    with db.transaction(engine) as session:
        # The other domain's letter waits for ten seconds, and stays.
        behind = col(Delivery.due_at) > OPENED_AT + 2 * SECOND
        for letter in session.exec(select(Delivery).where(behind)):
            if letter.subscriber_id <= 20:
                session.delete(letter)

    pacing.take_back_places()

    with db.transaction(engine) as session:
        ask = {"mail.example": 1, "post.example": 1}
        found = reserve_all(session, pacing.limits, ask, now=clock.now)
    assert found["mail.example"] == [OPENED_AT + 4 * SECOND]
    assert found["post.example"] == [OPENED_AT + 20 * SECOND]


def test_without_letters_that_wait_a_domain_is_free_at_once(
    engine: Engine, clock: SetClock
) -> None:
    """Nobody pays for places that nobody uses, and asking twice changes nothing."""
    pacing = allowance(engine, clock, per_domain={"mail.example": 0.5})
    with db.transaction(engine) as session:
        reserve_all(session, pacing.limits, {"mail.example": 100}, now=clock.now)

    pacing.take_back_places()
    pacing.take_back_places()

    with db.transaction(engine) as session:
        ask = {"mail.example": 1}
        found = reserve_all(session, pacing.limits, ask, now=clock.now)
    assert found == {"mail.example": [clock.now]}
