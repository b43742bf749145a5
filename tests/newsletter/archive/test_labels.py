"""Tags and categories are those of what was sent."""

from sqlmodel import Session

from newsletter import archive
from newsletter.archive import Label, LabelCount, Shelf
from newsletter.tables import LabelKind, TipLabel
from tests.factories import make_tip
from tests.newsletter.archive.shelves import make_public


def test_labels_count_public_tips_only(session: Session) -> None:
    """By name; one that only drafts have is not named anywhere."""
    make_public(session, tags=("patience", "Empathy"))
    make_public(session, tags=("Empathy",), category="Letters")
    queued = make_tip(session, "queued")
    tag = TipLabel(tip_id=queued.id or 0, kind=LabelKind.TAG, slug="new", name="New")
    session.add(tag)
    session.flush()

    tags = archive.labels(session, LabelKind.TAG)

    assert tags == [
        LabelCount(Label("Empathy", "empathy"), 2),
        LabelCount(Label("patience", "patience"), 1),
    ]
    assert archive.find_label(session, Shelf(LabelKind.TAG, "new")) is None
    assert archive.find_label(session, Shelf(LabelKind.TAG, "letters")) is None
    found = archive.find_label(session, Shelf(LabelKind.CATEGORY, "letters"))
    assert found == Label("Letters", "letters")


def test_a_tag_written_in_two_ways_is_one(session: Session) -> None:
    """Its address is the tag."""
    make_public(session, tags=("Small talk",))
    make_public(session, tags=("small Talk",))

    (found,) = archive.labels(session, LabelKind.TAG)

    assert found.tips == 2
