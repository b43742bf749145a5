"""Storing: what is written, what differs, and what is never taken away."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from newsletter.tables import CommentStatus, TipComment
from newsletter.tips import storing, views
from newsletter.tips.drafts import CommentDraft, TipDraft

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
DRAFT = TipDraft("one", "One", "Text.", where="a", tags=("Salt",), summary="S")


def test_what_is_not_said_is_no_difference(session: Session) -> None:
    """A source that knows only title and text leaves the rest alone."""
    tip_id = storing.insert(session, DRAFT, position=1, now=NOW)
    tip = views.get(session, tip_id)

    silent = TipDraft("one", "One", "Text.", where="b")

    assert storing.differences(tip, (), silent) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Two"),
        ("body", "Other."),
        ("summary", ""),
        ("author", "Ada"),
        ("tags", ()),
        ("categories", ("Kitchen",)),
        ("pin", date(2026, 12, 1)),
        ("written_on", date(2020, 1, 1)),
        ("archived_on", date(2020, 1, 1)),
        ("comments", (CommentDraft("1", "Yes.", NOW),)),
    ],
)
def test_each_field_is_compared_and_updated(
    session: Session, field: str, value: object
) -> None:
    """After the update nothing differs any more."""
    tip_id = storing.insert(session, DRAFT, position=1, now=NOW)
    draft = replace(DRAFT, **{field: value})  # type: ignore[arg-type]

    differing = storing.differences(views.get(session, tip_id), (), draft)
    storing.update(session, tip_id, draft, differing, now=LATER)

    tip, comments = views.get(session, tip_id), views.comments(session, tip_id)
    assert differing == (field,)
    assert storing.differences(tip, comments, draft) == ()
    assert tip.updated_at == LATER


def test_an_update_of_nothing_leaves_the_time_alone(session: Session) -> None:
    """A tip that did not change was not updated."""
    tip_id = storing.insert(session, DRAFT, position=1, now=NOW)

    storing.update(session, tip_id, DRAFT, (), now=LATER)

    assert views.get(session, tip_id).updated_at == NOW


def test_comments_written_here_survive_an_update(session: Session) -> None:
    """New ones are added and changed ones renewed; none is taken away."""
    here = CommentDraft("here-1", "Mine.", NOW)
    there = CommentDraft("7", "Theirs.", NOW)
    tip_id = storing.insert(
        session, replace(DRAFT, comments=(here, there)), position=1, now=NOW
    )

    renewed = replace(there, body="Theirs, mended.")
    draft = replace(DRAFT, comments=(renewed,))
    storing.update(session, tip_id, draft, ("comments",), now=LATER)

    assert set(views.comments(session, tip_id)) == {here, renewed}


def test_nothing_unsafe_is_stored() -> None:
    """Whoever brings a draft, its text is cleaned."""
    dirty = replace(DRAFT, title=" A\x00 ", body="<script>x</script>b", tags=("a", "A"))

    draft = storing.cleaned(dirty)

    assert (draft.title, draft.body, draft.tags) == ("A", "b", ("a",))
    assert draft.notes == ("removed: script",)


def test_an_import_leaves_what_the_operator_decided(session: Session) -> None:
    """A comment that was hidden stays hidden, also when its words have changed."""
    said = CommentDraft("1", "Rubbish.", NOW)
    old = TipDraft("a", "A", "Text.", where="", comments=(said,))
    tip_id = storing.insert(session, old, position=1, now=NOW)
    row = session.scalars(select(TipComment)).one()
    row.status, row.author_key = CommentStatus.HIDDEN, "a" * 64

    new = replace(old, comments=(replace(said, body="Nonsense."),))
    storing.update(session, tip_id, new, ["comments"], now=NOW)

    assert (row.body, row.status) == ("Nonsense.", CommentStatus.HIDDEN)
    assert row.author_key == "a" * 64
