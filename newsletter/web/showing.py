"""Public tips as the pages show them: their day in words, their text, their excerpt."""

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup as Safe

from newsletter.archive import Label, PublicTip, TipTitle
from newsletter.render import (
    direction_of_language,
    for_page,
    issue_day,
)
from newsletter.render import excerpt as opening
from newsletter.web.site import Site

# Two lines and a half on a desktop.
EXCERPT_LENGTH = 240


@dataclass(frozen=True)
class ShownTitle:
    """A link to a tip; `day` is as people say it, `date` as machines do."""

    title: str
    path: str
    day: str
    date: str


@dataclass(frozen=True)
class ShownTip(ShownTitle):
    """A tip with what an archive says of it."""

    slug: str
    tags: tuple[Label, ...]
    categories: tuple[Label, ...]
    author: str
    excerpt: str
    comments: int


@dataclass(frozen=True)
class ShownText:
    """A tip's text as HTML; nothing in it was not cleaned."""

    body: Safe
    takeaway: Safe


def title(site: Site, tip: TipTitle) -> ShownTitle:
    """Return *tip* as a link to its page."""
    day = tip.day(site.zone)
    words = issue_day(day, site.settings.newsletter.language)
    return ShownTitle(tip.title, f"/tips/{tip.slug}/", words, day.isoformat())


def summary(site: Site, tip: PublicTip, *, comments: int) -> ShownTip:
    """Return *tip* as an archive shows it."""
    link = title(site, tip)
    return ShownTip(
        title=link.title,
        path=link.path,
        day=link.day,
        date=link.date,
        slug=tip.slug,
        tags=tip.tags,
        categories=tip.categories,
        author=tip.author,
        excerpt=excerpt(tip.body),
        comments=comments,
    )


def text(site: Site, tip: PublicTip, *, under: int = 1) -> ShownText:
    """Return the text of *tip*, its headings below one of the level *under*."""
    markup = for_page(
        tip.body,
        direction=direction_of_language(site.settings.newsletter.language),
        page_url=site.url(f"/tips/{tip.slug}/"),
        under=under,
    )
    return ShownText(
        Safe(markup.body),  # noqa: S704 - cleaned by nh3
        Safe(markup.takeaway),  # noqa: S704 - cleaned by nh3
    )


@lru_cache(maxsize=8_192)
def excerpt(body: str) -> str:
    """Return the opening words of a tip, which end in "…" when there is more."""
    return opening(body, limit=EXCERPT_LENGTH)
