"""A week has one living issue, and an issue moves only along its steps."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from newsletter import db, issues
from newsletter.errors import IssueRefused, UnknownIssue
from newsletter.issues import IssueView, NewIssue
from newsletter.slots import Slot
from newsletter.tables import Issue, IssueStatus
from tests.factories import OPENED_AT, make_issue, make_tip

WEEK = Slot(2026, 47)
Step = Callable[[Session], IssueView]


def new_issue(tip_id: int | None, slot: Slot = WEEK) -> NewIssue:
    """Return an issue that is about to be opened."""
    return NewIssue(
        slot=slot,
        tip_id=tip_id or 0,
        round=1,
        reason="next in queue",
        due_at=OPENED_AT,
        subject="Say what happens next",
        html="<p>Hello</p>",
        text="Hello",
        mail_domain="tips.example",
    )


def pause(session: Session) -> IssueView:
    """Pause the week."""
    return issues.pause(session, WEEK, because="the relay refused us")


def resume(session: Session) -> IssueView:
    """Resume the week."""
    return issues.resume(session, WEEK)


def cancel(session: Session) -> IssueView:
    """Cancel the week."""
    return issues.cancel(session, WEEK, now=OPENED_AT)


def test_an_opened_issue_holds_what_was_frozen(session: Session, now: datetime) -> None:
    """Everything comes back as it went in, planned, with nobody enrolled yet."""
    tip = make_tip(session, "smile-first", title="Smile first")

    issue_id = issues.open_issue(session, new_issue(tip.id), now=now)

    assert issue_id
    assert issues.get(session, issue_id) == IssueView(
        id=issue_id,
        slot=WEEK,
        tip_id=tip.id or 0,
        tip_slug="smile-first",
        tip_title="Smile first",
        round=1,
        reason="next in queue",
        status=IssueStatus.PLANNED,
        due_at=OPENED_AT,
        subject="Say what happens next",
        html="<p>Hello</p>",
        text="Hello",
        mail_domain="tips.example",
        enrolled=0,
        created_at=now,
        finished_at=None,
        paused_because="",
    )


def test_a_week_is_opened_once(session: Session, now: datetime) -> None:
    """The second to come is told so, with the same tip and with another one."""
    first, other = make_tip(session), make_tip(session)

    assert issues.open_issue(session, new_issue(first.id), now=now)
    assert issues.open_issue(session, new_issue(first.id), now=now) is None
    assert issues.open_issue(session, new_issue(other.id), now=now) is None

    assert len(session.exec(select(Issue)).all()) == 1


@pytest.mark.parametrize(
    "status", [status for status in IssueStatus if status != IssueStatus.CANCELLED]
)
def test_a_week_is_taken_whatever_became_of_its_issue(
    session: Session, now: datetime, status: IssueStatus
) -> None:
    """Planned, going out, paused or sent: the week has its issue."""
    make_issue(session, slot=WEEK, status=status)
    tip = make_tip(session)

    assert issues.open_issue(session, new_issue(tip.id), now=now) is None


def test_a_cancelled_week_may_be_filled_with_another_tip(
    session: Session, now: datetime
) -> None:
    """Not with the same one: whoever got it would get it again."""
    cancelled, other, third = (make_tip(session) for _ in range(3))
    make_issue(session, cancelled, slot=WEEK, status=IssueStatus.CANCELLED)

    assert issues.open_issue(session, new_issue(cancelled.id), now=now) is None
    assert issues.open_issue(session, new_issue(other.id), now=now)
    assert issues.open_issue(session, new_issue(third.id), now=now) is None


def test_other_weeks_are_not_in_the_way(session: Session, now: datetime) -> None:
    """The same tip may have an issue in another week, in another round."""
    tip = make_tip(session)
    later = new_issue(tip.id, WEEK.shift(1))

    assert issues.open_issue(session, new_issue(tip.id), now=now)
    assert issues.open_issue(session, later, now=now) is None
    assert issues.open_issue(session, replace(later, round=2), now=now)


@pytest.mark.parametrize("same_tip", [True, False])
def test_many_schedulers_at_once_open_one_issue(
    engine: Engine, now: datetime, *, same_tip: bool
) -> None:
    """Five at the same moment, each in its own transaction: exactly one wins."""
    with db.transaction(engine) as session:
        tips = [make_tip(session).id for _ in range(5)]
    start, opened = Barrier(5), []

    def open_the_week(tip_id: int | None) -> None:
        start.wait()
        with db.transaction(engine) as session:
            opened.append(issues.open_issue(session, new_issue(tip_id), now=now))

    threads = [
        Thread(target=open_the_week, args=[tips[0] if same_tip else tip_id])
        for tip_id in tips
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 5
    assert len([issue_id for issue_id in opened if issue_id]) == 1
    with Session(engine) as session:
        assert len(session.exec(select(Issue)).all()) == 1


def test_whoever_comes_after_a_failure_opens_the_week(
    engine: Engine, now: datetime
) -> None:
    """An opening that was rolled back has left nothing in the way."""
    with db.transaction(engine) as session:
        tip_id = make_tip(session).id
    with Session(engine) as session:
        assert issues.open_issue(session, new_issue(tip_id), now=now)
        session.rollback()

    with db.transaction(engine) as session:
        assert issues.open_issue(session, new_issue(tip_id), now=now)


def test_the_living_issue_of_a_week_is_found_before_a_cancelled_one(
    session: Session,
) -> None:
    """After a cancelled one and its successor, the week means the successor."""
    first = make_issue(session, slot=WEEK, status=IssueStatus.CANCELLED)
    assert issues.find(session, WEEK).id == first.id
    second = make_issue(session, slot=WEEK, status=IssueStatus.CANCELLED)
    assert issues.find(session, WEEK).id == second.id
    living = make_issue(session, slot=WEEK)
    make_issue(session, slot=WEEK, status=IssueStatus.CANCELLED)

    assert issues.find(session, WEEK).id == living.id


def test_the_tips_of_a_week_are_all_that_it_ever_had(session: Session) -> None:
    """Cancelled ones too, since none of them may fill the same week again."""
    cancelled, living = make_tip(session), make_tip(session)
    make_issue(session, cancelled, slot=WEEK, status=IssueStatus.CANCELLED)
    make_issue(session, living, slot=WEEK)
    make_issue(session, slot=WEEK.shift(1))

    assert issues.tips_in_slot(session, WEEK) == {cancelled.id, living.id}


def test_a_week_without_an_issue_is_named(session: Session) -> None:
    """The error says where the others are listed."""
    assert issues.in_slot(session, WEEK) is None
    with pytest.raises(UnknownIssue, match=r"no issue for 2026-W47.*issues list"):
        issues.find(session, WEEK)


def test_the_newest_issues_come_first(session: Session) -> None:
    """By week, over the new year, and no more than asked for."""
    for slot in ("2026-W52", "2027-W01", "2026-W53", "2026-W09"):
        make_issue(session, slot=slot)

    found = issues.newest(session, limit=3)

    assert [str(issue.slot) for issue in found] == ["2027-W01", "2026-W53", "2026-W52"]


def test_issues_that_go_out_come_oldest_first(session: Session) -> None:
    """Only those that are sending; the older one is finished first."""
    for week, status in enumerate(IssueStatus, 1):
        make_issue(session, slot=Slot(2026, week), status=status)
    newer = make_issue(session, slot=Slot(2026, 40))

    found = issues.sending(session)

    assert [issue.status for issue in found] == [IssueStatus.SENDING] * 2
    assert found[-1].id == newer.id
    assert found[0].slot < found[1].slot


@pytest.mark.parametrize("status", IssueStatus)
def test_letters_leave_only_while_the_issue_is_sending(
    session: Session, status: IssueStatus
) -> None:
    """Paused, cancelled, planned or sent: nothing may touch the wire."""
    issue = make_issue(session, status=status)

    assert issues.is_sending(session, issue.id or 0) is (status is IssueStatus.SENDING)


def test_a_started_issue_goes_out_and_knows_how_many_were_enrolled(
    session: Session, now: datetime
) -> None:
    """The number is kept, since letters may be withdrawn or people erased later."""
    issue_id = issues.open_issue(session, new_issue(make_tip(session).id), now=now)

    issues.start(session, issue_id or 0, enrolled=48_210)

    found = issues.find(session, WEEK)
    assert (found.status, found.enrolled) == (IssueStatus.SENDING, 48_210)


def test_a_pause_keeps_its_reason_until_the_issue_goes_on(session: Session) -> None:
    """The operator reads why; after resuming there is nothing left to read."""
    make_issue(session, slot=WEEK)

    paused = pause(session)
    resumed = resume(session)

    assert paused.status is IssueStatus.PAUSED
    assert paused.paused_because == "the relay refused us"
    assert resumed.status is IssueStatus.SENDING
    assert resumed == replace(paused, status=IssueStatus.SENDING, paused_because="")


@pytest.mark.parametrize(
    "status", [IssueStatus.PLANNED, IssueStatus.SENDING, IssueStatus.PAUSED]
)
def test_whatever_is_not_over_can_be_cancelled(
    session: Session, now: datetime, status: IssueStatus
) -> None:
    """It ends for good, and when is kept."""
    make_issue(session, slot=WEEK, status=status)

    cancelled = issues.cancel(session, WEEK, now=now)

    assert cancelled.status is IssueStatus.CANCELLED
    assert cancelled.finished_at == now


@pytest.mark.parametrize(
    ("status", "step", "reason"),
    [
        (IssueStatus.PLANNED, pause, "it is planned, so it cannot be paused."),
        (IssueStatus.PAUSED, pause, "it is paused already."),
        (IssueStatus.SENT, pause, "it is sent, so it cannot be paused."),
        (IssueStatus.CANCELLED, pause, "it is cancelled, so it cannot be paused."),
        (IssueStatus.PLANNED, resume, "it is planned, so it cannot be resumed."),
        (IssueStatus.SENDING, resume, "it is sending already."),
        (IssueStatus.SENT, resume, "it is sent, so it cannot be resumed."),
        (IssueStatus.CANCELLED, resume, "it is cancelled, so it cannot be resumed."),
        (IssueStatus.SENT, cancel, "it is sent, so it cannot be cancelled."),
        (IssueStatus.CANCELLED, cancel, "it is cancelled already."),
    ],
)
def test_a_step_that_is_not_allowed_is_refused_and_changes_nothing(
    session: Session, status: IssueStatus, step: Step, reason: str
) -> None:
    """The error names the week, where its issue stands and what was asked."""
    make_issue(session, slot=WEEK, status=status)
    before = issues.find(session, WEEK)

    with pytest.raises(IssueRefused) as caught:
        step(session)

    assert str(caught.value) == f"The issue 2026-W47: {reason}"
    assert issues.find(session, WEEK) == before


@pytest.mark.parametrize("step", [pause, resume, cancel])
def test_no_step_without_an_issue(session: Session, step: Step) -> None:
    """A week that was never opened can be neither paused, resumed nor cancelled."""
    with pytest.raises(UnknownIssue):
        step(session)


def test_closing_ends_an_issue_that_goes_out(session: Session, now: datetime) -> None:
    """Sent, and since when; closing once more does not move the time."""
    issue = make_issue(session, slot=WEEK)

    issues.close(session, issue.id or 0, now=now)
    issues.close(session, issue.id or 0, now=now + timedelta(hours=1))

    found = issues.find(session, WEEK)
    assert (found.status, found.finished_at) == (IssueStatus.SENT, now)


@pytest.mark.parametrize(
    "status", [IssueStatus.PLANNED, IssueStatus.PAUSED, IssueStatus.CANCELLED]
)
def test_closing_leaves_every_other_issue_alone(
    session: Session, now: datetime, status: IssueStatus
) -> None:
    """A worker that ends late does not turn a cancelled issue into a sent one."""
    issue = make_issue(session, slot=WEEK, status=status)

    issues.close(session, issue.id or 0, now=now)

    assert issues.find(session, WEEK).status is status


def test_a_step_sees_what_others_did_meanwhile(engine: Engine, now: datetime) -> None:
    """A session that read the issue long ago decides on how it stands now."""
    with db.transaction(engine) as session:
        make_issue(session, slot=WEEK)

    with Session(engine) as stale:
        seen = issues.find(stale, WEEK)
        stale.rollback()
        with db.transaction(engine) as session:
            issues.cancel(session, WEEK, now=now)

        assert seen.status is IssueStatus.SENDING
        with pytest.raises(IssueRefused, match="it is cancelled, so"):
            pause(stale)


def test_a_week_opened_twice_is_found(session: Session) -> None:
    """Without the unique index that forbids it; a cancelled issue does not count."""
    session.execute(text("DROP INDEX uq_issue_slot"))
    for slot, status in (
        ("2026-W46", IssueStatus.SENT),
        ("2026-W46", IssueStatus.CANCELLED),
        ("2026-W47", IssueStatus.SENT),
        ("2026-W47", IssueStatus.PLANNED),
    ):
        make_issue(session, slot=slot, status=status)

    assert issues.opened_twice(session) == ["2026-W47"]


def test_an_issue_with_a_wrong_end_is_found(session: Session) -> None:
    """Over without a time, or with one and not over."""
    for number, status in enumerate(IssueStatus, 10):
        make_issue(session, slot=f"2026-W{number}", status=status)
        make_issue(
            session, slot=f"2026-W{number + 10}", status=status, finished_at=OPENED_AT
        )

    found = issues.with_a_wrong_end(session)

    # planned, sending and paused have none; sent and cancelled have one.
    assert found == ["2026-W13", "2026-W14", "2026-W20", "2026-W21", "2026-W22"]
