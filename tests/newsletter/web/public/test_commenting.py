"""Comments from a browser: what is right is kept, and what is wrong is said."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import Engine, select
from sqlmodel import Session, SQLModel

from newsletter import comments, db, notices
from newsletter.tables import CommentStatus, NoticeKind, Tip, TipComment
from newsletter.web import Site, build
from subscribers.addresses import parse_address
from tests.conftest import NOW
from tests.desks import SetClock
from tests.factories import make_comment, make_tip
from tests.sites import fill_in, site_on

CountQueries = Callable[[], AbstractContextManager[list[str]]]
PATH = "/tips/listen/comments/"
TYPED = {"name": "Zoë", "address": "Zoe@example.org", "text": "So true.\n\nReally."}
HELD, SHOWN = CommentStatus.HELD, CommentStatus.SHOWN


def rows(engine: Engine) -> list[TipComment]:
    """Return all comments, oldest first."""
    with Session(engine) as session:
        return list(session.scalars(select(TipComment).order_by(TipComment.id)))  # type: ignore[arg-type]


def add(engine: Engine, tip: Tip, **more: object) -> int:
    """Write a comment below the tip, and return its number."""
    with db.transaction(engine) as session:
        return make_comment(session, tip, **more).id or 0  # type: ignore[arg-type]


def key_of(site: Site, address: str = "zoe@example.org") -> str:
    """Return what the author of an address is known by."""
    return site.hasher.hash(parse_address(address).key)


@pytest.mark.usefixtures("tip")
def test_a_first_comment_waits_and_the_operator_is_told(
    client: TestClient, clock: SetClock, engine: Engine, site: Site
) -> None:
    """Once a day, with the words and the commands; the address is kept nowhere."""
    for text in ("So true.\n\nReally.", "Another."):
        answer = client.post(
            PATH, data=fill_in(client, clock, PATH, **TYPED | {"text": text})
        )
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/tips/listen/#held"

    one, two = rows(engine)
    assert (one.author, one.body, one.status) == ("Zoë", TYPED["text"], HELD)
    assert two.status is HELD
    assert one.author_key == key_of(site)
    with Session(engine) as session:
        (notice,) = notices.recent(session, since=NOW)
        kept = [
            session.execute(select(table)).all()
            for table in SQLModel.metadata.tables.values()
        ]
    assert notice.kind is NoticeKind.COMMENT_HELD
    assert 'Zoë wrote about "Listen <first>": "So true. Really."' in notice.message
    assert f"newsletter comments approve {one.id}" in notice.message
    assert "@example.org" not in repr(kept).casefold()


def test_whoever_is_known_shows_at_once(
    client: TestClient, clock: SetClock, engine: Engine, site: Site, tip: Tip
) -> None:
    """And is led to their own words; nobody is told."""
    add(engine, tip, author_key=key_of(site))

    answer = client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

    posted = rows(engine)[-1]
    assert posted.status is SHOWN
    assert answer.headers["Location"] == f"/tips/listen/#comment-{posted.id}"
    with Session(engine) as session:
        assert notices.recent(session, since=NOW) == []


@pytest.mark.usefixtures("tip")
def test_a_first_comment_shows_where_the_operator_wants_it(
    engine: Engine, clock: SetClock
) -> None:
    """`comments.hold_first = false`."""
    site = site_on(engine, clock=clock, comments={"hold_first": False})

    with TestClient(build(site), follow_redirects=False) as client:
        client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

    assert rows(engine)[0].status is SHOWN


def test_an_answer_has_a_page_and_joins_its_thread(
    client: TestClient, clock: SetClock, engine: Engine, tip: Tip, site: Site
) -> None:
    """The page shows what is answered; the form brings its number along."""
    first = add(engine, tip, body="Is it <so>?", author="Bo", author_key=key_of(site))
    path = f"{PATH}{first}/"

    page = client.get(path)
    client.post(PATH, data=fill_in(client, clock, path, **TYPED))

    assert "Is it &lt;so&gt;?" in page.text
    assert "Answer <bdi>Bo</bdi>" in page.text
    with Session(engine) as session:
        (thread,) = comments.shown(session, tip.id or 0)
    assert [reply.author for reply in thread.replies] == ["Zoë"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "Please write a name"),
        ("name", "See https://a.example", "without links or numbers"),
        ("address", "", "Please write your email address"),
        ("address", "zoe@", "is not a usable email address"),
        ("text", " \n ", "Please write something"),
        ("text", "x" * 4_001, "at most 4,000 can be taken"),
    ],
)
@pytest.mark.usefixtures("tip")
def test_what_is_wrong_is_said_at_its_field(
    client: TestClient,
    clock: SetClock,
    engine: Engine,
    field: str,
    value: str,
    words: str,
) -> None:
    """With all that was typed; nothing is written down."""
    typed = TYPED | {field: value}

    answer = client.post(PATH, data=fill_in(client, clock, PATH, **typed))

    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    (alert,) = page.xpath("//*[@role='alert']")
    assert words in alert.text_content()
    (input_,) = page.xpath(f"//*[@name='{field}']")
    assert input_.get("aria-invalid") == "true"
    assert alert.get("id") in input_.get("aria-describedby").split()
    # Browsers drop the line break that begins a textarea.
    fields = page.forms[0].fields
    values = {name: fields[name].removeprefix("\n") for name in TYPED}
    assert values == {name: text.strip() for name, text in typed.items()}
    assert rows(engine) == []


@pytest.mark.usefixtures("tip")
def test_a_robot_learns_nothing(
    client: TestClient, clock: SetClock, engine: Engine
) -> None:
    """Whoever fills in the field that nobody sees is thanked."""
    sent = fill_in(client, clock, PATH, **TYPED, website="https://spam.example")

    answer = client.post(PATH, data=sent)

    assert answer.headers["Location"] == "/tips/listen/#held"
    assert rows(engine) == []


@pytest.mark.usefixtures("tip")
def test_a_form_without_its_time_is_shown_once_more(
    client: TestClient, engine: Engine
) -> None:
    """With the text, so that pressing the button again is enough."""
    answer = client.post(PATH, data=TYPED)

    assert answer.status_code == 422
    assert "press the button" in answer.text
    assert "So true." in answer.text
    assert rows(engine) == []


@pytest.mark.usefixtures("tip")
def test_one_network_writes_so_many_and_no_more(
    engine: Engine, clock: SetClock
) -> None:
    """What is refused still stands in the form."""
    site = site_on(engine, clock=clock, comments={"per_network": 1})
    with TestClient(build(site), follow_redirects=False) as client:
        client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

        answer = client.post(
            PATH, data=fill_in(client, clock, PATH, **TYPED | {"text": "More."})
        )

    assert answer.status_code == 429
    assert "More." in answer.text
    assert len(rows(engine)) == 1


def test_what_is_not_public_cannot_be_discussed(
    client: TestClient, clock: SetClock, engine: Engine, tip: Tip
) -> None:
    """Not a tip to come, not a comment that waits, not one below another tip."""
    held = add(engine, tip, status=HELD)
    with db.transaction(engine) as session:
        other = make_tip(session, "other", published_at=NOW)
        foreign = make_comment(session, other).id
    sent = fill_in(client, clock, PATH, **TYPED)

    for slug in ("queued", "nothing"):
        assert client.get(f"/tips/{slug}/comments/").status_code == 404
        assert client.post(f"/tips/{slug}/comments/", data=sent).status_code == 404
    for number in (held, foreign, 4_711, "x", "9" * 30, "-1"):
        assert client.get(f"{PATH}{number}/").status_code == 404, number


@pytest.mark.usefixtures("tip")
def test_without_comments_there_is_no_form(engine: Engine, clock: SetClock) -> None:
    """`comments.enabled = false`."""
    site = site_on(engine, clock=clock, comments={"enabled": False})

    with TestClient(build(site), follow_redirects=False) as client:
        assert client.get(PATH).status_code == 404
        assert client.post(PATH, data=TYPED).status_code == 404


def test_a_page_costs_few_statements(
    client: TestClient,
    clock: SetClock,
    engine: Engine,
    tip: Tip,
    count_queries: CountQueries,
) -> None:
    """Three at most to show a form, and ten with all that is written down."""
    number = add(engine, tip)
    client.get("/")
    sent = fill_in(client, clock, f"{PATH}{number}/", **TYPED)

    with count_queries() as shown:
        client.get(f"{PATH}{number}/")
    with count_queries() as written:
        client.post(PATH, data=sent)

    assert len(shown) <= 3
    assert len(written) <= 8
    assert client.get(PATH).headers["Cache-Control"] == "no-store"


def talk_at_length(engine: Engine, tip: Tip, *, comments: int = 40) -> None:
    """Write so many comments that they need several pages: nine fill one."""
    with db.transaction(engine) as session:
        for number in range(comments):
            at = NOW - timedelta(minutes=comments - number)
            make_comment(session, tip, f"{number} " + "x" * 1_600, written_at=at)


def test_a_long_talk_has_pages(client: TestClient, engine: Engine, tip: Tip) -> None:
    """Every comment on one, with ways between them and a form on each."""
    talk_at_length(engine, tip)
    path, found = "/tips/listen/", list[str]()

    while path:
        page = html.document_fromstring(client.get(path).text)
        found += [each.text_content() for each in page.xpath("//article[@id]")]
        assert page.xpath("//form[@action='/tips/listen/comments/']")
        assert page.findtext(".//section[@id='comments']/h2") == "40 comments"
        numbers = page.xpath("//nav[@aria-label='Pages of comments']")[0]
        path = next(iter(numbers.xpath(".//a[@rel='next']/@href")), "")

    said = [words.split("2026")[1].split()[0] for words in found]
    assert said == [f"{number}" for number in range(40)]


def test_a_comment_leads_to_its_page(
    client: TestClient, clock: SetClock, engine: Engine, site: Site, tip: Tip
) -> None:
    """Whoever is known sees it where it stands, however many were before."""
    talk_at_length(engine, tip)
    add(engine, tip, author_key=key_of(site), written_at=NOW)

    answer = client.post(PATH, data=fill_in(client, clock, PATH, **TYPED))

    path, _, place = answer.headers["Location"].partition("#")
    assert path == "/tips/listen/comments/page/5/"
    page = html.document_fromstring(client.get(path).text)
    assert "So true." in page.get_element_by_id(place).text_content()


@pytest.mark.parametrize(
    ("page", "status"), [("1", 301), ("2", 200), ("6", 404), ("0", 404), ("x", 404)]
)
def test_a_page_of_comments_has_one_address(
    client: TestClient, engine: Engine, tip: Tip, page: str, status: int
) -> None:
    """The first is the tip's own; what is not there says what is."""
    talk_at_length(engine, tip)

    answer = client.get(f"{PATH}page/{page}/")

    assert answer.status_code == status
    if status == 301:
        assert answer.headers["Location"] == "/tips/listen/#comments"
    if status == 404:
        assert "numbered from 1 to 5" in answer.text


def test_a_tip_that_is_not_public_has_no_pages_of_comments(client: TestClient) -> None:
    """Nobody can guess one."""
    assert client.get("/tips/unknown/comments/page/2/").status_code == 404


def test_a_page_of_comments_costs_few_statements(
    client: TestClient, engine: Engine, tip: Tip, count_queries: CountQueries
) -> None:
    """The tip, and all that was said."""
    talk_at_length(engine, tip)

    with count_queries() as statements:
        client.get(f"{PATH}page/2/")

    assert len(statements) == 2
