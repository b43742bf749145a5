"""The operator's verbs: what each does, and what it refuses with which advice."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from newsletter.errors import TipRefused, UnknownTip
from newsletter.tables import Issue, IssueStatus, TipStatus
from newsletter.tips import library
from newsletter.tips.drafts import TipDraft
from newsletter.tips.library import TipChanges

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def add(session: Session, *slugs: str, **facts: object) -> None:
    """Add tips of these names, in this order."""
    for slug in slugs:
        draft = TipDraft(slug, slug.title(), "Text.", where=slug, **facts)  # type: ignore[arg-type]
        library.add(session, draft, now=NOW)


def queue(session: Session) -> str:
    """Return the slugs in queue order, and check that the positions are dense."""
    tips = library.list_tips(session)
    assert [tip.position for tip in tips] == list(range(1, len(tips) + 1))
    return " ".join(tip.slug for tip in tips)


def send(session: Session, slug: str, slot: str = "2026-W40") -> None:
    """Record that the tip went out in *slot*."""
    issue = Issue(
        slot=slot,
        tip_id=library.find(session, slug).id,
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
    session.flush()


def test_new_tips_go_to_the_end_of_the_queue(session: Session) -> None:
    """They are ready unless they say otherwise."""
    add(session, "a", "b")

    assert queue(session) == "a b"
    assert library.find(session, "b").status is TipStatus.READY


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (TipDraft("a", "Again", "Text.", where=""), "already"),
        (TipDraft("No Slug", "A", "Text.", where=""), '"no-slug"'),
        (TipDraft("b", " ", "Text.", where=""), "no title"),
        (TipDraft("b", "B", "<script>x</script>", where=""), "no text"),
    ],
)
def test_an_unusable_draft_is_refused(
    session: Session, draft: TipDraft, words: str
) -> None:
    """A taken or impossible slug, and a tip without title or text."""
    add(session, "a")

    with pytest.raises(TipRefused, match=words):
        library.add(session, draft, now=NOW)


def test_an_edit_changes_what_it_names_and_nothing_else(session: Session) -> None:
    """The body is cleaned on its way in."""
    add(session, "a", tags=("Salt",), author="Ada")
    changes = TipChanges(title="New", body="<i onclick=x>b</i>", tags=("Pepper",))

    tip = library.edit(session, "a", changes, now=LATER)

    assert (tip.title, tip.body, tip.author) == ("New", "*b*", "Ada")
    assert [label.name for label in tip.tags] == ["Pepper"]
    assert tip.updated_at == LATER


def test_an_edit_that_changes_nothing_leaves_the_time_alone(session: Session) -> None:
    """Saving a form without a change is no change."""
    add(session, "a")

    tip = library.edit(session, "a", TipChanges(title="A", slug="a"), now=LATER)

    assert tip.updated_at == NOW


def test_a_slug_can_change_until_the_tip_was_sent(session: Session) -> None:
    """Letters link to it, and another tip's slug is taken."""
    add(session, "a", "b")

    renamed = library.edit(session, "a", TipChanges(slug="c"), now=LATER)
    send(session, "b")

    assert renamed.slug == "c"
    with pytest.raises(TipRefused, match="letters link"):
        library.edit(session, "b", TipChanges(slug="d"), now=LATER)
    with pytest.raises(TipRefused, match="already"):
        library.edit(session, "c", TipChanges(slug="b"), now=LATER)


@pytest.mark.parametrize(
    ("slug", "place", "order"),
    [
        ("d", {"before": "a"}, "d a b c"),
        ("a", {"after": "d"}, "b c d a"),
        ("a", {"before": "d"}, "b c a d"),
        ("d", {"after": "a"}, "a d b c"),
        ("b", {"before": "c"}, "a b c d"),
        ("b", {"after": "b"}, "a b c d"),
    ],
)
def test_moving_keeps_the_order_dense(
    session: Session, slug: str, place: dict[str, str], order: str
) -> None:
    """The moved tip stands beside the named one, all others keep their order."""
    add(session, "a", "b", "c", "d")

    library.move(session, slug, **place, now=LATER)

    assert queue(session) == order


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans())))
def test_any_moves_give_what_a_list_would(
    session: Session, moves: list[tuple[int, int, bool]]
) -> None:
    """The queue behaves as taking out of a list and putting in."""
    session.rollback()
    names = ["a", "b", "c", "d", "e"]
    add(session, *names)

    for one, other, before in moves:
        current = queue(session).split()
        slug, anchor = current[one], current[other]
        library.move(
            session,
            slug,
            **{"before" if before else "after": anchor},
            now=LATER,
        )
        if slug != anchor:
            current.remove(slug)
            current.insert(current.index(anchor) + (not before), slug)
        assert queue(session) == " ".join(current)


def test_a_move_is_one_update(
    session: Session, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    """However many tips lie between; only the moved one counts as changed."""
    add(session, *(f"tip-{number}" for number in range(30)))

    with count_queries() as statements:
        library.move(session, "tip-29", before="tip-0", now=LATER)

    assert sum(s.startswith("UPDATE") for s in statements) == 1
    changed = [t.slug for t in library.list_tips(session) if t.updated_at == LATER]
    assert changed == ["tip-29"]


def test_a_move_needs_exactly_one_place(session: Session) -> None:
    """Neither nor both is a mistake of the caller."""
    add(session, "a", "b")

    with pytest.raises(ValueError, match="before or after"):
        library.move(session, "a", now=NOW)
    with pytest.raises(UnknownTip):
        library.move(session, "a", before="zz", now=NOW)


def test_a_pin_is_set_and_taken_away(session: Session) -> None:
    """None unpins."""
    add(session, "a")
    day = date(2026, 12, 1)

    assert library.pin(session, "a", day, now=LATER).pin == day
    assert library.pin(session, "a", None, now=LATER).pin is None


def test_a_tip_that_cannot_go_out_any_more_is_not_pinned(session: Session) -> None:
    """Sent, archived and retired tips, and weeks gone by, each with advice."""
    add(session, "sent", "retired", "free")
    add(session, "archived", archived_on=date(2020, 1, 1))
    send(session, "sent")
    library.retire(session, "retired", now=NOW)

    for slug, words in [
        ("sent", "sent in 2026-W40"),
        ("retired", "Make it ready first"),
        ("archived", "never mailed"),
    ]:
        with pytest.raises(TipRefused, match=words):
            library.pin(session, slug, date(2026, 12, 1), now=NOW)
    with pytest.raises(TipRefused, match="is over"):
        library.pin(session, "free", date(2025, 12, 1), now=NOW)


def test_a_tip_is_retired_and_made_ready_again(session: Session) -> None:
    """Doing it twice changes nothing more."""
    add(session, "a")

    retired = library.retire(session, "a", now=LATER)
    again = library.retire(session, "a", now=LATER + timedelta(days=1))

    assert retired.status is TipStatus.RETIRED
    assert again.updated_at == LATER
    assert library.ready(session, "a", now=LATER).status is TipStatus.READY
