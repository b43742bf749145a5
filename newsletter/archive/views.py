"""What the archive speaks: frozen values, no rows."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.tables import LabelKind


@dataclass(frozen=True)
class Label:
    """A tag or category: its name, and its address on the site."""

    name: str
    slug: str


@dataclass(frozen=True)
class LabelCount:
    """A tag or category, and how many public tips have it."""

    label: Label
    tips: int


@dataclass(frozen=True)
class Shelf:
    """All tips of one tag or category, by its slug."""

    kind: LabelKind
    slug: str


@dataclass(frozen=True)
class TipTitle:
    """As much of a public tip as a link to it needs; the time is UTC."""

    slug: str
    title: str
    published_at: datetime
    archived_on: date | None
    updated_at: datetime
    id: int

    def day(self, zone: ZoneInfo) -> date:
        """Return the day it was sent, in the newsletter's *zone*."""
        return self.archived_on or self.published_at.astimezone(zone).date()

    @property
    def changed_at(self) -> datetime:
        """When its page last changed by what its author did."""
        return max(self.published_at, self.updated_at)


@dataclass(frozen=True)
class PublicTip(TipTitle):
    """A tip that was sent; `body` is Markdown."""

    body: str
    summary: str
    author: str
    tags: tuple[Label, ...]
    categories: tuple[Label, ...]


@dataclass(frozen=True)
class Neighbours:
    """The tips sent right before and right after one, if there are any."""

    earlier: TipTitle | None
    later: TipTitle | None


@dataclass(frozen=True)
class TipPage:
    """A page of tips; `number` counts from 1, and there is always a first page."""

    tips: tuple[PublicTip, ...]
    number: int
    pages: int
    total: int

    @property
    def exists(self) -> bool:
        """Whether there is such a page."""
        return 1 <= self.number <= self.pages
