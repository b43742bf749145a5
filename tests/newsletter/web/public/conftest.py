"""A site with public tips and a clock to set, and how many statements a page costs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from newsletter import db
from newsletter.tables import Tip, TipComment
from newsletter.web import Site, build
from tests.conftest import NOW
from tests.desks import SetClock
from tests.factories import make_tip
from tests.newsletter.archive.shelves import make_public
from tests.sites import site_on

# What every page of the site keeps to.
MOST_QUERIES = 8
MOST_BYTES = 50_000

BODY = """Borrow *their* glasses, and read it once as a stranger would.

## What to do

| When | Minutes |
|------|--------:|
| Now  | 5       |

*See it once as they do.*
"""


@pytest.fixture
def publish(engine: Engine) -> Callable[..., Tip]:
    """Put a tip on the site; the words are those of `make_public`."""

    def made(slug: str, **facts: Any) -> Tip:
        with db.transaction(engine) as session:
            return make_public(session, slug, **facts)

    return made


@pytest.fixture
def shelf(engine: Engine, publish: Callable[..., Tip]) -> None:
    """Twenty-three public tips of two tags and a category, and one that is queued."""
    for weeks in range(23):
        publish(
            f"week-{weeks}",
            weeks_ago=weeks,
            title=f"Tip of week {weeks}",
            body=BODY,
            tags=("Empathy", "Odd" if weeks % 2 else "Even"),
            category="Tip of the week",
            summary="Read it as a stranger would.",
            author="Ada Reyes",
        )
    tip = publish("talked-about", weeks_ago=30, title="Talked about", body=BODY)
    with db.transaction(engine) as session:
        make_tip(session, "queued", title="Not sent yet", body=BODY)
        for origin, reply_to in (("1", None), ("2", "1"), ("3", None)):
            session.add(
                TipComment(
                    tip_id=tip.id or 0,
                    origin=origin,
                    reply_to=reply_to,
                    author="Zoë <b>",
                    body=f"Said {origin} <script>",
                    written_at=NOW,
                )
            )


@pytest.fixture
def within_bounds(
    client: TestClient,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> Callable[[str], str]:
    """Get a page, see that it is small and cheap, and return it."""

    def got(path: str) -> str:
        with count_queries() as statements:
            answer = client.get(path)
        assert answer.status_code == 200, path
        assert len(statements) <= MOST_QUERIES, (path, statements)
        assert len(answer.content) < MOST_BYTES, path
        assert "Set-Cookie" not in answer.headers
        assert " style=" not in answer.text
        return answer.text

    return got


@pytest.fixture
def clock() -> SetClock:
    """A clock that the test moves."""
    return SetClock(NOW)


@pytest.fixture
def woken() -> list[str]:
    """Filled each time that a letter waits."""
    return []


@pytest.fixture
def site(engine: Engine, clock: SetClock, woken: list[str]) -> Site:
    """A site whose operator asks for nothing unusual."""
    return site_on(engine, clock=clock, wake=lambda: woken.append("now"))


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """A browser that only knows HTTP; a failure of the site fails the test."""
    with TestClient(
        build(site), base_url="https://tips.example", follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def tip(engine: Engine) -> Tip:
    """A tip that everybody can read, and one that is still to come."""
    with db.transaction(engine) as session:
        make_tip(session, "queued")
        return make_tip(session, "listen", title="Listen <first>", published_at=NOW)
