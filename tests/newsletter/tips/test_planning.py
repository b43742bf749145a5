"""The plan is what will be sent, and the runway is how long the plan has tips."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from newsletter.slots import Slot, Timetable
from newsletter.tables import DeliveryStatus, IssueStatus, TipStatus
from newsletter.tips.choosing import Candidate, choose
from newsletter.tips.planning import candidates, plan, runway
from tests.factories import make_delivery, make_issue, make_tip

FIRST = Slot(2026, 47)


def timetable(*skipped: Slot) -> Timetable:
    """Return Tuesdays at nine in Berlin, but for some weeks."""
    return Timetable(
        weekday=1,
        at=time(9),
        zone=ZoneInfo("Europe/Berlin"),
        catch_up=timedelta(hours=48),
        skip_dates=frozenset(slot.monday + timedelta(days=1) for slot in skipped),
    )


def tip(number: int, pin: date | None = None, sent_in: Slot | None = None) -> Candidate:
    """Return a tip; one that was sent, when a slot is given."""
    title, times = f"Tip {number}", int(sent_in is not None)
    return Candidate(number, f"tip-{number}", title, number, pin, sent_in, times)


near = st.integers(-6, 10).map(FIRST.shift)
libraries = st.lists(
    st.tuples(
        st.none() | near.map(lambda slot: slot.monday),
        st.none() | st.integers(-60, -1).map(FIRST.shift),
    ),
    max_size=12,
).map(lambda facts: [tip(n, *fact) for n, fact in enumerate(facts, 1)])
skips = st.lists(st.integers(0, 20).map(FIRST.shift), max_size=5)


@given(libraries, skips, st.none() | st.integers(1, 20))
def test_the_plan_is_what_choosing_week_by_week_sends(
    library: list[Candidate], skipped: list[Slot], rest: int | None
) -> None:
    """Every week of the plan is what the sender will choose when it comes."""
    table, ledger = timetable(*skipped), list(library)

    planned = plan(library, table, FIRST, weeks=24, recycle_after_weeks=rest)

    assert [week.slot for week in planned] == [FIRST.shift(n) for n in range(24)]
    for week in planned:
        assert week.moment == table.moment(week.slot)
        if week.slot in skipped:
            assert week.choice is None
            assert week.reason == f"{table.day(week.slot)} is a skip date"
            continue
        assert week.choice == choose(ledger, week.slot, recycle_after_weeks=rest)
        if week.choice:
            assert week.reason == week.choice.reason
            sent, number = week.choice.tip_id, week.choice.round
            ledger = [
                replace(tip, last_sent=week.slot, times_sent=number)
                if tip.tip_id == sent
                else tip
                for tip in ledger
            ]
        else:
            assert week.reason == "no unsent tip is left for this week"


@given(libraries, skips)
def test_the_runway_is_the_plans_weeks_until_one_without_a_tip(
    library: list[Candidate], skipped: list[Slot]
) -> None:
    """Counting gives what planning gives: skipped weeks neither count nor end it."""
    table, weeks = timetable(*skipped), 0

    for week in plan(library, table, FIRST, weeks=40):
        if week.slot not in skipped and week.choice is None:
            break
        weeks += week.choice is not None

    assert runway(library, table, FIRST) == weeks


def test_planning_changes_nothing() -> None:
    """The same library and week give the same plan, and the library is as before."""
    library = [tip(1), tip(2, FIRST.monday), tip(3)]
    before = list(library)

    first = plan(library, timetable(), FIRST, weeks=5)

    assert plan(library, timetable(), FIRST, weeks=5) == first
    assert library == before


def test_a_pin_far_ahead_does_not_fill_the_weeks_before_it() -> None:
    """A tip for March does not lengthen a runway that ends in December."""
    library = [tip(1), tip(2), tip(3, FIRST.shift(15).monday)]

    assert runway(library, timetable(), FIRST) == 2


def test_recycled_tips_do_not_lengthen_the_runway() -> None:
    """What was sent is no stock, however long ago it was."""
    assert runway([tip(1, sent_in=Slot(2020, 1))], timetable(), FIRST) == 0


def test_a_library_of_thousands_is_counted_without_planning_it() -> None:
    """Five thousand tips last five thousand weeks; a plan would cost their square."""
    library = [tip(n) for n in range(1, 5_001)]

    assert runway(library, timetable(FIRST), FIRST) == 5_000


def test_only_ready_tips_that_were_not_sent_elsewhere_are_candidates(
    session: Session,
) -> None:
    """Drafts, retired tips and the archive are never chosen; places are kept."""
    make_tip(session, "later", position=20, pin=date(2026, 12, 24))
    make_tip(session, "sooner", position=10)
    make_tip(session, "draft", status=TipStatus.DRAFT)
    make_tip(session, "retired", status=TipStatus.RETIRED)
    make_tip(session, "archived", archived_on=date(2019, 5, 7))

    found = candidates(session)

    assert [(tip.slug, tip.position, tip.pin) for tip in found] == [
        ("sooner", 10, None),
        ("later", 20, date(2026, 12, 24)),
    ]
    assert [(tip.last_sent, tip.times_sent) for tip in found] == [(None, 0)] * 2
    assert found[0].title == "Sooner"


@pytest.mark.parametrize(
    "status", [status for status in IssueStatus if status != IssueStatus.CANCELLED]
)
def test_a_tip_with_a_living_issue_counts_as_sent(
    session: Session, status: IssueStatus
) -> None:
    """From the moment its issue is opened, whether or not a letter has left."""
    make_issue(session, make_tip(session), slot="2026-W47", status=status)

    (found,) = candidates(session)

    assert (found.last_sent, found.times_sent) == (Slot(2026, 47), 1)


def test_the_newest_issue_and_the_highest_round_count(session: Session) -> None:
    """A tip in its second round was last sent in the newest of its weeks."""
    tip = make_tip(session)
    make_issue(session, tip, slot="2026-W02", status=IssueStatus.SENT, round=2)
    make_issue(session, tip, slot="2024-W50", status=IssueStatus.SENT, round=1)

    (found,) = candidates(session)

    assert (found.last_sent, found.times_sent) == (Slot(2026, 2), 2)


@pytest.mark.parametrize(
    ("status", "times"),
    [
        (None, 0),
        (DeliveryStatus.SKIPPED, 0),
        (DeliveryStatus.FAILED, 0),
        (DeliveryStatus.SENDING, 1),
        (DeliveryStatus.SENT, 1),
        (DeliveryStatus.UNCERTAIN, 1),
    ],
)
def test_a_cancelled_issue_counts_if_it_may_have_reached_somebody(
    session: Session, status: DeliveryStatus | None, times: int
) -> None:
    """A tip that nobody was sent stays in the queue; otherwise it would be lost."""
    issue = make_issue(session, status=IssueStatus.CANCELLED)
    if status:
        make_delivery(session, issue, status=status)

    (found,) = candidates(session)

    assert found.times_sent == times


def test_candidates_are_one_question(
    session: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """However many tips and issues there are, the database is asked once."""
    for week in range(1, 13):
        make_issue(session, slot=Slot(2026, week), status=IssueStatus.SENT)

    with count_queries() as statements:
        found = candidates(session)

    assert len(found) == 12
    assert len(statements) == 1


def test_moments_of_the_plan_are_utc() -> None:
    """Nine in Berlin is eight in UTC in November."""
    (week,) = plan([tip(1)], timetable(), FIRST, weeks=1)

    assert week.moment == datetime(2026, 11, 17, 8, tzinfo=UTC)
    assert week.moment.tzinfo is UTC
