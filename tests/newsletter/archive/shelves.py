"""Public tips for tests."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from newsletter.tables import LabelKind, Tip, TipLabel
from tests.conftest import NOW
from tests.factories import make_tip


def make_public(
    session: Session,
    slug: str = "",
    *,
    weeks_ago: int = 0,
    tags: tuple[str, ...] = (),
    category: str = "",
    **more: Any,
) -> Tip:
    """Write a tip that was sent so many weeks ago."""
    at: datetime = NOW - timedelta(weeks=weeks_ago)
    tip = make_tip(session, slug, published_at=at, **more)
    for kind, names in ((LabelKind.TAG, tags), (LabelKind.CATEGORY, (category,))):
        for position, name in enumerate(filter(None, names)):
            session.add(
                TipLabel(
                    tip_id=tip.id or 0,
                    kind=kind,
                    slug=name.lower().replace(" ", "-"),
                    name=name,
                    position=position,
                )
            )
    session.flush()
    return tip
