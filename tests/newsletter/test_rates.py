"""No limit is ever exceeded, whoever takes, and none is missed by more than 2 %."""

import json
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from newsletter import db, rates
from newsletter.rates import Grant
from newsletter.tables import RateCount, RateDay
from newsletter.throttle import SAVED_SECONDS, SLICE_SECONDS, Limits, WarmUp
from tests.conftest import NOW

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
Taken = list[tuple[datetime, int]]

CountQueries = Callable[[], AbstractContextManager[list[str]]]


def take(engine: Engine, limits: Limits, wanted: int, now: datetime) -> Grant:
    """Take letters in a transaction of its own, as a process does."""
    with db.transaction(engine) as session:
        return rates.take(session, limits, wanted, now=now)


def drain(engine: Engine, limits: Limits, *, since: datetime, until: datetime) -> Taken:
    """Take whatever there is, each time as soon as it is said to be worth it."""
    taken: Taken = []
    now = since
    while now < until:
        grant = take(engine, limits, 10_000, now)
        taken.append((now, grant.letters))
        if grant.rest:
            assert grant.rest.until > now
            now = grant.rest.until
    return taken


def most_in_a_window(taken: Taken, length: timedelta) -> int:
    """Return the most letters that were taken in any stretch of *length*."""
    times = [at for at, _ in taken]
    sums = [0]
    for _, letters in taken:
        sums.append(sums[-1] + letters)
    return max(
        sums[bisect_left(times, at + length)] - sums[number]
        for number, at in enumerate(times)
    )


def letters_of(taken: Taken) -> int:
    """Return how many letters were taken in all."""
    return sum(letters for _, letters in taken)


@pytest.mark.parametrize("per_second", [0.1, 2, 7.5, 300, 10_000])
def test_the_rate_a_second_is_kept_and_used(engine: Engine, per_second: float) -> None:
    """Over a minute at least, as many letters as allowed, within 2 %."""
    seconds = max(60, 100 / per_second)
    limits = Limits(per_second=per_second)

    taken = drain(engine, limits, since=NOW, until=NOW + seconds * SECOND)

    assert letters_of(taken) == pytest.approx(seconds * per_second, rel=0.02)
    burst = 1 + per_second * SAVED_SECONDS
    assert most_in_a_window(taken, SECOND) <= per_second + burst


def test_a_process_that_comes_late_loses_nothing(engine: Engine) -> None:
    """What a busy process could not fetch in time is made up for, up to a moment."""
    limits = Limits(per_second=100)
    taken: Taken = []
    now = NOW
    while now < NOW + 60 * SECOND:
        grant = take(engine, limits, 10_000, now)
        taken.append((now, grant.letters))
        assert grant.rest
        now = grant.rest.until + timedelta(milliseconds=130)

    assert letters_of(taken) == pytest.approx(6_000, rel=0.02)


def test_an_hour_holds_so_many_letters_and_no_more(engine: Engine) -> None:
    """In any 60 minutes; over ten days they come to the limit, within 2 %."""
    limits = Limits(per_hour=100)

    taken = drain(engine, limits, since=NOW, until=NOW + 10 * DAY)

    assert most_in_a_window(taken, HOUR) <= 100
    assert letters_of(taken) == pytest.approx(240 * 100, rel=0.02)


def test_a_day_holds_so_many_letters_and_no_more(engine: Engine) -> None:
    """In any 24 hours, beside the hour's own limit."""
    limits = Limits(per_hour=40, per_day=500)

    taken = drain(engine, limits, since=NOW, until=NOW + 10 * DAY)

    assert most_in_a_window(taken, DAY) <= 500
    assert most_in_a_window(taken, HOUR) <= 40
    assert letters_of(taken) == pytest.approx(10 * 500, rel=0.02)


def test_a_rest_says_which_limit_and_until_when(engine: Engine) -> None:
    """The operator sees what keeps the letters back; asking earlier brings nothing."""
    limits = Limits(per_hour=10, per_day=100)
    first = take(engine, limits, 10, NOW)

    second = take(engine, limits, 5, NOW + MINUTE)

    assert (first.letters, first.rest) == (10, None)
    assert second.letters == 0
    assert second.rest == rates.Rest(NOW + 61 * MINUTE, "smtp.max_per_hour")
    almost = NOW + 61 * MINUTE - timedelta(microseconds=1)
    assert take(engine, limits, 5, almost).letters == 0
    assert take(engine, limits, 5, NOW + 61 * MINUTE).letters == 5
    with db.transaction(engine) as session:
        assert rates.rest(session, limits, now=NOW + 62 * MINUTE) is None
        assert rates.rest(session, limits, now=NOW + 59 * MINUTE) == second.rest


def test_a_limit_that_was_lowered_holds_at_once(engine: Engine) -> None:
    """What left under the old limit counts for the new one."""
    take(engine, Limits(per_day=1_000), 100, NOW)
    take(engine, Limits(per_day=1_000), 300, NOW + HOUR)

    lower = take(engine, Limits(per_day=350), 10, NOW + 2 * HOUR)

    assert lower.letters == 0
    assert lower.rest == rates.Rest(NOW + DAY + MINUTE, "smtp.max_per_day")
    assert take(engine, Limits(per_day=350), 100, lower.rest.until).letters == 50


def test_a_slice_is_a_part_of_what_is_left(engine: Engine) -> None:
    """Whoever wants one gets a few, and so need not ask for each; a crash loses few."""
    assert take(engine, Limits(per_hour=10_000), 1, NOW).letters == 100
    assert take(engine, Limits(per_hour=10_000_000), 1, NOW).letters == 500
    assert take(engine, Limits(per_second=1_000), 1, NOW + SECOND).letters == 250


def test_what_is_given_back_can_be_taken_again(engine: Engine) -> None:
    """A run that ends early costs the hour, the day and the warm-up nothing."""
    limits = Limits(per_hour=100, warm_up=WarmUp("tips.example", 100, 2))
    grant = take(engine, limits, 100, NOW)

    with db.transaction(engine) as session:
        rates.give_back(session, limits, grant, 60)

    again = take(engine, limits, 100, NOW + 5 * MINUTE)
    assert (grant.letters, again.letters) == (100, 60)


def test_a_restart_forgets_nothing(engine: Engine) -> None:
    """The figures are the database's: a new engine on it goes on where it was."""
    limits = Limits(per_second=1, per_hour=100)
    take(engine, limits, 1, NOW)
    url = engine.url.render_as_string(hide_password=False)
    restarted = db.connect(url.replace("+psycopg", ""))

    assert take(restarted, limits, 10, NOW).letters == 0
    assert take(restarted, limits, 10, NOW + SECOND).letters == 1
    with Session(restarted) as session:
        assert sum(session.exec(select(RateCount.letters))) == 2
    restarted.dispose()


def test_minutes_are_forgotten_after_a_day(engine: Engine) -> None:
    """The table stays small, however long the newsletter lives."""
    limits = Limits(per_second=1)
    for hour in range(100):
        take(engine, limits, 1, NOW + hour * HOUR)

    with Session(engine) as session:
        kept = session.exec(select(RateCount.minute)).all()

    assert 24 <= len(kept) <= 26


def test_a_clock_that_was_set_back_breaks_no_limit_and_stops_nothing(
    engine: Engine,
) -> None:
    """What was taken in the future counts from now; after its hour it is over."""
    limits = Limits(per_second=10, per_hour=30)
    used_up = sum(
        take(engine, limits, 100, NOW + number * SECOND).letters for number in range(9)
    )
    earlier = NOW - 7 * DAY

    at_once = take(engine, limits, 100, earlier)
    later = take(engine, limits, 100, earlier + 61 * MINUTE)

    assert used_up == 30
    assert at_once.letters == 0
    assert at_once.rest == rates.Rest(earlier + 61 * MINUTE, "smtp.max_per_hour")
    assert later.letters == 6


def test_a_clock_that_was_set_back_keeps_the_rate_a_second(engine: Engine) -> None:
    """It begins anew at once, with no burst."""
    limits = Limits(per_second=10)
    take(engine, limits, 100, NOW)
    earlier = NOW - HOUR

    taken = drain(engine, limits, since=earlier, until=earlier + 10 * SECOND)

    assert letters_of(taken) == pytest.approx(100, rel=0.04)
    assert taken[0][1] == 0


def test_clocks_that_differ_by_seconds_keep_the_rate(engine: Engine) -> None:
    """One machine is five seconds ahead: together they are as fast as allowed."""
    limits = Limits(per_second=20, per_hour=100_000)
    taken: Taken = []
    for step in range(600):
        now = NOW + step * SECOND / 10
        for behind in (0, 5):
            letters = take(engine, limits, 100, now - behind * SECOND).letters
            taken.append((now, letters))

    assert letters_of(taken) == pytest.approx(1_200, rel=0.02)


def test_a_new_sender_warms_up_by_its_days_of_sending(engine: Engine) -> None:
    """Weekly issues of 1,000: days without a letter do not make the ramp steeper."""
    limits = Limits(warm_up=WarmUp("tips.example", 50, 2))
    days: Counter[int] = Counter()
    for week in range(3):
        left, now = 1_000, NOW + week * 7 * DAY
        while left and now < NOW + (week + 1) * 7 * DAY:
            grant = take(engine, limits, left, now)
            left -= grant.letters
            days[(now - NOW).days] += grant.letters
            now = grant.rest.until if grant.rest else now
            now += timedelta(seconds=1)

    in_order = [days[day] for day in sorted(days) if days[day]]
    assert in_order == [50, 100, 200, 400, 250, 1_000, 1_000]
    with Session(engine) as session:
        rows = session.exec(select(RateDay).order_by(col(RateDay.began_at))).all()
    assert [row.letters for row in rows] == in_order


def test_a_rest_of_the_warm_up_lasts_until_the_same_hour_tomorrow(
    engine: Engine,
) -> None:
    """Readers get their letters in the morning, not at midnight."""
    limits = Limits(warm_up=WarmUp("tips.example", 50, 1.5))
    take(engine, limits, 10, NOW)

    grant = take(engine, limits, 100, NOW + 3 * HOUR)
    full = take(engine, limits, 100, NOW + 4 * HOUR)

    assert grant.letters == 40
    assert (full.letters, full.rest) == (0, rates.Rest(NOW + DAY, "smtp.warm_up"))
    with db.transaction(engine) as session:
        assert rates.rest(session, limits, now=NOW + 4 * HOUR) == full.rest
    assert take(engine, limits, 100, NOW + DAY).letters == 75


def test_another_sender_warms_up_anew(engine: Engine) -> None:
    """A new domain in From is a new sender, whatever the old one had reached."""
    old, new = (
        Limits(warm_up=WarmUp(sender, 50, 10))
        for sender in ("old.example", "new.example")
    )
    for day in range(5):
        take(engine, old, 10, NOW + day * 2 * DAY)

    assert take(engine, old, 10_000, NOW + 10 * DAY).letters == 10_000
    assert take(engine, new, 10_000, NOW + 10 * DAY).letters == 50


def test_a_day_on_which_everything_was_given_back_is_no_day(engine: Engine) -> None:
    """A relay that was away all day warmed nobody up."""
    limits = Limits(warm_up=WarmUp("tips.example", 50, 2))
    grant = take(engine, limits, 50, NOW)
    with db.transaction(engine) as session:
        rates.give_back(session, limits, grant, 50)

    assert take(engine, limits, 100, NOW + 2 * DAY).letters == 50


def test_a_domain_gives_out_its_places_one_after_the_other(engine: Engine) -> None:
    """Evenly spread from now on, and each only once, whoever asks."""
    with db.transaction(engine) as session:
        first = rates.reserve(session, "mail.example", 2, 3, now=NOW)
    with db.transaction(engine) as session:
        second = rates.reserve(session, "mail.example", 2, 2, now=NOW)
        other = rates.reserve(session, "post.example", 2, 1, now=NOW)
    with db.transaction(engine) as session:
        much_later = rates.reserve(session, "mail.example", 2, 1, now=NOW + HOUR)

    halves = [NOW + number * SECOND / 2 for number in range(5)]
    assert first + second == halves
    assert other == [NOW]
    assert much_later == [NOW + HOUR]


def test_takers_at_the_same_moment_share_one_limit(engine: Engine) -> None:
    """Four of them with connections of their own: none gets what another has."""
    limits = Limits(per_hour=90)
    barrier = Barrier(4)
    granted: list[int] = []
    places: list[datetime] = []

    def taker() -> None:
        barrier.wait()
        for step in range(10):
            granted.append(take(engine, limits, 5, NOW + step * SECOND).letters)
            with db.transaction(engine) as session:
                found = rates.reserve(session, "mail.example", 5, 3, now=NOW)
            places.extend(found)

    threads = [Thread(target=taker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(granted) == 90
    assert len(set(places)) == len(places) == 120


def in_processes(
    engine: Engine, count: int, seconds: float, **limits: float
) -> list[list[tuple[float, int]]]:
    """Let real processes take letters at once; return what each was granted, when."""
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    module = [sys.executable, "-m", "tests.newsletter.taker"]
    takers = [
        subprocess.Popen(
            [*module, url, str(seconds), json.dumps(limits)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(count)
    ]
    granted = [json.loads(taker.communicate()[0]) for taker in takers]
    assert [taker.returncode for taker in takers] == [0] * count
    return granted


def test_processes_at_once_keep_one_rate(engine: Engine) -> None:
    """Three of them, by the clock of the machine: neither faster nor slower by 2 %."""
    per_second = 400

    granted = in_processes(engine, 3, 3.0, per_second=per_second)

    taken = sorted((at, letters) for mine in granted for at, letters in mine)
    times = [at for at, _ in taken]
    total = sum(letters for _, letters in taken)
    elapsed = times[-1] - times[0]
    # A slice in hand leaves up to a moment after it was taken.
    in_hand = 3 * per_second * SLICE_SECONDS
    assert total <= per_second * (elapsed + SAVED_SECONDS) + in_hand
    # A machine that has no time for any of them is not the rate's fault.
    gaps = [after - before for before, after in pairwise(times)]
    stalled = sum(gap for gap in gaps if gap > SAVED_SECONDS)
    assert total >= 0.98 * per_second * (elapsed - stalled) - in_hand


def test_processes_at_once_share_an_hour(engine: Engine) -> None:
    """Whatever they do, it is not one letter more, and they leave none unused."""
    granted = in_processes(engine, 3, 2.5, per_hour=500)

    assert sum(letters for mine in granted for _, letters in mine) == 500
    with Session(engine) as session:
        assert sum(session.exec(select(RateCount.letters))) == 500


def test_a_status_that_only_reads_writes_nothing(
    engine: Engine, count_queries: CountQueries
) -> None:
    """Asking until when letters wait locks nobody out, under any limit."""
    limits = Limits(per_hour=5, per_day=9, warm_up=WarmUp("tips.example", 50, 2))
    take(engine, limits, 5, NOW)

    with count_queries() as statements, db.transaction(engine) as session:
        assert rates.rest(session, limits, now=NOW)

    assert all(statement.startswith("SELECT") for statement in statements)
    assert not any("FOR UPDATE" in statement for statement in statements)


def test_taking_costs_few_statements(
    engine: Engine, count_queries: CountQueries
) -> None:
    """Once its rows are there: lock, look ahead, two sums, and what is written."""
    limits = Limits(per_second=1_000, per_hour=10**6, per_day=10**6)
    take(engine, limits, 5, NOW)

    with count_queries() as statements:
        take(engine, limits, 5, NOW + SECOND)

    assert len(statements) == 6


visits = st.lists(
    st.tuples(
        # Half of the visits come at once, the others after a while.
        st.one_of(st.just(0.0), st.floats(0, 4_000)),
        st.integers(1, 80),
        # What the process gives back of it, soon after.
        st.sampled_from([0.0, 0.0, 0.5, 1.0]),
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    """A database in memory, for properties that ask many questions."""
    engine = db.connect("sqlite://")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(
    st.floats(0.01, 50),
    st.integers(1, 300),
    st.integers(1, 2_000),
    visits,
)
@settings(max_examples=60)
def test_no_interleaving_exceeds_a_limit(
    memory: Engine,
    per_second: float,
    per_hour: int,
    per_day: int,
    visits: list[tuple[float, int, float]],
) -> None:
    """Whoever takes when, and gives what back: no window sees more than it may."""
    limits = Limits(per_second=per_second, per_hour=per_hour, per_day=per_day)
    with db.transaction(memory) as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            session.execute(table.delete())
    now, taken = NOW, Taken()

    for pause, wanted, part in visits:
        now += pause * SECOND
        grant = take(memory, limits, wanted, now)
        unused = int(grant.letters * part)
        with db.transaction(memory) as session:
            rates.give_back(session, limits, grant, unused)
        taken.append((now, grant.letters - unused))

    if taken:
        assert most_in_a_window(taken, HOUR) <= per_hour
        assert most_in_a_window(taken, DAY) <= per_day
        for seconds in (1, 10, 600):
            allowed = per_second * (seconds + SAVED_SECONDS) + 1
            window = most_in_a_window(taken, seconds * SECOND)
            assert window <= allowed + 1e-6
