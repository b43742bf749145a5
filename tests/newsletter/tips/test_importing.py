"""Imports: all or nothing, known again, and never a step back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from newsletter.errors import ImportRefused
from newsletter.tables import Issue, IssueStatus, TipStatus
from newsletter.tips import library
from newsletter.tips.drafts import CommentDraft, Found, LeftOut, Refused, TipDraft
from newsletter.tips.importing import ImportReport, apply_import, plan_import
from newsletter.tips.sources import read_source

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
DRAFT = TipDraft("one", "One", "Text.", where="one.md")
FOREIGN = replace(DRAFT, origin="https://old.example/?p=1", written_on=date(2020, 1, 1))


def run(
    session: Session,
    *found: Found,
    now: datetime = NOW,
    as_archive: bool = False,
    skip_bad: bool = False,
) -> ImportReport:
    """Plan and apply an import of *found*."""
    plan = plan_import(session, found, as_archive=as_archive)
    return apply_import(session, plan, now=now, skip_bad=skip_bad)


def test_new_tips_queue_in_the_order_read(session: Session) -> None:
    """Behind what is there already."""
    run(session, replace(DRAFT, slug="a"))

    report = run(session, replace(DRAFT, slug="c"), replace(DRAFT, slug="b"))

    assert report.added == ("c", "b")
    assert [tip.slug for tip in library.list_tips(session)] == ["a", "c", "b"]


@pytest.mark.parametrize(
    "name", ["folder", "semicolons.csv", "rss.xml", "atom.xml", "wordpress.xml"]
)
def test_importing_the_same_thing_twice_changes_nothing(
    session: Session, name: str
) -> None:
    """Not even the time of the last change."""
    run(session, *read_source(CORPUS / name), skip_bad=True)
    before = library.list_tips(session)

    report = run(session, *read_source(CORPUS / name), now=LATER, skip_bad=True)

    assert (report.added, report.changed) == ((), ())
    assert len(report.same) == len(before)
    assert library.list_tips(session) == before


def test_a_changed_tip_is_updated_and_its_fields_are_named(session: Session) -> None:
    """Place, pin and status stay when the source does not speak of them."""
    run(session, replace(DRAFT, slug="a"), FOREIGN)
    library.pin(session, "one", date(2026, 12, 1), now=NOW)
    library.move(session, "one", before="a", now=NOW)
    comment = CommentDraft("7", "Yes.", NOW)

    report = run(
        session,
        replace(FOREIGN, slug="moved", title="New", tags=("x",), comments=(comment,)),
        now=LATER,
    )

    tip = library.find(session, "one")
    assert report.changed[0].fields == ("title", "tags", "comments")
    assert (tip.title, tip.position, tip.pin) == ("New", 1, date(2026, 12, 1))
    assert tip.updated_at == LATER
    assert library.comments(session, tip.id) == (comment,)


def test_one_refusal_stops_everything(session: Session) -> None:
    """The error lists each; nothing was written."""
    bad = Refused("a.md:3", "soon", "is not a date", "Write a date.")
    worse = replace(DRAFT, slug="two", title="x" * 400, where="b.md")

    with pytest.raises(ImportRefused) as caught:
        run(session, DRAFT, bad, worse)

    assert len(caught.value.refused) == 2
    assert "a.md:3: 'soon' is not a date. Write a date." in str(caught.value)
    assert "b.md" in str(caught.value)
    assert library.list_tips(session) == []


def test_refusals_can_be_skipped(session: Session) -> None:
    """The rest comes in, and the report still names them."""
    bad = Refused("a.md", "", "is bad", "Mend it.")

    report = run(session, bad, DRAFT, skip_bad=True)

    assert report.added == ("one",)
    assert report.refused == (bad,)


def test_two_different_tips_of_one_slug_are_refused(session: Session) -> None:
    """Both places are named."""
    other = replace(DRAFT, body="Other.", where="two.md")

    plan = plan_import(session, [DRAFT, other], as_archive=False)

    assert [draft.where for draft in plan.new] == ["one.md"]
    assert plan.refused[0].where == "two.md"
    assert "one.md" in plan.refused[0].reason


def test_the_same_tip_twice_is_one(session: Session) -> None:
    """The second is left out and says where the first is."""
    plan = plan_import(session, [DRAFT, replace(DRAFT, where="b")], as_archive=False)

    assert len(plan.new) == 1
    assert plan.left_out == (LeftOut("b", "tip", "it says the same as one.md"),)


def test_two_sources_of_one_tip_are_refused(session: Session) -> None:
    """One known by its origin, one by the slug that it has here."""
    run(session, FOREIGN)
    by_slug = replace(DRAFT, body="Other.", where="two.md")

    plan = plan_import(
        session, [replace(FOREIGN, slug="new"), by_slug], as_archive=False
    )

    assert plan.refused[0].where == "two.md"


@pytest.mark.parametrize("here", [DRAFT, FOREIGN])
def test_a_slug_of_another_origin_is_refused(session: Session, here: TipDraft) -> None:
    """What was written here is not overwritten by a stranger of the same name."""
    run(session, here)

    plan = plan_import(
        session, [replace(FOREIGN, origin="https://new.example/1")], as_archive=False
    )

    assert "another tip" in plan.refused[0].reason
    assert "another slug" in plan.refused[0].remedy


def test_a_tip_for_the_archive_is_ready_and_never_queued(session: Session) -> None:
    """Its date becomes the day it was sent elsewhere."""
    run(session, replace(FOREIGN, status=TipStatus.DRAFT), as_archive=True)

    tip = library.find(session, "one")
    assert tip.archived_on == date(2020, 1, 1)
    assert tip.status is TipStatus.READY


def test_a_tip_without_date_has_no_place_in_the_archive(session: Session) -> None:
    """It is refused with what to do."""
    plan = plan_import(session, [DRAFT], as_archive=True)

    assert "no date" in plan.refused[0].reason


@pytest.mark.parametrize("as_archive", [True, False])
def test_what_is_in_the_archive_stays_there(session: Session, as_archive: bool) -> None:
    """Importing again, with or without the flag, changes nothing."""
    run(session, FOREIGN, as_archive=True)
    later = replace(FOREIGN, written_on=None) if not as_archive else FOREIGN

    report = run(session, later, now=LATER, as_archive=as_archive)

    assert report.same == ("one",)
    assert library.find(session, "one").archived_on == date(2020, 1, 1)


def test_a_waiting_tip_moves_to_the_archive_and_a_sent_one_does_not(
    session: Session,
) -> None:
    """What we sent is in the archive by its issue."""
    sent = replace(FOREIGN, slug="sent", origin="https://old.example/?p=2")
    run(session, FOREIGN, sent)
    issue = Issue(
        slot="2026-W40",
        tip_id=library.find(session, "sent").id,
        reason="next in queue",
        status=IssueStatus.SENT,
        due_at=NOW,
        subject="S",
        html="",
        text="",
        mail_domain="tips.example",
        created_at=NOW,
    )
    session.add(issue)

    report = run(session, FOREIGN, sent, as_archive=True)

    assert [change.fields for change in report.changed] == [("archived_on",)]
    assert library.find(session, "sent").archived_on is None


def test_a_pin_for_a_tip_that_cannot_be_sent_is_refused(session: Session) -> None:
    """The reason is the same as for the operator's own verb."""
    run(session, DRAFT)
    library.retire(session, "one", now=NOW)
    pinned = replace(DRAFT, pin=date(2026, 12, 1))

    plan = plan_import(session, [pinned], as_archive=False)

    assert "retired" in plan.refused[0].reason


def test_notes_tell_what_reading_changed(session: Session) -> None:
    """Each with the place it is about."""
    report = run(session, replace(DRAFT, body="a <script>b</script>"))

    assert report.notes == (("one.md", "removed: script"),)


def test_a_real_export_comes_in_whole(session: Session, shared: Path) -> None:
    """54 tips with 21 comments, oldest first; a second time nothing."""
    path = shared / "data" / "wordpress-export.xml"

    report = run(session, *read_source(path), as_archive=True)
    again = run(session, *read_source(path), as_archive=True, now=LATER)

    tips = library.list_tips(session)
    days = [tip.archived_on for tip in tips if tip.archived_on]
    assert len(report.added) == len(again.same) == len(days) == 54
    assert days == sorted(days)
    assert again.changed == ()
    assert sum(len(library.comments(session, tip.id)) for tip in tips) == 21
