"""A real WordPress export: imported, planned, sent over SMTP and read back."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml import etree
from lxml import html as lxml_html
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from newsletter import db, holes, issues
from newsletter.config import Security
from newsletter.demo import MailServer
from newsletter.holes import Hole
from newsletter.render import Level, Rendered, lint
from newsletter.sender import Desk, tick
from newsletter.sender.composing import render_article
from newsletter.slots import Slot
from newsletter.tables import Installation, IssueStatus
from newsletter.tips import library
from newsletter.tips.importing import ImportReport, apply_import, plan_import
from newsletter.tips.library import TipView
from newsletter.tips.planning import candidates, plan
from newsletter.tips.sources import read_source
from newsletter.transport import Relay, SmtpTransport
from newsletter.web import build
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import SECRET, SetClock, make_config, make_desk
from tests.factories import make_subscriber
from tests.sites import site_on

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SLOT = Slot(2026, 48)
READERS = {
    "zoe@example.org": "Zoë Krüger",
    "sean@example.org": "Seán O'Neill",
    "hanako@example.org": "山田 花子",
    "layla@example.org": "ليلى منصور",
    "nobody@example.org": "",
}
EXECUTABLE = "script form iframe object embed link base meta[@http-equiv] svg math"
OURS = ("/tips/", "/tags/", "/categories/", "/archive/")
KINDS = ("entry", "item")
OWN_HEADERS = ("To", "Message-ID", "List-Unsubscribe")
SIGNER = TokenSigner([SECRET.encode()])


def bring_in(engine: Engine, export: Path, *, as_archive: bool = False) -> ImportReport:
    """Import the export."""
    with db.transaction(engine) as session:
        found = plan_import(session, read_source(export), as_archive=as_archive)
        return apply_import(session, found, now=NOW, skip_bad=False)


@pytest.fixture
def sent(
    engine: Engine, shared: Path, tmp_path: Path
) -> Iterator[tuple[Desk, MailServer]]:
    """The first tip of the export, sent to five readers over real connections."""
    bring_in(engine, shared / "data" / "wordpress-export.xml")
    with db.transaction(engine) as session:
        session.add(Installation(uid="0f3c2a17-5b1e", created_at=NOW))
        for address, name in READERS.items():
            make_subscriber(session, address, name=name, signed_up_at=NOW)
    clock = SetClock(NOW + timedelta(days=2, hours=1))
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        relay = Relay("127.0.0.1", server.port, Security.NONE, connections=3)
        desk = make_desk(engine, make_config(tmp_path), clock, SmtpTransport(relay))
        tick(desk)
        desk.transport.close()
        yield desk, server


def read(path: Path) -> EmailMessage:
    """Read a message as the strictest receiver would."""
    message: Any = message_from_bytes(
        path.read_bytes(), policy=policy.SMTP + policy.strict
    )
    for part in message.walk():
        assert not part.defects
        for name, value in part.items():
            assert not value.defects, name
    assert isinstance(message, EmailMessage)
    return message


def first_tip(desk: Desk) -> tuple[TipView, Rendered]:
    """Return the tip that went out, and what it renders to."""
    with Session(desk.engine) as session:
        tip = library.get(session, issues.find(session, SLOT).tip_id)
    day = desk.timetable.day(SLOT)
    return tip, render_article(desk.config, tip, day=day)


def filled_for(name: str, person: int, issue: int) -> dict[Hole, str]:
    """Return what one reader's holes hold."""
    return {
        Hole.GREETING: f"Dear {name}," if name else "Hello,",
        Hole.SIGNED_UP: " on 22 November 2026",
        Hole.UNSUBSCRIBE: SIGNER.sign(Purpose.UNSUBSCRIBE, person, issue),
        Hole.PREFERENCES: SIGNER.sign(Purpose.PREFERENCES, person, issue),
        Hole.VIEW: SIGNER.sign(Purpose.VIEW, person, issue),
    }


def test_posts_become_tips_and_nothing_else_does(engine: Engine, shared: Path) -> None:
    """54 published posts; of everything else the report says how many and why.

    The same export again changes nothing.
    """
    export = shared / "data" / "wordpress-export.xml"

    report, again = bring_in(engine, export), bring_in(engine, export)

    assert len(report.added) == 54
    left_out = Counter(item.kind for item in report.left_out)
    assert left_out["page"] == 21
    assert left_out["attachment"] == 37
    assert left_out["nav_menu_item"] == 70
    assert left_out["post"] == 4
    assert report.refused == ()
    assert (again.added, again.changed, len(again.same)) == ((), (), 54)
    assert again.left_out == report.left_out


def test_what_is_planned_is_what_is_sent(
    sent: tuple[Desk, MailServer], engine: Engine
) -> None:
    """The oldest post first; one a week, more than a year ahead."""
    desk, server = sent

    with Session(engine) as session:
        issue = issues.find(session, SLOT)
        tips = library.list_tips(session)
        weeks = plan(candidates(session), desk.timetable, SLOT.shift(1), weeks=54)

    assert issue.status is IssueStatus.SENT
    assert issue.tip_slug == tips[0].slug
    assert [week.choice.slug for week in weeks if week.choice] == [
        tip.slug for tip in tips[1:]
    ]
    assert sorted(server.recipients) == sorted(READERS)


def test_every_copy_reads_back_part_by_part(sent: tuple[Desk, MailServer]) -> None:
    """Over SMTP, under the strictest policy, each part is what was rendered.

    The copies differ in nothing but what belongs to their reader.
    """
    desk, server = sent
    tip, rendered = first_tip(desk)
    with Session(desk.engine) as session:
        issue_id = issues.find(session, SLOT).id
    shared_headers, message_ids = set(), set()

    for person, (address, name) in enumerate(READERS.items(), start=1):
        message = read(server.received / f"2026-W48-{address}.eml")
        values = filled_for(name, person, issue_id)
        escaped = {hole: escape(value, quote=False) for hole, value in values.items()}
        text, html = message.iter_parts()
        (to,) = message["To"].addresses
        assert (to.display_name, to.addr_spec) == (name, address)
        assert message["Subject"] == rendered.subject == tip.title
        assert message.get_content_type() == "multipart/alternative"
        assert text.get_content_type() == "text/plain"
        assert html.get_content_type() == "text/html"
        assert _lines(text) == holes.fill(rendered.text, values).splitlines()
        assert _lines(html) == holes.fill(rendered.html, escaped).splitlines()
        assert f"/u/{values[Hole.UNSUBSCRIBE]}>" in message["List-Unsubscribe"]
        message_ids.add(message["Message-ID"])
        shared_headers.add(
            tuple((n, str(v)) for n, v in message.items() if n not in OWN_HEADERS)
        )

    assert len(message_ids) == len(READERS)
    assert len(shared_headers) == 1


def _lines(part: Any) -> list[str]:
    content: str = part.get_content()
    return content.splitlines()


@pytest.fixture(scope="module")
def all_rendered(
    tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> list[tuple[TipView, Rendered]]:
    """Every tip of the export as an email."""
    folder = tmp_path_factory.mktemp("wordpress")
    engine = db.connect(f"sqlite:///{folder / 'newsletter.db'}")
    SQLModel.metadata.create_all(engine)
    bring_in(engine, shared / "data" / "wordpress-export.xml")
    with Session(engine) as session:
        tips = library.list_tips(session)
    engine.dispose()
    config = make_config(folder)
    day = date(2026, 11, 24)
    return [(tip, render_article(config, tip, day=day)) for tip in tips]


def test_every_tip_renders_without_an_error_of_lint(
    all_rendered: list[tuple[TipView, Rendered]], tmp_path: Path
) -> None:
    """All 54, whatever WordPress's testers put into them; warnings are theirs.

    They come from the export itself: pictures without a description, links that hold
    nothing but such a picture, links that are not https, and one very long title.
    """
    settings = make_config(tmp_path).settings
    known = ("has no description", "has no words", "is not https", "The subject has")
    findings = [
        (tip.slug, finding)
        for tip, made in all_rendered
        for finding in lint(made.subject, made.html, made.text, settings)
    ]

    assert len(all_rendered) == 54
    assert [f for f in findings if f[1].level is Level.ERROR] == []
    odd = [f for f in findings if not any(words in f[1].message for words in known)]
    assert odd == []


def test_nothing_executable_survives(
    all_rendered: list[tuple[TipView, Rendered]],
) -> None:
    """No script, form or frame, no handler, no address that runs something."""
    for tip, made in all_rendered:
        root = lxml_html.document_fromstring(made.html)
        for element in EXECUTABLE.split():
            assert root.xpath(f"//{element}") == [], tip.slug
        for node in root.iter():
            for name, value in node.attrib.items():
                assert not name.lower().startswith("on"), (tip.slug, name)
                scheme = re.sub(r"[\s\x00-\x20]", "", value).lower()
                assert not scheme.startswith(("javascript:", "data:", "vbscript:"))
        assert not re.search(r"expression\(|@import|url\(", made.html), tip.slug


def test_the_text_says_what_the_html_says(
    all_rendered: list[tuple[TipView, Rendered]],
) -> None:
    """Each tip has a text part of its own, with no tag and no WordPress code in it."""
    for tip, made in all_rendered:
        assert tip.title.split()[0] in made.text, tip.slug
        assert "[caption" not in made.text, tip.slug
        assert "[gallery" not in made.html, tip.slug
        assert "<!-- wp:" not in made.html, tip.slug
        assert max(map(len, made.text.encode().split(b"\n"))) < 998, tip.slug


@pytest.fixture(scope="module")
def browsed(
    tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[TestClient]:
    """A site with the whole export in its archive."""
    path = tmp_path_factory.mktemp("browsed") / "newsletter.db"
    engine = db.connect(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    export = shared / "data" / "wordpress-export.xml"
    assert export.is_file(), f"{export} is missing: there is no blog to browse"
    bring_in(engine, export, as_archive=True)
    with TestClient(build(site_on(engine))) as client:
        yield client
    engine.dispose()


def every_page(browsed: TestClient) -> dict[str, str]:
    """Follow every link of the site from its first page on, as a reader would."""
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        answer = browsed.get(path)
        found[path] = answer.text if answer.status_code == 200 else ""
        root = lxml_html.document_fromstring(answer.text)
        for href in root.xpath("//main//a/@href | //head/link[@rel='next']/@href"):
            target = str(href).partition("#")[0]
            is_page = target.startswith(OURS) and not target.endswith(".xml")
            if is_page and target not in (*found, *waiting):
                waiting.append(target)
    return found


def test_the_archive_can_be_browsed_from_end_to_end(browsed: TestClient) -> None:
    """Each of the 54 posts has a page that links lead to, and no link of ours fails."""
    pages = every_page(browsed)

    assert [path for path, page in pages.items() if not page] == []
    assert len([path for path in pages if re.fullmatch(r"/tips/[^/]+/", path)]) == 54
    assert "/archive/page/6/" in pages
    assert any("/tags/" in path for path in pages)
    assert any("/categories/" in path for path in pages)


def test_no_page_of_the_archive_can_run_or_style_anything(browsed: TestClient) -> None:
    """Whatever was in posts and comments, the strict policy has nothing to stop."""
    for path, page in every_page(browsed).items():
        root = lxml_html.document_fromstring(page)
        for element in EXECUTABLE.replace("link ", "").split():
            for node in root.xpath(f"//main//{element}"):
                # Our own forms, and our own scripts by address.
                assert (node.get("action") or node.get("src") or "").startswith("/")
        for node in root.iter():
            for name, value in node.attrib.items():
                assert not name.lower().startswith("on"), (path, name)
                assert name != "style", path
                scheme = re.sub(r"[\s\x00-\x20]", "", value).lower()
                assert not scheme.startswith(("javascript:", "data:", "vbscript:"))
        for picture in root.xpath("//img"):
            assert picture.get("alt") is not None
            assert (picture.get("src") or "").startswith("https://")


def test_odd_posts_are_intact(browsed: TestClient) -> None:
    """Comments and replies ten deep, titles with every sign, words of other scripts."""
    comments = browsed.get("/tips/template-comments/").text
    signs = browsed.get("/tips/title-with-special-characters/").text
    markup = browsed.get("/tips/markup-title-with-markup/").text

    for depth in range(1, 11):
        assert f"Comment Depth {depth:02}" in comments
    assert "John Γιάννης Doe Κάποιος" in comments
    assert "We are totally going to blog about these tests Σίγουρα" in comments
    title = lxml_html.document_fromstring(signs).findtext(".//h1") or ""
    assert title.endswith("~`!@#$%^&*()-_=+{}[]/\\;:'\"?,.>")
    assert "Markup: Title With Markup</h1>" in markup
    assert "<mark>" in browsed.get("/search/", params={"q": "alignment"}).text


def test_feeds_of_the_archive_are_valid_xml_in_full(browsed: TestClient) -> None:
    """Twenty posts each, every link absolute."""
    for path in ("/feed.xml", "/rss.xml"):
        root = etree.fromstring(browsed.get(path).content)
        entries = [it for it in root.iter() if etree.QName(it).localname in KINDS]
        assert len(entries) == 20
        for text in root.itertext():
            assert 'href="/' not in text
            assert 'src="/' not in text
