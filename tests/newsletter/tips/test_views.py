"""Views: frozen values of tips, at a price that does not grow with their number."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from newsletter.errors import UnknownTip
from newsletter.tables import Issue, IssueStatus, TipStatus
from newsletter.tips import views
from newsletter.tips.drafts import CommentDraft, TipDraft
from newsletter.tips.labels import Label
from newsletter.tips.storing import insert

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def keep(session: Session, slug: str, position: int, **facts: object) -> int:
    """Put a tip into the library and return its id."""
    draft = TipDraft(slug, slug.title(), "Text.", where=slug, **facts)  # type: ignore[arg-type]
    return insert(session, draft, position=position, now=NOW)


def send(session: Session, tip_id: int, slot: str, status: IssueStatus) -> None:
    """Open an issue of the tip in *slot*."""
    issue = Issue(
        slot=slot,
        tip_id=tip_id,
        reason="next in queue",
        status=status,
        due_at=NOW,
        subject="S",
        html="",
        text="",
        mail_domain="tips.example",
        created_at=NOW,
    )
    session.add(issue)
    session.flush()


def test_a_tip_is_found_by_its_slug_with_everything(session: Session) -> None:
    """Labels keep their order; cancelled issues do not count as sent."""
    tip_id = keep(session, "one", 1, tags=("Beta", "Alpha"), categories=("Gamma",))
    send(session, tip_id, "2026-W40", IssueStatus.SENT)
    send(session, tip_id, "2026-W41", IssueStatus.CANCELLED)

    tip = views.find(session, "one")

    assert tip == views.get(session, tip_id)
    assert tip.tags == (Label("Beta", "beta"), Label("Alpha", "alpha"))
    assert tip.categories == (Label("Gamma", "gamma"),)
    assert tip.sent_in == ("2026-W40",)
    assert tip.updated_at == NOW


def test_an_unknown_slug_is_answered_with_the_nearest(session: Session) -> None:
    """A slip of the pen is recognised."""
    keep(session, "salt-last", 1)

    with pytest.raises(UnknownTip, match='Did you mean "salt-last"'):
        views.find(session, "salt-lsat")
    with pytest.raises(UnknownTip, match="#99"):
        views.get(session, 99)


def test_tips_are_listed_in_queue_order_and_filtered(session: Session) -> None:
    """By status, by tag, or both."""
    keep(session, "c", 3, tags=("Salt",))
    keep(session, "a", 1, tags=("Salt",), status=TipStatus.RETIRED)
    keep(session, "b", 2, categories=("Salt",))

    def slugs(**wanted: object) -> list[str]:
        return [tip.slug for tip in views.list_tips(session, **wanted)]  # type: ignore[arg-type]

    assert slugs() == ["a", "b", "c"]
    assert slugs(status=TipStatus.READY) == ["b", "c"]
    assert slugs(tag="salt") == ["a", "c"]
    assert slugs(tag="salt", status=TipStatus.READY) == ["c"]


def test_a_hundred_tips_cost_as_many_statements_as_one(
    session: Session, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    """One for the tips, one for their labels, one for their issues."""
    for number in range(100):
        keep(session, f"tip-{number}", number, tags=("Salt",))

    with count_queries() as statements:
        views.list_tips(session)

    assert len(statements) == 3


def test_comments_come_oldest_first(session: Session) -> None:
    """Each with its name, and what it answers."""
    early = CommentDraft("1", "First.", NOW - timedelta(days=1), author="Bo")
    late = CommentDraft("2", "Second.", NOW, reply_to="1")
    tip_id = keep(session, "one", 1, comments=(late, early))

    assert views.comments(session, tip_id) == (early, late)
