"""Everything about a reader, for them to have; and its end."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from newsletter.tables import Delivery, DeliveryStatus
from newsletter.web import Site
from subscribers.tables import Subscriber, SubscriberStatus, Suppression
from subscribers.tokens import Purpose
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_subscriber, make_tip

Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def path(session: Session, site: Site) -> str:
    """The link of Ann, who has had one tip."""
    ann = make_subscriber(session, "ann@example.org", name="Ann")
    issue = make_issue(session, make_tip(session, title="Listen first"))
    sent = {"status": DeliveryStatus.SENT, "finished_at": NOW}
    make_delivery(session, issue, ann, **sent)
    token = site.signer.sign(Purpose.PREFERENCES, ann.id or 0)
    session.commit()
    return f"/p/{token}"


def test_everything_is_a_file_of_json(
    client: TestClient, path: str, count_queries: Counting
) -> None:
    """The person and their tips, with at most eight questions."""
    with count_queries() as asked:
        answer = client.get(f"{path}/data.json")

    assert answer.headers["Content-Type"].startswith("application/json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()
    assert found["person"]["address"] == "ann@example.org"
    assert [tip["title"] for tip in found["tips"]] == ["Listen first"]
    assert len(asked) <= 8


def test_nobody_has_nothing(client: TestClient, site: Site) -> None:
    """A preview's link, or an erased reader's, gives an empty object."""
    for number in (0, 4_711):
        token = site.signer.sign(Purpose.PREFERENCES, number)
        assert client.get(f"/p/{token}/data.json").json() == {}
        assert client.post(f"/p/{token}/erase/").status_code == 303


def test_erasing_needs_its_button(
    client: TestClient, session: Session, path: str
) -> None:
    """Following the link only says what it means."""
    page = client.get(f"{path}/erase/").text
    client.head(f"{path}/erase/")

    assert 'method="post"' in page
    session.rollback()
    assert session.exec(select(Subscriber.name)).one() == "Ann"


def test_whoever_is_erased_is_gone(
    client: TestClient, session: Session, path: str
) -> None:
    """Only the count of the letter and the hash stay; the link opens nothing more."""
    for _ in range(2):
        answer = client.post(f"{path}/erase/")
        assert answer.status_code == 303

    page = client.get(answer.headers["Location"]).text
    assert "Nobody gets letters by this link" in page
    assert "ann@example.org" not in page
    assert "@" not in client.get(f"{path}/data.json").text
    session.rollback()
    found = session.exec(select(Subscriber)).one()
    assert found.status is SubscriberStatus.ERASED
    assert "@" not in found.address
    assert len(session.exec(select(Suppression)).all()) == 1
    assert len(session.exec(select(Delivery)).all()) == 1
