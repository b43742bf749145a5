"""What a round does when the week cannot begin, and what the operator decides."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import issues, notices
from newsletter.errors import IssueRefused
from newsletter.notices import NoticeView
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Uncertain
from newsletter.sender import Desk, deliver, resend, tick
from newsletter.tables import DeliveryStatus, IssueStatus, NoticeKind
from newsletter.transport import MemoryTransport
from tests.newsletter.sender.week import FOUNDED, SLOT, found, letters, open_week

MakeDesk = Callable[..., Desk]
AWAY = Deferred(None, "relay.test:587 cannot be reached", Command.CONNECT)


def said(engine: Engine, kind: NoticeKind) -> list[NoticeView]:
    """Return the notices of one kind."""
    with Session(engine) as session:
        return [n for n in notices.recent(session, since=FOUNDED) if n.kind is kind]


def test_a_week_that_cannot_begin_is_told_once_and_stops_nothing(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """A folder of templates that is not there: one notice, and a way back."""
    found(engine, readers=1, tips=2)
    broken = desk_with(MemoryTransport(), email={"templates": "nowhere"})

    tick(broken)
    tick(broken)

    (notice,) = said(engine, NoticeKind.CANNOT_START)
    assert "email.templates" in notice.message
    assert letters(engine) == []

    transport = MemoryTransport()
    tick(desk_with(transport))
    assert len(transport.sent) == 1


def test_a_relay_that_is_away_is_told_once_a_day(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """The letters wait, nobody is forgotten, and the operator knows why."""
    found(engine, readers=2, tips=1)
    desk = desk_with(MemoryTransport(lambda _: AWAY))

    tick(desk)
    tick(desk)

    (notice,) = said(engine, NoticeKind.RELAY_AWAY)
    assert "relay.test:587" in notice.message
    assert {letter.status for letter in letters(engine)} == {DeliveryStatus.PENDING}


def test_letters_in_doubt_that_were_held_go_out_when_the_operator_says_so(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Held, the issue ends without them; one word sends them, the same bytes again."""
    found(engine, readers=2, tips=1)
    answers: list[Outcome] = [Uncertain("no answer")]
    transport = MemoryTransport(lambda _: answers[-1])
    desk = desk_with(transport, delivery={"uncertain": "hold"})
    issue = open_week(desk)
    deliver(desk, issue)
    assert {letter.status for letter in letters(engine)} == {DeliveryStatus.UNCERTAIN}

    answers.append(Accepted())
    again, number = resend(desk, SLOT)
    deliver(desk, again)

    assert number == 2
    assert len(transport.sent) == 2
    assert {letter.status for letter in letters(engine)} == {DeliveryStatus.SENT}
    with Session(engine) as session:
        assert issues.find(session, SLOT).status is IssueStatus.SENT


def test_an_issue_without_doubts_is_not_sent_again(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Everybody has it; there is nothing to decide."""
    found(engine, readers=1, tips=1)
    desk = desk_with(MemoryTransport())
    deliver(desk, open_week(desk))

    with pytest.raises(IssueRefused, match="none of its letters is in doubt"):
        resend(desk, SLOT)
