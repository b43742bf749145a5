"""The link in the letter to a new address."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from newsletter.tables import AutomaticLetter, LetterKind
from newsletter.web import Site
from subscribers import moving
from subscribers.addresses import parse_address
from subscribers.tables import Subscriber
from subscribers.tokens import Purpose
from tests.conftest import NOW
from tests.factories import make_subscriber

NEW = "ann@new.example.org"


@pytest.fixture
def wish(session: Session, site: Site) -> str:
    """The link that Ann's new mailbox got."""
    ann = make_subscriber(session, "ann@example.org").id or 0
    number = moving.ask(session, ann, parse_address(NEW), now=NOW) or 0
    session.commit()
    return f"/a/{site.signer.sign(Purpose.NEW_ADDRESS, ann, number)}"


def address(session: Session) -> str:
    """Return where Ann gets her letters."""
    session.rollback()
    found = session.exec(select(Subscriber.address)).first() or ""
    # On SQLite a reading session of the tests is a writer, too.
    session.rollback()
    return found


def test_following_the_link_changes_nothing(
    client: TestClient, session: Session, wish: str
) -> None:
    """Link scanners follow every link; the page has a button."""
    for method in ("GET", "HEAD"):
        assert client.request(method, wish).status_code == 200

    assert "<button>" in client.get(wish).text
    assert address(session) == "ann@example.org"


def test_the_button_moves_and_tells_the_old_address(
    client: TestClient, session: Session, wish: str
) -> None:
    """Pressed twice it is the same."""
    for _ in range(2):
        answer = client.post(wish)
        assert answer.status_code == 303

    assert address(session) == NEW
    assert NEW in client.get(answer.headers["Location"]).text
    (letter,) = session.exec(select(AutomaticLetter))
    assert letter.kind is LetterKind.OLD_ADDRESS
    assert letter.to_address == "ann@example.org"
    assert NEW not in letter.facts


def test_an_address_that_is_known_is_said_to_its_reader_only(
    client: TestClient, session: Session, wish: str
) -> None:
    """Whoever can read its mail learns that it is on the list by itself."""
    make_subscriber(session, NEW)
    session.commit()

    answer = client.post(wish)

    assert "known here already" in client.get(answer.headers["Location"]).text
    assert address(session) == "ann@example.org"
    assert session.exec(select(AutomaticLetter)).all() == []


def test_a_link_of_another_kind_moves_nobody(
    client: TestClient,
    site: Site,
    session: Session,
    wish: str,  # noqa: ARG001 - it is there, and stays as it is
) -> None:
    """Nor does one that is about a wish that never was."""
    token = site.signer.sign(Purpose.PREFERENCES, 1, 1)
    assert client.post(f"/a/{token}").status_code == 404
    token = site.signer.sign(Purpose.NEW_ADDRESS, 1, 4_711)
    assert client.post(f"/a/{token}").status_code == 303
    assert "does not work any more" in client.get(f"/a/{token}").text

    assert address(session) == "ann@example.org"
