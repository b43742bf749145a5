"""Exports: a folder that imports to the very same library."""

import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session, col

from newsletter.errors import ExportRefused
from newsletter.tables import CommentStatus, TipComment, TipStatus
from newsletter.tips import library
from newsletter.tips.drafts import CommentDraft, TipDraft
from newsletter.tips.exporting import export_folder
from newsletter.tips.importing import apply_import, plan_import
from newsletter.tips.library import TipView
from newsletter.tips.sources import read_source

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
Contents = list[tuple[TipView, tuple[CommentDraft, ...]]]

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12
) | st.sampled_from(["---", "a: b", "'", '"', "# x", "- y", "no", "2026-01-01", "[a]"])
LINES = st.lists(WORDS | st.sampled_from(["a  ", "\u2028", "\x85"]), max_size=6).map(
    "\n".join
)
DAYS = st.none() | st.dates(date(1990, 1, 1), date(2090, 1, 1))
COMMENTS = st.lists(
    st.builds(
        CommentDraft,
        origin=st.integers(1, 99).map(str),
        body=LINES,
        written_at=st.integers(0, 2_000_000_000).map(
            lambda second: datetime.fromtimestamp(second, UTC)
        ),
        author=WORDS,
        reply_to=st.none() | st.just("7"),
    ),
    max_size=2,
    unique_by=lambda comment: comment.origin,
).map(tuple)
DRAFTS = st.builds(
    TipDraft,
    slug=st.just("a"),
    title=WORDS.map(lambda words: f"T {words}"),
    body=LINES.map(lambda lines: f"{lines}\n\nend"),
    where=st.just(""),
    summary=LINES,
    author=WORDS,
    tags=st.lists(WORDS, max_size=3).map(tuple),
    categories=st.lists(WORDS, max_size=2).map(tuple),
    pin=DAYS,
    written_on=DAYS,
    archived_on=DAYS,
    status=st.sampled_from(TipStatus),
    comments=COMMENTS,
)


def contents(session: Session) -> Contents:
    """Return the whole library but for its ids."""
    return [
        (replace(tip, id=0), library.comments(session, tip.id))
        for tip in library.list_tips(session)
    ]


def bring_in(session: Session, folder: Path) -> None:
    """Import the folder, all of it."""
    plan = plan_import(session, read_source(folder), as_archive=False)
    apply_import(session, plan, now=NOW, skip_bad=False)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drafts=st.lists(DRAFTS, min_size=1, max_size=3))
def test_any_library_survives_the_way_out_and_in(
    session: Session, drafts: list[TipDraft]
) -> None:
    """Whatever stands in titles, texts, labels, days and comments."""
    session.rollback()
    for number, draft in enumerate(drafts):
        own = replace(draft, slug=f"tip-{number}", origin=f"origin: {number}")
        library.add(session, own, now=NOW)
    before = contents(session)

    with tempfile.TemporaryDirectory() as name:
        export_folder(session, Path(name))
        session.rollback()
        bring_in(session, Path(name))

    assert contents(session) == before


def test_a_real_library_survives_the_way_out_and_in(
    session: Session, shared: Path, tmp_path: Path
) -> None:
    """54 tips of a real blog, with their comments."""
    bring_in(session, shared / "data" / "wordpress-export.xml")
    before = contents(session)

    assert export_folder(session, tmp_path / "out") == 54
    session.rollback()
    bring_in(session, tmp_path / "out")

    assert contents(session) == before


def test_files_are_named_for_their_place_in_the_queue(
    session: Session, tmp_path: Path
) -> None:
    """So that a folder sorts as the queue does."""
    for slug in ("b", "a"):
        library.add(session, TipDraft(slug, slug, "Text.", where=""), now=NOW)

    export_folder(session, tmp_path)

    names = sorted(path.name for path in tmp_path.glob("*.md"))
    assert names == ["001-b.md", "002-a.md"]


def test_an_exported_tip_is_pleasant_to_read(session: Session, tmp_path: Path) -> None:
    """What is empty is not written."""
    draft = TipDraft("a", "A: b", "Text.", where="", tags=("x",), pin=date(2026, 12, 1))
    library.add(session, draft, now=NOW)

    export_folder(session, tmp_path)

    assert (tmp_path / "001-a.md").read_text("utf-8") == (
        "---\ntitle: 'A: b'\nslug: a\nstatus: ready\ntags:\n- x\npin: 2026-12-01\n---\n"
        "\nText.\n"
    )


def test_a_folder_with_tips_in_it_is_refused(session: Session, tmp_path: Path) -> None:
    """Files of an earlier export would come back as tips of their own."""
    (tmp_path / "old.md").write_text("# Old\n")

    with pytest.raises(ExportRefused, match="holds Markdown files"):
        export_folder(session, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(
    session: Session, tmp_path: Path
) -> None:
    """The error names the folder and the reason."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ExportRefused, match="file"):
        export_folder(session, tmp_path / "file" / "folder")


def test_only_comments_that_readers_see_are_exported(
    session: Session, tmp_path: Path
) -> None:
    """What waits or was hidden is not published that way, either."""
    comments = tuple(CommentDraft(name, f"{name}.", NOW) for name in "abc")
    tip = library.add(
        session, TipDraft("a", "A", "Text.", where="", comments=comments), now=NOW
    )
    for name, status in (("b", CommentStatus.HELD), ("c", CommentStatus.HIDDEN)):
        session.scalars(
            select(TipComment).where(col(TipComment.origin) == name)
        ).one().status = status
    session.flush()

    export_folder(session, tmp_path)
    bring_in(session, tmp_path)

    written = (tmp_path / "001-a.md").read_text("utf-8")
    assert "a." in written
    assert "b." not in written
    assert "c." not in written
    assert library.comments(session, tip.id) == comments
