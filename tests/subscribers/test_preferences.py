"""What people change by themselves."""

import pytest
from sqlmodel import Session

from subscribers import preferences
from subscribers.errors import BadDetail
from subscribers.tables import Subscriber, SubscriberStatus
from tests.factories import make_subscriber


def test_a_person_is_seen_as_they_are(session: Session) -> None:
    """With whatever they may change; nobody else, and no stub of the erased."""
    ann = make_subscriber(session, "ann@example.org", name="Ann", every_weeks=2)
    gone = make_subscriber(session, status=SubscriberStatus.ERASED)

    seen = preferences.look(session, ann.id or 0)

    assert seen is not None
    assert (seen.address, seen.name, seen.every_weeks) == ("ann@example.org", "Ann", 2)
    assert seen.is_active
    assert not seen.may_come_back
    assert preferences.look(session, gone.id or 0) is None
    assert preferences.look(session, 4_711) is None


def test_details_are_kept_in_their_usual_form(session: Session) -> None:
    """Cleaned as everywhere; empty is the newsletter's own."""
    ann = make_subscriber(session, name="Ann", language="en").id or 0

    assert preferences.change(
        session, ann, name="  Ann  Lee ", timezone="europe/berlin", language=""
    )

    seen = preferences.look(session, ann)
    assert seen is not None
    details = (seen.name, seen.timezone, seen.language)
    assert details == ("Ann Lee", "Europe/Berlin", "")


def test_one_wrong_detail_changes_none(session: Session) -> None:
    """The error names the nearest zone."""
    ann = make_subscriber(session, name="Ann").id or 0

    with pytest.raises(BadDetail, match="Europe/Berlin"):
        preferences.change(
            session, ann, name="Anna", timezone="Europe/Berlim", language="en"
        )

    assert session.get_one(Subscriber, ann).name == "Ann"


def test_nobody_changes_who_is_gone(session: Session) -> None:
    """An erased person stays empty."""
    gone = make_subscriber(session, status=SubscriberStatus.ERASED).id or 0

    assert not preferences.change(session, gone, name="x", timezone="", language="")

    assert session.get_one(Subscriber, gone).name == ""
