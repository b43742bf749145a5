"""One way off the list for every way of asking: what follows is the same."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from newsletter import notices
from newsletter.config import Settings
from newsletter.departing import depart
from newsletter.tables import AutomaticLetter, DeliveryStatus, LetterKind, NoticeKind
from subscribers.hashing import AddressHasher
from subscribers.leaving import Left
from subscribers.tables import Departure, DepartureState, DepartureWay
from subscribers.tokens import TokenSubject
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_subscriber

HASHER = AddressHasher([b"a secret of the tests, long enough"])


def leave(session: Session, subject: int, about: int = 0, **sections: Any) -> Left:
    """Let somebody leave by mail, now."""
    return depart(
        session,
        TokenSubject(subject, about),
        way=DepartureWay.MAIL,
        settings=Settings.model_validate(sections),
        hasher=HASHER,
        now=NOW,
    )


def departures(session: Session) -> list[Departure]:
    """Return every departure, in order."""
    return list(session.exec(select(Departure).order_by(col(Departure.id))))


def test_a_second_time_changes_nothing(session: Session) -> None:
    """Nor does a wish of nobody, of a preview, or of somebody who never was."""
    ann = make_subscriber(session).id or 0

    changed = [leave(session, number).changed for number in (ann, ann, 0, 4_711)]

    assert changed == [True, False, False, False]
    (departure,) = departures(session)
    assert departure.way is DepartureWay.MAIL
    assert departure.network == ""
    assert departure.state is DepartureState.FINAL


@pytest.mark.parametrize("wanted", [True, False])
def test_a_goodbye_is_the_operators_choice(session: Session, *, wanted: bool) -> None:
    """One letter at most, however often they ask."""
    ann = make_subscriber(session, "ann@example.org").id or 0

    for _ in range(2):
        leave(session, ann, welcome={"goodbye": wanted})

    letters = session.exec(select(AutomaticLetter)).all()
    assert [letter.kind for letter in letters] == [LetterKind.GOODBYE] * wanted
    assert [letter.to_address for letter in letters] == ["ann@example.org"] * wanted


@pytest.mark.parametrize(("seconds", "held"), [(5, True), (3_600, False)])
def test_a_burst_right_after_the_letter_is_held(
    session: Session, seconds: int, *, held: bool
) -> None:
    """By mail as by any other way; the operator is told once, and nobody by letter.

    Hours after their letter they are people, who read their mail in the evening.
    """
    issue = make_issue(session)
    went = {"finished_at": NOW - timedelta(seconds=seconds)}
    for _ in range(12):
        person = make_subscriber(session)
        make_delivery(session, issue, person, status=DeliveryStatus.SENT, **went)
        assert leave(
            session, person.id or 0, issue.id or 0, welcome={"goodbye": False}
        ).changed

    states = {departure.state for departure in departures(session)}
    said = [notice.kind for notice in notices.recent(session, since=NOW)]
    assert states == {DepartureState.HELD if held else DepartureState.FINAL}
    assert said == [NoticeKind.LEAVING_HELD] * held
