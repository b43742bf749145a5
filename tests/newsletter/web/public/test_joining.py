"""Joining: one answer for everybody, and nothing that happens by following a link."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select
from sqlmodel import Session, SQLModel

from newsletter.tables import AutomaticLetter, LetterKind
from newsletter.web import Site, build
from subscribers import consent, roster
from subscribers.tables import (
    ConsentStep,
    Subscriber,
    SubscriberStatus,
    Suppression,
    SuppressionReason,
)
from subscribers.tokens import Purpose, second_of
from tests.conftest import NOW
from tests.desks import SetClock
from tests.factories import make_subscriber
from tests.sites import fill_in, site_on

ADDRESS = "ada@example.org"


def letters(site: Site) -> list[tuple[LetterKind, str]]:
    """Return the letters that wait, oldest first."""
    with Session(site.engine) as session:
        rows = session.execute(
            select(AutomaticLetter.kind, AutomaticLetter.to_address).order_by(
                AutomaticLetter.id  # type: ignore[arg-type]
            )
        )
        return [(row.kind, row.to_address) for row in rows]


def counts(site: Site) -> dict[str, int]:
    """Return the number of rows of every table."""
    with Session(site.engine) as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in SQLModel.metadata.tables.items()
        }


def add(site: Site, status: SubscriberStatus, **more: object) -> int:
    """Put somebody on the list."""
    with Session(site.engine) as session:
        person = make_subscriber(session, ADDRESS, status=status, **more)
        session.commit()
        return person.id or 0


def link(site: Site, person: int) -> str:
    """Return the address of the page that confirms, asked for just now."""
    token = site.signer.sign(Purpose.CONFIRM, person, second_of(site.clock()))
    return f"/c/{token}"


def test_the_answer_is_the_same_whoever_it_is(
    client: TestClient, site: Site, clock: SetClock, woken: list[str]
) -> None:
    """New, pending, active, gone or suppressed: nobody can probe the list."""
    with Session(site.engine) as session:
        for status in SubscriberStatus:
            make_subscriber(session, f"{status}@example.org", status=status)
        key = site.hasher.hash("suppressed@example.org")
        reason = SuppressionReason.COMPLAINED
        session.add(Suppression(address_hash=key, reason=reason, since=NOW))
        session.commit()
    names = ["new", "suppressed", *SubscriberStatus]

    answers = [
        client.post(
            "/join/", data=fill_in(client, clock, address=f"{name}@example.org")
        )
        for name in names
    ]

    assert {answer.status_code for answer in answers} == {303}
    assert {str(sorted(answer.headers.items())) for answer in answers} == {
        str(sorted(answers[0].headers.items()))
    }
    assert len(woken) == len(names)
    known = {address for kind, address in letters(site) if kind is LetterKind.KNOWN}
    assert known == {"active@example.org"}
    assert len(letters(site)) == len(names)


def test_what_is_wrong_is_said_at_its_field(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """With what was typed still there, and nothing written down."""
    before = counts(site)
    for typed, words in (
        ({"address": "ada at example.org"}, "is not a usable email address"),
        ({"address": ADDRESS, "name": "www.evil.example"}, "cannot be used"),
        ({"address": ADDRESS, "timezone": "Europe/Berlim"}, "Europe/Berlin?"),
    ):
        answer = client.post("/join/", data=fill_in(client, clock, **typed))

        assert answer.status_code == 422
        assert words in answer.text
        assert 'role="alert"' in answer.text
        assert all(f'value="{value}"' in answer.text for value in typed.values())
    assert counts(site) == before


def test_a_robot_is_thanked_and_forgotten(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """It gets the same answer and learns nothing; nothing is written."""
    before = counts(site)
    data = fill_in(client, clock, address=ADDRESS, website="https://evil.example")

    answer = client.post("/join/", data=data)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/join/sent/"
    assert counts(site) == before


def test_the_form_of_another_site_needs_one_more_press(
    client: TestClient, site: Site
) -> None:
    """It cannot say when it was shown, so it is shown once more, filled in."""
    answer = client.post("/join/", data={"address": ADDRESS})

    assert answer.status_code == 200
    assert f'value="{ADDRESS}"' in answer.text
    assert letters(site) == []


def test_an_address_gets_so_many_letters_a_day(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """Whoever asks, and whatever for; the answer stays the same."""
    for _ in range(5):
        data = fill_in(client, clock, address=ADDRESS)
        assert client.post("/join/", data=data).status_code == 303
        end_all(site)

    assert len(letters(site)) == 3
    clock.now += timedelta(days=1)
    client.post("/join/", data=fill_in(client, clock, address=ADDRESS))
    assert len(letters(site)) == 4


def test_who_complained_is_asked_once_in_a_month(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """Only they can come back, and nobody can pester them with the question."""
    add(site, SubscriberStatus.COMPLAINED)
    for _ in range(2):
        client.post("/join/", data=fill_in(client, clock, address=ADDRESS))
        end_all(site)
        clock.now += timedelta(days=1)

    assert len(letters(site)) == 1


def end_all(site: Site) -> None:
    """Let every letter be sent."""
    with Session(site.engine) as session:
        for row in session.scalars(select(AutomaticLetter)):
            row.ended_at = row.ended_at or site.clock()
        session.commit()


def test_a_network_that_sends_too_much_is_told_so(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """With a page and 429, and no letter."""
    for number in range(site.settings.signup.per_network):
        data = fill_in(client, clock, address=f"r{number}@example.org")
        assert client.post("/join/", data=data).status_code == 303

    answer = client.post("/join/", data=fill_in(client, clock, address=ADDRESS))

    assert answer.status_code == 429
    assert "Please wait a little" in answer.text


def test_in_an_attack_no_letter_goes_without_an_answer(
    engine: Engine, clock: SetClock
) -> None:
    """The page says what to do, and has the puzzle for the script."""
    site = site_on(engine, clock=clock, signup={"attack_after": 1})
    with TestClient(build(site), follow_redirects=False) as client:
        client.post("/join/", data=fill_in(client, clock, address="first@example.org"))
        site.gate.looked_at = None

        answer = client.post("/join/", data=fill_in(client, clock, address=ADDRESS))

    assert answer.status_code == 200
    assert 'data-bits="16"' in answer.text
    assert "JavaScript" in answer.text
    assert len(letters(site)) == 1


def test_following_a_link_changes_nothing(client: TestClient, site: Site) -> None:
    """GET and HEAD, with and without the final slash; the page has one button."""
    path = link(site, add(site, SubscriberStatus.PENDING, status_at=NOW))
    before = counts(site)
    for address in (path, f"{path}/"):
        for method in ("GET", "HEAD"):
            answer = client.request(method, address)
            assert answer.status_code == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-store"

    page = client.get(path).text
    assert page.count("<button") == 1
    assert 'content="noindex"' in page
    assert counts(site) == before
    with site.reading() as session:
        person = roster.find(session, ADDRESS)
    assert person.status is SubscriberStatus.PENDING


def test_the_button_confirms_once(client: TestClient, site: Site) -> None:
    """One welcome, one step of the proof; a second press says that all is well."""
    person = add(site, SubscriberStatus.PENDING, status_at=NOW)
    path = link(site, person)

    for _ in range(2):
        answer = client.post(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    assert "All is well" in client.get(path).text
    assert letters(site) == [(LetterKind.WELCOME, ADDRESS)]
    with site.reading() as session:
        (line,) = consent.history(session, person)
    assert line.step is ConsentStep.CONFIRMED
    assert line.page == "https://tips.example/c/"


def test_without_a_welcome_none_is_sent(engine: Engine, clock: SetClock) -> None:
    """As the operator's setting says."""
    site = site_on(engine, clock=clock, welcome={"enabled": False})
    path = link(site, add(site, SubscriberStatus.PENDING, status_at=NOW))
    with TestClient(build(site), follow_redirects=False) as client:
        client.post(path)

    assert letters(site) == []


def test_an_expired_link_offers_a_new_one(
    client: TestClient, site: Site, clock: SetClock
) -> None:
    """It confirms nobody; its button has another letter sent, to the same address."""
    path = link(site, add(site, SubscriberStatus.PENDING, status_at=NOW))
    clock.now += timedelta(days=8)
    assert "This link has expired" in client.get(path).text

    answer = client.post(path)

    assert answer.headers["Location"] == "/join/sent/"
    assert letters(site) == [(LetterKind.CONFIRM, ADDRESS)]
    with site.reading() as session:
        assert roster.find(session, ADDRESS).status is SubscriberStatus.PENDING


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_from_before_leaving_explains_itself(
    client: TestClient, site: Site, clock: SetClock, method: str
) -> None:
    """It brings nobody back, and shows the form."""
    left = NOW + timedelta(hours=1)
    path = link(site, add(site, SubscriberStatus.UNSUBSCRIBED, status_at=left))
    clock.now += timedelta(hours=2)

    client.request(method, path)

    page = client.get(path).text
    assert "You have left since" in page
    assert 'action="/join/"' in page
    with site.reading() as session:
        person = roster.find(session, ADDRESS)
    assert person.status is SubscriberStatus.UNSUBSCRIBED
    assert letters(site) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_somebody_forgotten_offers_the_form(
    client: TestClient, site: Site, method: str
) -> None:
    """As do links that were cut short, or were made for something else."""
    forgotten = link(site, 4711)
    answer = client.request(method, forgotten, follow_redirects=True)
    assert "was not confirmed in time" in answer.text

    other = site.signer.sign(Purpose.PREFERENCES, 1)
    for token in (forgotten[3:-1], "x", other):
        answer = client.request(method, f"/c/{token}")
        assert answer.status_code == 404
        assert "cut short" in answer.text
        assert 'action="/join/"' in answer.text
    assert not any(row for row in letters(site))


def test_the_snippet_is_the_form_that_the_site_takes(client: TestClient) -> None:
    """Plain HTML with the full address, shown as text."""
    page = client.get("/embed/").text

    assert (
        "&lt;form method=&#34;post&#34; action=&#34;https://tips.example/join/" in page
    )
    assert "script" not in page.partition("<pre")[2].partition("</pre>")[0]


def test_pages_say_what_happens_and_fit(client: TestClient) -> None:
    """Each is small, has a title, and works without a cookie."""
    for path in ("/join/", "/join/sent/", "/embed/", "/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert len(answer.content) < 50_000
        assert "Set-Cookie" not in answer.headers


def test_the_script_may_be_kept_for_a_year(client: TestClient) -> None:
    """Its address changes with its content."""
    path = client.get("/join/").text.partition('<script src="')[2].partition('"')[0]

    answer = client.get(path)

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]


def test_pages_ask_few_questions(
    client: TestClient, site: Site, clock: SetClock, count_queries: object
) -> None:
    """The form one at most, the link's page one, a sign-up a handful."""
    path = link(site, add(site, SubscriberStatus.PENDING, status_at=NOW))
    for address, most in (("/join/", 1), ("/join/sent/", 0), (path, 1)):
        with count_queries() as statements:  # type: ignore[operator]
            client.get(address)
        assert len(statements) <= most, statements
    data = fill_in(client, clock, address="new@example.org")
    with count_queries() as statements:  # type: ignore[operator]
        client.post("/join/", data=data)
    assert len(statements) <= 8, statements
    with site.reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 2
