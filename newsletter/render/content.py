"""What is rendered and what comes out: plain frozen values, no database rows."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from newsletter import holes
from newsletter.config import Settings
from newsletter.render.direction import Direction, direction_of_language


@dataclass(frozen=True)
class Label:
    """A tag or category: its name, and its address on the site."""

    name: str
    slug: str


@dataclass(frozen=True)
class Article:
    """One tip as its author wrote it; `body` is Markdown."""

    title: str
    slug: str
    body: str
    summary: str = ""
    author: str = ""
    tags: tuple[Label, ...] = ()
    categories: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Edition:
    """What surrounds the content: whose newsletter it is, and of which day.

    Attributes:
        day: the issue's day in the newsletter's own zone.
        base_url: address of the site without a final slash, in ASCII.
        footer: (words, URL) of the links at the foot, in their order.
        accent, accent_dark: ``#RRGGBB`` for the light and the dark scheme.
    """

    newsletter: str
    language: str
    day: date
    base_url: str
    organisation: str
    postal_address: str
    footer: tuple[tuple[str, str], ...]
    accent: str
    accent_dark: str

    @classmethod
    def of(cls, settings: Settings, *, day: date) -> Self:
        """Take from *settings* what an email of *day* says around its content."""
        return cls(
            newsletter=settings.newsletter.name,
            language=settings.newsletter.language,
            day=day,
            base_url=holes.site(settings.newsletter.base_url),
            organisation=settings.identity.organisation,
            postal_address=settings.identity.postal_address,
            footer=tuple(
                (words, holes.ascii_url(url)) for words, url in settings.links.footer
            ),
            accent=settings.email.accent,
            accent_dark=settings.email.accent_dark,
        )

    @property
    def direction(self) -> Direction:
        """The direction that the newsletter's language is written in."""
        return direction_of_language(self.language)

    @property
    def host(self) -> str:
        """The site's host, as the footer shows it."""
        return self.base_url.partition("://")[2]

    @property
    def sender(self) -> str:
        """Who sends it and from where, as the law of most countries wants it shown."""
        return ", ".join(filter(None, (self.organisation, self.postal_address)))

    def tip_url(self, slug: str) -> str:
        """Return the address of a tip's page, where comments are left."""
        return f"{self.base_url}/tips/{slug}/"

    def tag_url(self, slug: str) -> str:
        """Return the address of the page of everything with this tag."""
        return f"{self.base_url}/tags/{slug}/"


@dataclass(frozen=True)
class NoticeContent:
    """Automatic mail to the operator: a title, paragraphs, and a table of facts."""

    title: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A subject and two bodies that say the same; a tip's still have their holes."""

    subject: str
    text: str
    html: str
