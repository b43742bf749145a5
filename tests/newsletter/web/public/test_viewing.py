"""The email in a browser: as it was sent, and nobody's."""

import base64
import hashlib
import re
from datetime import date

import pytest
from fastapi.testclient import TestClient
from lxml import html as lxml_html
from sqlalchemy import Engine

from newsletter import db, holes
from newsletter.render import Article, Edition, render_tip
from newsletter.tables import IssueStatus
from newsletter.web import Site
from subscribers.tokens import Purpose
from tests.factories import make_issue, make_tip


@pytest.fixture
def issue_id(engine: Engine, site: Site) -> int:
    """An issue of last week, rendered as a real one."""
    edition = Edition.of(site.settings, day=date(2026, 11, 17))
    body = "Hello.\n\n| A | B |\n|---|--:|\n| 1 | 2 |\n\n*Keep it.*"
    rendered = render_tip(Article("Smile first", "smile", body), edition)
    with db.transaction(engine) as session:
        tip = make_tip(session, "smile", title="Smile first")
        made = make_issue(
            session,
            tip,
            status=IssueStatus.SENT,
            subject=rendered.subject,
            html=rendered.html,
        )
        return made.id or 0


def addresses(site: Site, issue_id: int) -> tuple[str, ...]:
    """Return every address of the issue."""
    token = site.signer.sign(Purpose.VIEW, 7, issue_id)
    return "/issues/2026-W47/", f"/v/{token}", f"/v/{token}/"


def test_the_issue_is_shown_without_anything_personal(
    client: TestClient, site: Site, issue_id: int
) -> None:
    """A neutral greeting, no way out of somebody's subscription, no open hole."""
    for path in addresses(site, issue_id):
        answer = client.get(path)

        assert answer.status_code == 200, path
        assert "Smile first" in answer.text
        assert "Hello," in answer.text
        assert holes.RESERVED_WORD not in answer.text
        for private in ("/u/", "/p/", "/v/", "Unsubscribe"):
            assert private not in answer.text, private
        (canonical,) = re.findall(r'rel="canonical" href="([^"]+)"', answer.text)
        assert canonical == site.url("/tips/smile/")


def test_its_look_needs_no_exception_from_the_policy(
    client: TestClient, site: Site, issue_id: int
) -> None:
    """No style attribute is left; the one style element is the one that is allowed."""
    for path in addresses(site, issue_id):
        answer = client.get(path)
        root = lxml_html.document_fromstring(answer.text)

        policy = answer.headers["Content-Security-Policy"]
        (sheet,) = root.iter("style")
        digest = hashlib.sha256((sheet.text or "").encode()).digest()
        assert f"style-src 'sha256-{base64.b64encode(digest).decode()}';" in policy
        assert "unsafe" not in policy
        assert root.xpath("//@style") == []
        assert "prefers-color-scheme" in (sheet.text or "")


def test_a_page_with_a_token_is_kept_by_nobody(
    client: TestClient, site: Site, issue_id: int
) -> None:
    """Not stored, not found, not passed on; the issue's own address may be."""
    own, *private = addresses(site, issue_id)

    for path in private:
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex"
        assert "ETag" not in headers
    assert "ETag" in client.get(own).headers


def test_what_is_not_there_is_no_page(
    client: TestClient, site: Site, issue_id: int
) -> None:
    """Other weeks, previews, tokens of another purpose, and what was cut short."""
    sign = site.signer.sign
    for path in (
        "/issues/2026-W46/",
        "/issues/next/",
        f"/v/{sign(Purpose.VIEW, 0)}",
        f"/v/{sign(Purpose.UNSUBSCRIBE, 7, issue_id)}",
        f"/v/{sign(Purpose.VIEW, 7, issue_id)[:-1]}",
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
    assert answer.headers["Referrer-Policy"] == "no-referrer"
