"""The way out: one button for people, one click for mailbox programs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from newsletter import notices
from newsletter.tables import AutomaticLetter, DeliveryStatus, LetterKind, NoticeKind
from newsletter.web import Site, build
from subscribers import audience, consent
from subscribers.tables import (
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
)
from subscribers.tokens import Purpose, TokenSigner
from tests.conftest import NOW
from tests.factories import make_delivery, make_issue, make_subscriber
from tests.sites import site_on

Counting = Callable[[], AbstractContextManager[list[str]]]

FORM = {"List-Unsubscribe": "One-Click"}
# The page's own form; a browser sends the field with the button.
BY_HAND = {"from": "page"}


@pytest.fixture
def ann(session: Session) -> int:
    """Ann, who gets the tips."""
    number = make_subscriber(session, "ann@example.org", name="Ann").id or 0
    session.commit()
    return number


def link(site: Site, person: int, *, issue: int = 0) -> str:
    """Return the address in a person's letter."""
    return f"/u/{site.signer.sign(Purpose.UNSUBSCRIBE, person, issue)}"


def status(session: Session, person: int) -> SubscriberStatus:
    """Return where somebody stands now."""
    session.expire_all()
    return session.get_one(Subscriber, person).status


def departures(session: Session) -> list[Departure]:
    """Return every departure, in order."""
    session.expire_all()
    return list(session.exec(select(Departure).order_by(col(Departure.id))))


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "body",
    [
        {"data": FORM},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"\x00 nothing that anybody can read"},
        {
            "content": b"--x broken",
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
    ],
    ids=["form", "multipart", "empty", "odd", "broken"],
)
def test_one_click_takes_a_person_off_at_once(
    client: TestClient,
    site: Site,
    session: Session,
    ann: int,
    body: dict[str, object],
    slash: str,
) -> None:
    """Whatever the body, 200 comes directly: no cookie, no redirect (RFC 8058 §3)."""
    answer = client.post(link(site, ann) + slash, **body)  # type: ignore[arg-type]

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert status(session, ann) is SubscriberStatus.UNSUBSCRIBED
    assert [each.way for each in departures(session)] == [DepartureWay.ONE_CLICK]


def test_one_click_again_is_no_error_and_no_second_departure(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """Automatic senders repeat themselves."""
    answers = [client.post(link(site, ann), data=FORM) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(departures(session)) == 1
    assert len(consent.history(session, ann)) == 1


def test_one_click_for_somebody_who_is_no_more(
    client: TestClient, site: Site, session: Session
) -> None:
    """An erased person, or an id that never was: 200, and nothing is written."""
    gone = make_subscriber(session, status=SubscriberStatus.ERASED).id or 0
    session.commit()

    for person in (gone, 4_711):
        assert client.post(link(site, person), data=FORM).status_code == 200

    assert departures(session) == []


def test_the_page_has_one_button_and_changes_nothing(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """GET and HEAD show whom it is about, and leave them alone."""
    for method in ("GET", "HEAD"):
        answer = client.request(method, link(site, ann))
        assert answer.status_code == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    page = client.get(link(site, ann)).text

    assert page.count("<button") == 1
    assert "a…@example.org" in page
    assert "ann@example.org" not in page
    assert 'name="robots" content="noindex' in page
    assert status(session, ann) is SubscriberStatus.ACTIVE
    assert departures(session) == []


def test_the_button_leads_to_the_goodbye_page(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """A form is answered with a page that may be loaded again (RFC 9110 §15.4.4)."""
    answer = client.post(f"{link(site, ann)}/", data=BY_HAND)

    assert answer.status_code == 303
    assert status(session, ann) is SubscriberStatus.UNSUBSCRIBED
    (departure,) = departures(session)
    assert (departure.way, departure.state) == (
        DepartureWay.PAGE,
        DepartureState.FINAL,
    )
    page = client.get(answer.headers["Location"]).text
    assert "You have left" in page
    for offer in ("back/", "pause/", "why/"):
        assert f'action="{link(site, ann)}/{offer}"' in page


def test_whoever_left_may_come_back(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """One button on the goodbye page; the proof has its words."""
    client.post(link(site, ann), data=FORM)

    answer = client.post(f"{link(site, ann)}/back/")

    assert answer.status_code == 303
    assert status(session, ann) is SubscriberStatus.ACTIVE
    assert "You are on the list" in client.get(answer.headers["Location"]).text
    last = consent.history(session, ann)[-1]
    assert last.wording == "Send me the tips again"
    assert last.page.endswith("/u/")


@pytest.mark.parametrize(("asked", "given"), [("8", 8), ("9999", 2), ("x", 2)])
def test_whoever_left_may_pause_instead(
    client: TestClient, site: Site, session: Session, ann: int, asked: str, given: int
) -> None:
    """They are back by themselves when the pause is over."""
    client.post(link(site, ann), data=FORM)

    answer = client.post(f"{link(site, ann)}/pause/", data={"weeks": asked})

    assert status(session, ann) is SubscriberStatus.ACTIVE
    person = session.get_one(Subscriber, ann)
    assert person.paused_until == NOW + timedelta(weeks=given)
    assert audience.count_mailable(session) == 0
    assert "Your letters pause" in client.get(answer.headers["Location"]).text


def test_whoever_left_may_say_why(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """Their words are kept with the departure, and thanked for once."""
    client.post(link(site, ann), data=FORM)

    answer = client.post(f"{link(site, ann)}/why/", data={"why": "Too <many>."})

    (departure,) = departures(session)
    assert departure.why == "Too <many>."
    page = client.get(answer.headers["Location"]).text
    assert "Thank you" in page
    assert "why/" not in page


def test_a_page_for_whoever_left_offers_no_second_leaving(
    client: TestClient, site: Site, ann: int
) -> None:
    """The link of an old letter then shows the goodbye page."""
    client.post(link(site, ann), data=FORM)

    assert "You have left" in client.get(link(site, ann)).text


def test_whoever_complained_is_not_offered_to_come_back(
    client: TestClient, site: Site, session: Session
) -> None:
    """They must sign up, with a letter that confirms it."""
    person = make_subscriber(session, status=SubscriberStatus.COMPLAINED).id or 0
    session.commit()

    page = client.get(link(site, person)).text
    client.post(f"{link(site, person)}/back/")

    assert "back/" not in page
    assert status(session, person) is SubscriberStatus.COMPLAINED


@pytest.mark.parametrize("token", ["x", "x" * 39, "%00", "a" * 500])
def test_a_broken_link_is_a_page_that_says_so(client: TestClient, token: str) -> None:
    """Neither GET nor POST of it does anything."""
    for method in ("GET", "HEAD", "POST"):
        assert client.request(method, f"/u/{token}").status_code == 404


def test_a_link_for_something_else_takes_nobody_off(
    client: TestClient, site: Site, session: Session, ann: int
) -> None:
    """The token of the preferences is worthless here, and so is another secret's."""
    others = TokenSigner([b"x" * 32]).sign(Purpose.UNSUBSCRIBE, ann)
    for token in (site.signer.sign(Purpose.PREFERENCES, ann), others):
        assert client.post(f"/u/{token}", data=FORM).status_code == 404

    assert status(session, ann) is SubscriberStatus.ACTIVE


def test_a_link_outlives_the_secret(engine: Engine, session: Session, ann: int) -> None:
    """Former secrets go on taking people off (STANDARDS B10)."""
    former = "the secret of last year, long enough"
    token = TokenSigner([former.encode()]).sign(Purpose.UNSUBSCRIBE, ann, 1)
    site = site_on(engine, newsletter={"old_secrets": [former]})

    with TestClient(build(site), follow_redirects=False) as client:
        assert client.post(f"/u/{token}").status_code == 200

    assert status(session, ann) is SubscriberStatus.UNSUBSCRIBED


def test_a_preview_is_about_nobody(
    client: TestClient, site: Site, session: Session
) -> None:
    """Its links work and change nothing."""
    page = client.get(link(site, 0)).text
    answers = [
        client.post(f"{link(site, 0)}{sub}", data=BY_HAND)
        for sub in ("", "/back/", "/pause/", "/why/")
    ]

    assert "preview" in page
    assert [answer.status_code for answer in answers] == [303] * 4
    assert "only a preview" in client.get(answers[0].headers["Location"]).text
    assert departures(session) == []


def test_a_burst_is_held_and_told_once(
    site: Site, client: TestClient, session: Session
) -> None:
    """All are off the list; the operator hears of it once, with the command."""
    issue = make_issue(session)
    burst = site.settings.leaving.burst
    people = []
    for _ in range(burst + 2):
        person = make_subscriber(session)
        sent = {
            "status": DeliveryStatus.SENT,
            "finished_at": NOW - timedelta(seconds=5),
        }
        make_delivery(session, issue, person, **sent)
        people.append(link(site, person.id or 0, issue=issue.id or 0))
    session.commit()

    for path in people:
        assert client.post(path, data=FORM).status_code == 200

    found = departures(session)
    assert {each.state for each in found} == {DepartureState.HELD}
    assert {each.seconds_after_letter for each in found} == {5}
    assert audience.count_mailable(session) == 0
    said = notices.recent(session, since=NOW)
    assert [notice.kind for notice in said] == [NoticeKind.LEAVING_HELD]
    assert "newsletter subscribers held" in said[0].message
    assert session.exec(select(AutomaticLetter)).all() == []


@pytest.mark.parametrize("wanted", [True, False])
def test_a_goodbye_is_the_operators_choice(
    engine: Engine, session: Session, ann: int, wanted: bool
) -> None:
    """At most one letter follows, and none by default."""
    site = site_on(engine, welcome={"goodbye": wanted})

    with TestClient(build(site), follow_redirects=False) as client:
        for _ in range(2):
            client.post(link(site, ann), data=FORM)

    letters = session.exec(select(AutomaticLetter)).all()
    assert [letter.kind for letter in letters] == [LetterKind.GOODBYE] * wanted
    assert [letter.to_address for letter in letters] == ["ann@example.org"] * wanted


def test_leaving_asks_the_database_little(
    client: TestClient, site: Site, session: Session, count_queries: Counting
) -> None:
    """Six statements at most for a click, five for a page."""
    issue = make_issue(session)
    person = make_subscriber(session)
    sent = {"status": DeliveryStatus.SENT, "finished_at": NOW}
    make_delivery(session, issue, person, **sent)
    path = link(site, person.id or 0, issue=issue.id or 0)
    session.commit()

    with count_queries() as page:
        client.get(path)
    with count_queries() as click:
        client.post(path, data=FORM)

    assert len(page) == 1
    assert len(click) <= 6, click
