"""The contact page: a message becomes a letter to the operator, and none is lost."""

import json

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import Engine, select
from sqlmodel import Session

from newsletter.tables import AutomaticLetter, LetterKind
from newsletter.web import build
from tests.desks import SetClock
from tests.sites import fill_in, site_on

PATH = "/contact/"
TYPED = {"name": "Zoë", "address": "zoe@example.org", "text": "A question:\n\nwhy?"}


def waiting(engine: Engine) -> list[AutomaticLetter]:
    """Return the letters that wait."""
    with Session(engine) as session:
        return list(session.scalars(select(AutomaticLetter)))


def test_a_message_waits_as_a_letter_to_the_operator(
    client: TestClient, clock: SetClock, engine: Engine, woken: list[str]
) -> None:
    """With all that was typed; the messenger is woken after the commit."""
    answer = client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/contact/sent/"
    assert "on its way" in client.get("/contact/sent/").text
    (letter,) = waiting(engine)
    assert letter.kind is LetterKind.CONTACT
    assert letter.to_address == "tips@tips.example"
    assert json.loads(letter.facts) == {
        "sender_name": "Zoë",
        "sender": "zoe@example.org",
        "message": "A question:\n\nwhy?",
        "written_at": clock().isoformat(),
    }
    assert woken == ["now"]


@pytest.mark.parametrize(
    ("identity", "to"),
    [
        ({"operator_address": "ops@example.org"}, "ops@example.org"),
        ({"reply_to": "us@example.org"}, "us@example.org"),
        (
            {"operator_address": "ops@example.org", "reply_to": "us@example.org"},
            "ops@example.org",
        ),
    ],
)
def test_it_goes_to_whoever_reads_it(
    engine: Engine, clock: SetClock, identity: dict[str, object], to: str
) -> None:
    """The operator; else where replies go."""
    site = site_on(engine, clock=clock, identity=identity)

    with TestClient(build(site), follow_redirects=False) as client:
        client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

    assert [letter.to_address for letter in waiting(engine)] == [to]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Please write a name"),
        ("name", "Zoë\r\nBcc: all@example.org", "cannot be used"),
        ("address", "zoe@example.org\r\nBcc: all@example.org", "not a usable email"),
        ("text", "", "Please write something"),
        ("text", "x" * 10_001, "at most 10,000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: TestClient,
    clock: SetClock,
    engine: Engine,
    field: str,
    value: str,
    words: str,
) -> None:
    """With what was typed; nothing is mailed."""
    sent = fill_in(client, clock, PATH, **TYPED | {field: value})

    answer = client.post(PATH, data=sent)

    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    (alert,) = page.xpath("//*[@role='alert']")
    assert words in alert.text_content()
    assert page.forms[0].fields["name" if field != "name" else "address"]
    assert waiting(engine) == []


def test_it_is_guarded_as_the_other_forms_are(engine: Engine, clock: SetClock) -> None:
    """Robots are thanked, haste is asked once more, floods wait; no text is lost."""
    site = site_on(engine, clock=clock, signup={"per_network": 1})
    with TestClient(build(site), follow_redirects=False) as client:
        robot = fill_in(client, clock, PATH, **TYPED, website="x")
        assert client.post(PATH, data=robot).headers["Location"] == "/contact/sent/"
        assert waiting(engine) == []

        hasty = client.post(PATH, data=TYPED)
        assert hasty.status_code == 422
        assert "A question:" in hasty.text

        client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))
        flood = client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))
        assert flood.status_code == 429
        assert "A question:" in flood.text

    assert len(waiting(engine)) == 1
