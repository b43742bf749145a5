"""A site with something on every page, and the addresses that lead through it.

Filled by the program itself: the demo's tips and readers, and weeks of issues that were
really sent. Tests of all pages take this tour, so a new page is looked at by all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from sqlalchemy import Engine

from newsletter import comments, db
from newsletter.comments import NewComment
from newsletter.config import Config
from newsletter.sender import Nothing, deliver, open_slot
from newsletter.tips.drafts import TipDraft
from newsletter.tips.importing import apply_import, plan_import
from newsletter.tips.sources import read_source
from newsletter.web import Site
from subscribers import roster
from subscribers.hashing import AddressHasher
from subscribers.importing import import_csv
from subscribers.tokens import Purpose
from tests.desks import SetClock, make_config, make_desk
from tests.hostile import TIPS

BEGAN = datetime(2026, 8, 4, 9, 0, tzinfo=UTC)
WEEKS = 14
LONGEST_TITLE = 300
WRITTEN = date(2024, 3, 5)


@dataclass(frozen=True)
class Tour:
    """A filled site.

    Attributes:
        clock: shows the day after the last issue.
        reader: the id of somebody who was sent every issue.
    """

    site: Site
    clock: SetClock
    reader: int
    slugs: tuple[str, ...]

    @property
    def tokens(self) -> Mapping[Purpose, str]:
        """A link of each kind, as the reader's letters have them."""
        sign = self.site.signer.sign
        return {purpose: sign(purpose, self.reader, 1) for purpose in Purpose}

    @property
    def public(self) -> tuple[str, ...]:
        """The addresses of pages that everybody may see."""
        return (
            "/",
            "/archive/",
            "/archive/page/2/",
            "/tags/",
            "/tags/listening/",
            f"/tips/{self.slugs[0]}/",
            *(f"/tips/odd-{name}/" for name in TIPS),
            "/search/",
            "/search/?q=customer",
            "/search/?q=xyzzy",
            "/issues/2026-W34/",
            "/join/",
            "/join/sent/",
            "/embed/",
            f"/tips/{self.slugs[0]}/comments/",
            f"/tips/{self.slugs[0]}/comments/1/",
            f"/tips/{self.slugs[1]}/",
            f"/tips/{self.slugs[1]}/comments/page/2/",
            "/contact/",
            "/contact/sent/",
            "/privacy/",
            "/nothing-here",
        )

    @property
    def personal(self) -> tuple[str, ...]:
        """The addresses of pages that only one reader has the links of."""
        tokens = self.tokens
        leave, prefer = tokens[Purpose.UNSUBSCRIBE], tokens[Purpose.PREFERENCES]
        return (f"/u/{leave}", f"/p/{prefer}", f"/v/{tokens[Purpose.VIEW]}")


def fill(engine: Engine, folder: Path, *, weeks: int = WEEKS) -> Tour:
    """Let a newsletter run for *weeks* on *engine*, then open its site."""
    clock = SetClock(BEGAN - timedelta(days=7))
    config = make_config(folder, {"newsletter": {"name": "The Tip of the Week"}})
    db.upgrade(engine, now=clock())
    _import(engine, AddressHasher(config.secrets), now=clock())
    slugs = tuple(_send(engine, config, clock, weeks))
    with db.transaction(engine) as session:
        reader = roster.page(session, limit=1)[0].id
    clock.now += timedelta(days=1)
    _comment(engine, slugs[0], now=clock())
    _discuss(engine, slugs[1], now=clock())
    return Tour(Site(config, engine, clock=clock), clock, reader, slugs)


def _import(engine: Engine, hasher: AddressHasher, *, now: datetime) -> None:
    samples = files("newsletter.demo")
    with db.transaction(engine) as session:
        with as_file(samples / "tips") as tips:
            drafts = [d for d in read_source(tips) if isinstance(d, TipDraft)]
        plan = plan_import(session, drafts, as_archive=False)
        apply_import(session, plan, now=now, skip_bad=False)
        old = plan_import(session, _odd_tips(), as_archive=True)
        apply_import(session, old, now=now, skip_bad=False)
        with as_file(samples / "subscribers.csv") as people:
            import_csv(
                session, people, source_label="tips.example", now=now, hasher=hasher
            )


def _comment(engine: Engine, slug: str, *, now: datetime) -> None:
    """Let readers talk about a tip, one of them in Hebrew, and one with a link."""
    said = (
        ("Zoë", "It works, see https://www.example.com/ for how.\n\nTry it!", None),
        ("Bo <b>", "I did. " * 40, 1),
        ("שרה", "תודה רבה.", 2),
        ("Cy", "W" * 200, None),
    )
    with db.transaction(engine) as session:
        tip = comments.tip_to_discuss(session, slug).id
        for minute, (author, body, reply_to) in enumerate(said):
            comments.post(
                session,
                tip,
                NewComment(author, body, author_key=author, reply_to=reply_to),
                hold_first=False,
                now=now + timedelta(minutes=minute),
            )


def _discuss(engine: Engine, slug: str, *, now: datetime) -> None:
    """Let readers talk about a tip for years, mostly in one thread."""
    with db.transaction(engine) as session:
        tip = comments.tip_to_discuss(session, slug).id
        first = None
        for day in range(120):
            name, at = f"Reader {day}", now + timedelta(days=day)
            words = f"{day}: it works. " + "Спасибо! " * 20
            new = NewComment(name, words, author_key=name, reply_to=first)
            said = comments.post(session, tip, new, hold_first=False, now=at)
            first = said.id if day % 40 == 0 else first


def _odd_tips() -> list[TipDraft]:
    """Return the archive: tips of which every page must make the best."""
    return [
        TipDraft(
            slug=f"odd-{name}",
            title=" ".join(str(tip["title"]).split())[:LONGEST_TITLE],
            body=str(tip.get("body", "A word.")),
            author=" ".join(str(tip.get("author", "")).split()),
            tags=("listening", "odd & <rare>"),
            written_on=WRITTEN + timedelta(weeks=week),
            where=name,
        )
        for week, (name, tip) in enumerate(TIPS.items())
    ]


def _send(engine: Engine, config: Config, clock: SetClock, weeks: int) -> Iterator[str]:
    desk = make_desk(engine, config, clock)
    for week in range(weeks):
        clock.now = BEGAN + timedelta(weeks=week)
        issue = open_slot(desk, desk.timetable.slot_at(clock()))
        assert not isinstance(issue, Nothing), issue.reason
        deliver(desk, issue)
        yield issue.tip_slug
