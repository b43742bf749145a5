"""The archive shows what was sent, newest first, in few statements."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from newsletter import archive
from newsletter.archive import Shelf
from newsletter.errors import UnknownTip
from newsletter.tables import LabelKind, TipStatus
from tests.conftest import NOW
from tests.factories import make_tip
from tests.newsletter.archive.shelves import make_public

Counting = Callable[[], AbstractContextManager[list[str]]]


def test_pages_are_newest_first_and_leave_nothing_out(session: Session) -> None:
    """Every public tip is on one page, and no other tip is on any."""
    made = [make_public(session, f"week-{n}", weeks_ago=n) for n in range(7)]
    make_tip(session, "queued")
    make_tip(session, "draft", status=TipStatus.DRAFT)

    pages = [archive.page(session, number=n, size=3) for n in (1, 2, 3)]

    assert [len(page.tips) for page in pages] == [3, 3, 1]
    assert [tip.slug for page in pages for tip in page.tips] == [t.slug for t in made]
    assert {(page.pages, page.total) for page in pages} == {(3, 7)}


def test_tips_of_one_moment_keep_their_order(session: Session) -> None:
    """Pages of an import with one date neither repeat a tip nor leave one out."""
    for number in range(5):
        make_public(session, f"same-{number}")

    found = [archive.page(session, number=n, size=2).tips for n in (1, 2, 3)]

    assert [tip.slug for page in found for tip in page] == [
        f"same-{number}" for number in (4, 3, 2, 1, 0)
    ]


@pytest.mark.parametrize("number", [0, -1, 3, 9_999, 10**30])
def test_a_page_that_is_not_there_is_empty(session: Session, number: int) -> None:
    """It says so, and how many there are."""
    make_public(session)

    page = archive.page(session, number=number, size=10)

    assert (page.tips, page.exists, page.pages) == ((), False, 1)


def test_an_empty_archive_has_a_first_page(session: Session) -> None:
    """Nothing was sent yet; that is no error."""
    page = archive.page(session, number=1, size=10)

    assert (page.tips, page.exists, page.pages, page.total) == ((), True, 1, 0)


def test_a_shelf_has_the_tips_of_its_label(session: Session) -> None:
    """A tag and a category of one name are two shelves."""
    make_public(session, "both", tags=("Empathy",), category="Letters")
    make_public(session, "other", category="Empathy", weeks_ago=1)

    tagged = archive.page(
        session, number=1, size=9, shelf=Shelf(LabelKind.TAG, "empathy")
    )
    filed = archive.page(
        session, number=1, size=9, shelf=Shelf(LabelKind.CATEGORY, "empathy")
    )

    assert [tip.slug for tip in tagged.tips] == ["both"]
    assert [tip.slug for tip in filed.tips] == ["other"]
    assert [it.name for it in tagged.tips[0].categories] == ["Letters"]


def test_a_page_costs_three_statements(
    session: Session, count_queries: Counting
) -> None:
    """However many tips, tags and categories are on it."""
    for number in range(12):
        make_public(session, tags=("One", f"Two {number}"), category="Tips")

    with count_queries() as statements:
        archive.page(session, number=1, size=10, shelf=Shelf(LabelKind.TAG, "one"))

    assert len(statements) == 3


@pytest.mark.parametrize("slug", ["queued", "no-such-tip"])
def test_what_was_not_sent_is_as_unknown_as_what_is_not_there(
    session: Session, slug: str
) -> None:
    """The answer is the same, word for word, so that nobody can guess a draft."""
    make_tip(session, "queued")
    make_public(session, "queue")

    with pytest.raises(UnknownTip) as caught:
        archive.find(session, slug)

    assert str(caught.value) == str(UnknownTip(slug=slug))


def test_neighbours_are_the_public_tips_beside_one(session: Session) -> None:
    """Unsent tips are skipped; the first and last have one neighbour."""
    make_public(session, "old", weeks_ago=3)
    make_public(session, "middle", weeks_ago=2)
    make_tip(session, "queued")
    make_public(session, "new", weeks_ago=0)

    beside = archive.neighbours(session, archive.find(session, "middle"))
    first = archive.neighbours(session, archive.find(session, "old"))

    assert beside.earlier is not None
    assert beside.later is not None
    assert (beside.earlier.slug, beside.later.slug) == ("old", "new")
    assert first.earlier is None


def test_related_tips_share_the_most_tags(session: Session) -> None:
    """Then the newest; never the tip itself, nor one that is not public."""
    make_public(session, "this", tags=("A", "B"))
    make_public(session, "one-old", tags=("A",), weeks_ago=9)
    make_public(session, "one-new", tags=("B",), weeks_ago=2)
    make_public(session, "two", tags=("B", "A"), weeks_ago=20)
    make_public(session, "none", tags=("C",))
    hidden = make_public(session, "hidden", tags=("A", "B"))
    hidden.published_at = None
    session.flush()

    found = archive.related(session, archive.find(session, "this"), limit=5)

    assert [tip.slug for tip in found] == ["two", "one-new", "one-old"]


def test_a_tip_without_tags_has_nothing_related(session: Session) -> None:
    """And asks the database nothing."""
    make_public(session, "alone")

    assert archive.related(session, archive.find(session, "alone"), limit=3) == []


def test_the_day_is_the_newsletters_own(session: Session) -> None:
    """Late in the evening in UTC it is the next day in Tokyo.

    The day of an archive is what its author wrote, whatever the zone.
    """
    evening = NOW.replace(hour=20)
    make_public(session, "here").published_at = evening
    make_public(session, "there", archived_on=date(2019, 5, 1))
    session.flush()
    tokyo = ZoneInfo("Asia/Tokyo")

    assert archive.find(session, "here").day(tokyo) == date(2026, 11, 23)
    assert archive.find(session, "there").day(tokyo) == date(2019, 5, 1)


def test_latest_and_entries_are_the_newest(session: Session) -> None:
    """For the home page and the feeds, with their text or without it."""
    for weeks in range(4):
        make_public(session, f"w-{weeks}", weeks_ago=weeks, tags=("T",))
    shelf = Shelf(LabelKind.TAG, "t")

    assert [tip.slug for tip in archive.latest(session)] == ["w-0"]
    assert [t.slug for t in archive.entries(session, limit=2)] == ["w-0", "w-1"]
    titles = archive.newest_titles(session, limit=3, shelf=shelf)
    assert [title.slug for title in titles] == ["w-0", "w-1", "w-2"]
    assert titles[0].changed_at == max(NOW, titles[0].updated_at)
    assert titles[1].published_at == NOW - timedelta(weeks=1)
