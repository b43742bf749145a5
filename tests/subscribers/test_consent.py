"""The proof of consent: every step, in order, as it was done."""

from datetime import datetime, timedelta

from sqlmodel import Session

from subscribers import consent
from subscribers.consent import ConsentLine, Trace
from subscribers.tables import ConsentStep
from tests.factories import make_subscriber


def test_every_step_is_kept_as_it_was_done(session: Session, now: datetime) -> None:
    """What, when, where, from which network, and the words and version of the form."""
    person = make_subscriber(session).id or 0
    other = make_subscriber(session).id or 0
    trace = Trace("https://tips.example/join/", "203.0.113.0/24", "Send me tips.", "2")
    consent.note_trace(session, person, ConsentStep.ASKED, trace, now=now)
    consent.note(session, other, ConsentStep.IMPORTED, now=now)
    later = now + timedelta(hours=1)
    consent.note(session, person, ConsentStep.CONFIRMED, now=later, page="/c/")

    assert consent.history(session, person) == (
        ConsentLine(
            ConsentStep.ASKED,
            now,
            "https://tips.example/join/",
            "203.0.113.0/24",
            "Send me tips.",
            "2",
        ),
        ConsentLine(ConsentStep.CONFIRMED, later, "/c/", "", "", ""),
    )


def test_who_asked_lately_is_counted_up_to_a_limit(
    session: Session, now: datetime
) -> None:
    """Only requests count, only recent ones, and no more than are asked for."""
    person = make_subscriber(session).id or 0
    for hours in (0, 0, 0, 2):
        at = now - timedelta(hours=hours)
        consent.note(session, person, ConsentStep.ASKED, now=at)
    consent.note(session, person, ConsentStep.CONFIRMED, now=now)
    since = now - timedelta(hours=1)

    assert consent.count_asked(session, since=since, most=10) == 3
    assert consent.count_asked(session, since=since, most=2) == 2
