"""A reader's own page: what they get, how often, and what they had."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from newsletter.tables import AutomaticLetter, DeliveryStatus, LetterKind
from newsletter.web import Site
from newsletter.web.public.preferences import TIPS_ON_A_PAGE
from subscribers.audience import week_ordinal
from subscribers.tables import AddressChange, Subscriber, SubscriberStatus
from subscribers.tokens import Purpose
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_subscriber, make_tip

Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def ann(session: Session) -> int:
    """Ann, who gets the tips."""
    number = make_subscriber(session, "ann@example.org", name="Ann").id or 0
    session.commit()
    return number


def link(site: Site, person: int) -> str:
    """Return the address in a person's letter."""
    return f"/p/{site.signer.sign(Purpose.PREFERENCES, person)}"


def person(session: Session, number: int) -> Subscriber:
    """Return how somebody stands now."""
    session.rollback()
    found = session.get_one(Subscriber, number)
    session.expunge(found)
    # On SQLite a reading session of the tests is a writer, too.
    session.rollback()
    return found


def send(session: Session, number: int, *, weeks: int = 1) -> list[int]:
    """Send somebody the tips of so many weeks; return the issues, oldest first."""
    issues = []
    for week in range(weeks):
        tip = make_tip(session, title=f"Title {week}")
        issue = make_issue(session, tip, slot=f"2026-W{week + 10}")
        reader = session.get_one(Subscriber, number)
        sent = {"status": DeliveryStatus.SENT, "finished_at": NOW - timedelta(days=7)}
        make_delivery(session, issue, reader, **sent)
        issues.append(issue.id or 0)
    session.commit()
    return issues


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_page_is_for_nobody_else(
    client: TestClient, site: Site, ann: int, slash: str, method: str
) -> None:
    """Not kept, not indexed, and its address is told to no other page."""
    answer = client.request(method, link(site, ann) + slash)

    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_says_what_they_get(
    client: TestClient, site: Site, ann: int, count_queries: Counting
) -> None:
    """Where it comes to and how often, with one question to the database."""
    with count_queries() as asked:
        page = client.get(link(site, ann)).text

    assert "ann@example.org" in page
    assert "every week" in page
    assert 'content="noindex' in page
    assert len(asked) == 1


def test_details_are_saved_and_said(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """The form is answered with the page again (303)."""
    typed = {"name": "Ann Lee", "timezone": "europe/berlin", "language": "de"}

    answer = client.post(f"{link(site, ann)}/details/", data=typed)

    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert 'role="status"' in page
    assert 'value="Europe/Berlin"' in page
    assert person(session, ann).name == "Ann Lee"


def test_a_wrong_detail_is_said_beside_its_field(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """What was typed stays, and what is meant is named."""
    typed = {"name": "Anna", "timezone": "Europe/Berlim", "language": ""}

    answer = client.post(f"{link(site, ann)}/details/", data=typed)

    assert answer.status_code == 422
    assert "Did you mean Europe/Berlin?" in answer.text
    assert 'role="alert"' in answer.text
    assert 'value="Europe/Berlim" aria-invalid="true"' in answer.text
    assert 'value="Anna"' in answer.text
    assert person(session, ann).name == "Ann"


def test_every_second_week_counts_from_the_last_tip(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """Whoever had one this week gets none in the next, one in the one after."""
    send(session, ann, weeks=2)

    client.post(f"{link(site, ann)}/rhythm/", data={"every": "2"})

    found = person(session, ann)
    last = week_ordinal(NOW.date().fromisocalendar(2026, 11, 1))
    assert (found.every_weeks, found.since_week) == (2, last)
    assert "every second week" in client.get(link(site, ann)).text
    client.post(f"{link(site, ann)}/rhythm/", data={"every": "1"})
    assert person(session, ann).every_weeks == 1


def test_every_second_week_of_a_newcomer_begins_with_the_next_tip(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """On the Sunday of week 47 the next one is that of week 48."""
    client.post(f"{link(site, ann)}/rhythm/", data={"every": "2"})

    next_week = week_ordinal(NOW.date().fromisocalendar(2026, 48, 1))
    assert person(session, ann).since_week == next_week


def test_a_pause_begins_and_ends_on_request(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """The page says until when, and takes it back."""
    client.post(f"{link(site, ann)}/pause/", data={"weeks": "8"})

    assert person(session, ann).paused_until == NOW + timedelta(weeks=8)
    assert "Go on now" in client.get(link(site, ann)).text
    answer = client.post(f"{link(site, ann)}/on/")
    assert person(session, ann).paused_until is None
    assert "Welcome back" in client.get(answer.headers["Location"]).text


def test_the_tips_that_they_had_are_listed_page_by_page(
    client: TestClient, site: Site, session: Session, ann: int, count_queries: Counting
) -> None:
    """Newest first, each with its page on the site; no letter of anybody else's."""
    number = TIPS_ON_A_PAGE + 3
    send(session, ann, weeks=number)
    make_delivery(session, make_issue(session, make_tip(session, title="Not hers")))
    session.commit()

    with count_queries() as asked:
        first = client.get(f"{link(site, ann)}/tips/").text
    older = first.partition("?before=")[2].partition('"')[0]
    second = client.get(f"{link(site, ann)}/tips/?before={older}").text

    assert len(asked) == 1
    assert first.index(f"Title {number - 1}<") < first.index(f"Title {number - 2}<")
    assert "Title 2<" not in first
    assert "Title 2<" in second
    assert "Older" not in second
    assert "Not hers" not in first + second


@pytest.mark.parametrize("before", ["x", "-1", "", "9" * 30, "٣"])
def test_odd_pages_of_the_list_are_pages(
    client: TestClient, site: Site, ann: int, before: str
) -> None:
    """Whatever the address says, nothing fails."""
    answer = client.get(f"{link(site, ann)}/tips/", params={"before": before})

    assert answer.status_code == 200
    assert "None yet" in answer.text or "no older" in answer.text


def test_a_tip_is_sent_again_a_few_times_a_day(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """The letter of that issue; then the page asks for patience."""
    (issue,) = send(session, ann)
    most = site.settings.signup.letters_per_address

    for _ in range(most):
        answer = client.post(f"{link(site, ann)}/again/", data={"issue": str(issue)})
        assert answer.headers["Location"].endswith("?said=again")
    answer = client.post(f"{link(site, ann)}/again/", data={"issue": str(issue)})

    assert "one day" in client.get(answer.headers["Location"]).text
    letters = session.exec(select(AutomaticLetter)).all()
    assert [letter.kind for letter in letters] == [LetterKind.AGAIN] * most
    assert {letter.to_address for letter in letters} == {"ann@example.org"}


@pytest.mark.parametrize("issue", ["", "x", "-1", "9" * 40, "4711"])
def test_only_what_they_had_is_sent_again(
    client: TestClient, site: Site, session: Session, ann: int, issue: str
) -> None:
    """Nobody gets a coming tip early, or one that is not there."""
    send(session, ann)
    client.post(f"{link(site, ann)}/again/", data={"issue": issue})

    assert session.exec(select(AutomaticLetter)).all() == []


@pytest.mark.parametrize("other", ["nobody@example.org", "listed@example.org"])
def test_a_new_address_is_written_to_whoever_has_it(
    client: TestClient, site: Site, session: Session, ann: int, other: str
) -> None:
    """The page says the same, and the same letter goes out: nobody learns a list."""
    make_subscriber(session, "listed@example.org")
    session.commit()

    answer = client.post(f"{link(site, ann)}/address/", data={"address": other})

    assert answer.headers["Location"].endswith("?said=address")
    (letter,) = session.exec(select(AutomaticLetter))
    assert (letter.kind, letter.to_address) == (LetterKind.NEW_ADDRESS, other)
    assert person(session, ann).address == "ann@example.org"


def test_new_addresses_are_few_a_day(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """Nobody's link is good for writing to strangers."""
    most = site.settings.signup.letters_per_address
    for number in range(most + 3):
        data = {"address": f"stranger{number}@example.org"}
        answer = client.post(f"{link(site, ann)}/address/", data=data)
        assert answer.headers["Location"].endswith("?said=address")

    assert len(session.exec(select(AutomaticLetter)).all()) == most


def test_an_address_that_is_none_is_said(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """Beside its field, with what was typed."""
    answer = client.post(f"{link(site, ann)}/address/", data={"address": "ann@"})

    assert answer.status_code == 422
    assert 'value="ann@" aria-invalid="true"' in answer.text
    assert 'value="Ann"' in answer.text
    assert session.exec(select(AddressChange)).all() == []


def test_whoever_left_is_shown_the_way_back(
    client: TestClient, site: Site, session: Session
) -> None:
    """And none of the forms does anything for them."""
    gone = make_subscriber(session, status=SubscriberStatus.UNSUBSCRIBED).id or 0
    session.commit()
    path = link(site, gone)

    for sub in ("rhythm", "pause", "on"):
        assert client.post(f"{path}/{sub}/", data={"every": "2"}).status_code == 303
    client.post(f"{path}/address/", data={"address": "b@example.org"})

    assert "Come back" in client.get(path).text
    found = person(session, gone)
    assert found.status is SubscriberStatus.UNSUBSCRIBED
    assert (found.every_weeks, found.paused_until) == (1, None)
    assert session.exec(select(AutomaticLetter)).all() == []


def test_nobody_is_behind_some_links(client: TestClient, site: Site) -> None:
    """An erased reader, and the links of previews; forms change nothing."""
    for number, words in ((4_711, "deleted"), (0, "preview")):
        assert words in client.get(link(site, number)).text
        for sub in ("details", "rhythm", "pause", "on", "again"):
            assert client.post(f"{link(site, number)}/{sub}/").status_code == 303


@pytest.mark.parametrize("sub", ["", "/", "/tips/"])
def test_a_link_of_another_kind_opens_nothing(
    client: TestClient, site: Site, ann: int, sub: str
) -> None:
    """The way out is no way in."""
    token = site.signer.sign(Purpose.UNSUBSCRIBE, ann)

    assert client.get(f"/p/{token}{sub}").status_code == 404
