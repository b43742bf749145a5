"""Notices reach the operator by mail, at most once, and never stop anything."""

import logging
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import db, notices
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected
from newsletter.sender import Desk, tell_operator
from newsletter.sender.operator import TITLES
from newsletter.tables import NoticeKind
from newsletter.transport import MemoryTransport
from tests.newsletter.sender.week import FOUNDED, MOMENT

MakeDesk = Callable[..., Desk]
BOSS = {"operator_address": "boss@example.net"}


def post(engine: Engine, *kinds: NoticeKind) -> None:
    """Keep a notice of each kind."""
    with db.transaction(engine) as session:
        for kind in kinds:
            notices.post(session, kind, "2026-W48", f"About {kind}.", now=MOMENT)


def test_each_notice_is_mailed_once(engine: Engine, desk_with: MakeDesk) -> None:
    """As automatic mail, with the message in both parts."""
    transport = MemoryTransport()
    desk = desk_with(transport, identity=BOSS)
    post(engine, NoticeKind.RUNWAY_LOW, NoticeKind.SLOT_MISSED)

    tell_operator(desk)
    tell_operator(desk)

    assert [sent.envelope.rcpt_to for sent in transport.sent] == [
        "boss@example.net"
    ] * 2
    message = message_from_bytes(transport.sent[0].message, policy=policy.default)
    assert message["Subject"] == "The library is running low"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert "About runway_low." in body.get_content()


def test_every_kind_has_a_title() -> None:
    """The subject of the mail says what it is about, whatever the kind."""
    assert set(TITLES) == set(NoticeKind)


def test_without_an_address_notices_are_only_logged(
    engine: Engine, desk_with: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is mailed to nobody; the log and `status` have it."""
    transport = MemoryTransport()
    desk = desk_with(transport)
    post(engine, NoticeKind.LIBRARY_EMPTY)

    tell_operator(desk)

    assert transport.sent == []
    assert "There is no tip to send" in caplog.messages


def test_a_relay_that_refuses_the_notice_stops_nothing(
    engine: Engine, desk_with: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the notice is still there to be read."""
    full = Deferred(452, "4.2.2 mailbox full", Command.RCPT)
    desk = desk_with(MemoryTransport(lambda _: full), identity=BOSS)
    post(engine, NoticeKind.SLOT_MISSED)

    tell_operator(desk)

    (error,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert error.message == "the operator could not be told by mail"
    with Session(engine) as session:
        assert len(notices.recent(session, since=FOUNDED)) == 1


@pytest.mark.parametrize(
    "away",
    [
        Deferred(None, "nobody there", Command.CONNECT),
        Rejected(535, "5.7.8 wrong password", Command.LOGIN),
    ],
)
def test_a_notice_waits_for_a_relay_that_is_not_there(
    engine: Engine,
    desk_with: MakeDesk,
    caplog: pytest.LogCaptureFixture,
    away: Deferred | Rejected,
) -> None:
    """It is mailed once the relay is back, and logged once, not at each try."""
    answers: list[Outcome] = [away]
    transport = MemoryTransport(lambda _: answers[0])
    desk = desk_with(transport, identity=BOSS)
    post(engine, NoticeKind.ISSUE_PAUSED)

    for _ in range(3):
        tell_operator(desk)
    silence = list(caplog.messages)
    answers[0] = Accepted()
    for _ in range(2):
        tell_operator(desk)

    assert silence == []
    assert caplog.messages == ["The issue is paused"]
    assert [it.envelope.rcpt_to for it in transport.sent] == ["boss@example.net"]


def test_a_broken_template_of_their_own_stops_nothing(
    engine: Engine,
    desk_with: MakeDesk,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers get their tip whatever the notice looks like."""
    own = tmp_path / "own" / "email" / "notice"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("{{ nonsense }}")
    desk = desk_with(identity=BOSS, email={"templates": "own"})
    post(engine, NoticeKind.SLOT_MISSED, NoticeKind.RUNWAY_LOW)

    tell_operator(desk)

    told = [r.message for r in caplog.records if r.levelno == logging.ERROR]
    assert told == ["the operator could not be told by mail"] * 2
