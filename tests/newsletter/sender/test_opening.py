"""The week's issue: which tip it gets, when none, and what the operator is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from newsletter import db, fence, issues, notices
from newsletter.errors import IssueRefused, TipRefused, UnknownTip
from newsletter.issues import IssueView
from newsletter.sender import Desk, Nothing, cancel, deliver, open_due, open_slot
from newsletter.slots import Slot
from newsletter.tables import DeliveryStatus, IssueStatus, NoticeKind, Tip, TipStatus
from newsletter.transport import MemoryTransport
from subscribers.audience import count_mailable, week_ordinal
from tests.desks import SetClock
from tests.factories import make_subscriber, make_tip
from tests.newsletter.sender.week import (
    FOUNDED,
    MOMENT,
    SLOT,
    found,
    letters,
    open_week,
    standing,
)

MakeDesk = Callable[..., Desk]


def posted(engine: Engine, kind: NoticeKind) -> list[str]:
    """Return the messages of the notices of one kind, oldest first."""
    with Session(engine) as session:
        said = notices.recent(session, since=FOUNDED)
    return [notice.message for notice in said[::-1] if notice.kind is kind]


def go_out(desk: Desk, **named: object) -> IssueView:
    """Open the week's issue and deliver it to its end."""
    opened = open_slot(desk, SLOT, **named)  # type: ignore[arg-type]
    assert isinstance(opened, IssueView)
    deliver(desk, opened)
    return opened


def test_the_next_tip_is_frozen_and_everybody_enrolled(
    engine: Engine, desk: Desk
) -> None:
    """The issue holds subject and bodies; each active reader has one pending letter."""
    found(engine, readers=3, tips=2)

    opened = open_slot(desk, SLOT)

    assert isinstance(opened, IssueView)
    assert (opened.tip_slug, opened.reason) == ("tip-1", "next in queue")
    assert (opened.subject, opened.mail_domain) == ("Tip 1", "tips.example")
    assert "Say what happens next." in opened.html
    assert "Say what happens next." in opened.text
    assert (opened.status, opened.enrolled) == (IssueStatus.SENDING, 3)
    assert standing(engine) == {DeliveryStatus.PENDING: 3}


def test_only_those_whose_turn_it_is_are_enrolled(engine: Engine, desk: Desk) -> None:
    """Every second week is every second week; who pauses is left out until then."""
    found(engine, readers=1, tips=2)
    week = week_ordinal(SLOT.monday)
    with db.transaction(engine) as session:
        now = make_subscriber(session, every_weeks=2, since_week=week).id
        make_subscriber(session, every_weeks=2, since_week=week + 1)
        make_subscriber(session, paused_until=MOMENT + timedelta(days=1))
        back = make_subscriber(session, paused_until=MOMENT - timedelta(days=1)).id

    opened = open_slot(desk, SLOT)

    assert isinstance(opened, IssueView)
    assert opened.enrolled == 3
    assert [letter.subscriber_id for letter in letters(engine)][1:] == [now, back]


def test_a_pause_ends_by_itself(engine: Engine, desk: Desk) -> None:
    """The first ring after its end clears it, whether or not a week is due."""
    found(engine, readers=1, tips=1)
    open_week(desk)
    with db.transaction(engine) as session:
        make_subscriber(session, paused_until=MOMENT)
        make_subscriber(session, paused_until=MOMENT + timedelta(days=1))

    open_due(desk)

    with db.transaction(engine) as session:
        assert count_mailable(session) == 2


def test_opening_ahead_of_the_moment_sends_at_once(
    engine: Engine, desk: Desk, clock: SetClock
) -> None:
    """A week that is opened early by hand does not wait for its moment."""
    found(engine, readers=1, tips=1)
    clock.now = MOMENT - timedelta(days=1)

    opened = open_week(desk)

    assert opened.due_at == MOMENT
    assert letters(engine)[0].due_at == clock.now


def test_a_second_opening_says_what_became_of_the_first(
    engine: Engine, desk: Desk
) -> None:
    """Going out, paused or sent: the answer names the state and the tip."""
    found(engine, readers=1, tips=2)
    issue = open_week(desk)
    answers = [open_slot(desk, SLOT)]
    with db.transaction(engine) as session:
        issues.pause(session, SLOT, because="by hand")
    answers.append(open_slot(desk, SLOT))
    with db.transaction(engine) as session:
        issues.resume(session, SLOT)
    deliver(desk, issue)
    answers.append(open_slot(desk, SLOT))

    assert answers == [
        Nothing(SLOT, "2026-W48 is going out already: Tip 1."),
        Nothing(SLOT, "2026-W48 is paused already: Tip 1."),
        Nothing(SLOT, "2026-W48 was sent already: Tip 1."),
    ]


def test_a_tip_goes_out_by_name(engine: Engine, desk: Desk) -> None:
    """The operator's choice goes before the queue, and says so."""
    found(engine, readers=1, tips=3)

    opened = open_slot(desk, SLOT, slug="tip-3")

    assert isinstance(opened, IssueView)
    assert (opened.tip_slug, opened.reason) == ("tip-3", "chosen by hand")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"status": TipStatus.DRAFT}, "it is draft; only ready tips are sent"),
        ({"status": TipStatus.RETIRED}, "it is retired; only ready tips are sent"),
        ({"archived_on": date(2020, 1, 7)}, "in the archive"),
    ],
)
def test_a_tip_that_may_not_be_sent_is_refused_by_name(
    engine: Engine, desk: Desk, facts: dict[str, object], words: str
) -> None:
    """A draft, a retired tip and one of the archive open nothing, and say why."""
    found(engine, readers=1)
    with db.transaction(engine) as session:
        make_tip(session, "not-this-one", **facts)  # type: ignore[arg-type]

    with pytest.raises(TipRefused, match=words):
        open_slot(desk, SLOT, slug="not-this-one")

    assert letters(engine) == []


def test_a_tip_that_nobody_wrote_is_refused(engine: Engine, desk: Desk) -> None:
    """The nearest name is offered."""
    found(engine, readers=1, tips=1)

    with pytest.raises(UnknownTip, match='Did you mean "tip-1"'):
        open_slot(desk, SLOT, slug="tip-11")


def test_a_tip_sent_before_needs_again(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Without `again` it is refused; with it a new round reaches everybody."""
    found(engine, readers=2, tips=2)
    transport = MemoryTransport()
    desk = desk_with(transport)
    go_out(desk)
    clock.now += timedelta(weeks=1)
    following = SLOT.shift(1)

    with pytest.raises(TipRefused, match=r"sent in 2026-W48\..*--again"):
        open_slot(desk, following, slug="tip-1")
    opened = open_slot(desk, following, slug="tip-1", again=True)

    assert isinstance(opened, IssueView)
    assert opened.round == 2
    assert deliver(desk, opened).sent == 2
    assert len(transport.sent) == 4


def test_a_cancelled_issue_that_reached_nobody_gives_its_tip_back(
    engine: Engine, desk: Desk, clock: SetClock
) -> None:
    """The tip stands in the queue again and goes out the week after."""
    found(engine, readers=2, tips=2)
    open_week(desk)
    cancel(desk, SLOT)
    clock.now += timedelta(weeks=1)

    opened = open_slot(desk, SLOT.shift(1))

    assert isinstance(opened, IssueView)
    assert (opened.tip_slug, opened.round) == ("tip-1", 1)
    assert opened.enrolled == 2


def test_a_cancelled_issue_that_reached_somebody_counts_as_sent(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Nobody gets that tip twice: the next one goes out the week after."""
    found(engine, readers=2, tips=2)
    desk = desk_with(MemoryTransport())
    issue = open_week(desk)
    deliver(desk_with(_StopAfterOne(desk)), issue)
    cancel(desk, SLOT)
    clock.now += timedelta(weeks=1)

    opened = open_slot(desk, SLOT.shift(1))

    assert isinstance(opened, IssueView)
    assert opened.tip_slug == "tip-2"


class _StopAfterOne(MemoryTransport):
    """Takes one letter, then lets the operator pause the issue."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def send(self, letters: object) -> list:  # type: ignore[type-arg]
        """Pause the issue while a letter is on the wire."""
        with db.transaction(self.desk.engine) as session:
            issues.pause(session, SLOT, because="by hand")
        return super().send(letters)  # type: ignore[arg-type]


def test_a_cancelled_week_takes_the_next_tip(engine: Engine, desk: Desk) -> None:
    """What was cancelled does not come back in the same week, not even by name."""
    found(engine, readers=1, tips=2)
    open_week(desk)
    cancel(desk, SLOT)

    with pytest.raises(TipRefused, match="was cancelled"):
        open_slot(desk, SLOT, slug="tip-1")
    assert open_week(desk).tip_slug == "tip-2"


def test_a_week_gone_by_is_refused(engine: Engine, desk: Desk) -> None:
    """What was missed stays missed; its tip goes out in a later week."""
    found(engine, readers=1, tips=1)

    with pytest.raises(IssueRefused, match="2026-W47: that week is over"):
        open_slot(desk, SLOT.shift(-1))


def test_an_empty_library_opens_nothing_and_tells_once(
    engine: Engine, desk: Desk
) -> None:
    """The operator hears what is missing and what to do, once for the week."""
    found(engine, readers=1)

    first, second = open_slot(desk, SLOT), open_slot(desk, SLOT)

    assert isinstance(first, Nothing)
    assert first == second
    assert "newsletter tips add" in first.reason
    assert posted(engine, NoticeKind.LIBRARY_EMPTY) == [first.reason]


def test_due_opens_within_the_hours_to_catch_up(
    engine: Engine, desk: Desk, clock: SetClock
) -> None:
    """Late by less than `catch_up_hours` is sent; later is not."""
    found(engine, readers=1, tips=2)

    clock.now = MOMENT + timedelta(hours=48, seconds=1)
    too_late = open_due(desk)
    clock.now = MOMENT + timedelta(hours=48)
    in_time = open_due(desk)

    assert too_late == Nothing(SLOT, "2026-W48 is over, or a skip date.")
    assert isinstance(in_time, IssueView)


def test_due_leaves_weeks_alone_that_are_not_its_own(
    engine: Engine, desk_with: MakeDesk, clock: SetClock
) -> None:
    """Before the founding, on a skip date, and once it was opened: nothing."""
    found(engine, readers=1, tips=2)
    desk = desk_with(schedule={"skip_dates": ["2026-12-01"]})

    clock.now = MOMENT - timedelta(hours=1)
    before = open_due(desk)
    clock.now = MOMENT
    opened = open_due(desk)
    again = open_due(desk)
    clock.now = MOMENT + timedelta(weeks=1)
    skipped = open_due(desk)

    assert isinstance(before, Nothing)
    assert "before this newsletter began" in before.reason
    assert isinstance(opened, IssueView)
    assert again == Nothing(SLOT, "2026-W48 was opened before.")
    assert isinstance(skipped, Nothing)
    assert "skip date" in skipped.reason
    assert posted(engine, NoticeKind.SLOT_MISSED) == []


def test_a_week_missed_is_told_once(
    engine: Engine, desk: Desk, clock: SetClock
) -> None:
    """The operator reads which week and that no tip is lost."""
    found(engine, readers=1, tips=2)
    clock.now = MOMENT + timedelta(days=3)

    open_due(desk)
    open_due(desk)

    (message,) = posted(engine, NoticeKind.SLOT_MISSED)
    assert "Nothing went out in 2026-W48" in message
    assert "48 hours" in message


def test_the_runway_is_told_once_for_each_issue(engine: Engine, desk: Desk) -> None:
    """With fewer weeks left than the settings ask for, each opening says how many."""
    found(engine, readers=1, tips=2)

    open_week(desk)
    open_slot(desk, SLOT)

    (message,) = posted(engine, NoticeKind.RUNWAY_LOW)
    assert message.startswith("The library lasts 1 more week after 2026-W48.")


def test_a_long_runway_is_not_worth_a_word(engine: Engine, desk: Desk) -> None:
    """With enough tips left nobody is bothered."""
    found(engine, readers=1, tips=7)

    open_week(desk)

    assert posted(engine, NoticeKind.RUNWAY_LOW) == []


def test_a_missed_pin_is_told(engine: Engine, desk: Desk, clock: SetClock) -> None:
    """Of two tips pinned to one week one goes out; the operator hears of the other."""
    found(engine, readers=1, tips=9)
    with db.transaction(engine) as session:
        for number in (4, 5):
            session.get_one(Tip, number).pin = MOMENT.date()

    opened = open_week(desk)
    clock.now += timedelta(weeks=1)
    open_slot(desk, SLOT.shift(1))

    assert opened.reason == "pinned to 2026-11-24"
    (message,) = posted(engine, NoticeKind.PIN_MISSED)
    assert message.startswith('"Tip 5" was pinned to 2026-11-24')
    assert "newsletter tips pin tip-5 DATE" in message


def test_only_active_people_are_enrolled(engine: Engine, desk: Desk) -> None:
    """Whoever has left, or not confirmed yet, gets no letter."""
    found(engine, readers=1, tips=1)
    with db.transaction(engine) as session:
        for status in ("pending", "unsubscribed", "bounced", "complained"):
            make_subscriber(session, status=status)  # type: ignore[arg-type]

    assert open_week(desk).enrolled == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_added_to_an_opening_shares_its_fate(
    engine: Engine, desk: Desk, *, fails: bool
) -> None:
    """Whoever is told of it writes into its transaction: all is there, or nothing."""
    found(engine, readers=3, tips=1)

    def add(session: Session, issue: IssueView) -> None:
        make_tip(session, f"of-{issue.slot}-to-{issue.enrolled}")
        if fails:
            raise RuntimeError("the machine went away")

    told = replace(desk, on_open=add)
    if fails:
        with pytest.raises(RuntimeError):
            open_slot(told, SLOT)
    else:
        open_slot(told, SLOT)

    with Session(engine) as session:
        slugs = set(session.scalars(select(col(Tip.slug))))
    assert ("of-2026-W48-to-3" in slugs) is not fails
    assert standing(engine) == ({} if fails else {DeliveryStatus.PENDING: 3})


def test_two_weeks_opened_at_once_take_two_tips(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Chosen at the same moment, the tip goes to one of them; the other looks again."""
    found(engine, readers=3, tips=2)
    desk = desk_with()
    start = Barrier(2)

    def opening(slot: Slot) -> IssueView | Nothing:
        start.wait()
        return open_slot(desk, slot)

    with db.transaction(engine) as session:
        fence.check(session, desk.mark)
    with ThreadPoolExecutor() as threads:
        opened = [*threads.map(opening, (SLOT, SLOT.shift(1)))]

    assert {it.tip_slug for it in opened if isinstance(it, IssueView)} == {
        "tip-1",
        "tip-2",
    }
    assert [it.enrolled for it in opened if isinstance(it, IssueView)] == [3, 3]
