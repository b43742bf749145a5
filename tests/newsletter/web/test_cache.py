"""What is the same for everybody is made once, and never shown when it is not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from newsletter.tables import Tip
from newsletter.web import Site, cache
from newsletter.web.cache import PageCache
from tests.newsletter.archive.shelves import make_public

Header = tuple[bytes, bytes]


class Pages:
    """An application that counts what it was asked for."""

    def __init__(self, *headers: Header, status: int = 200) -> None:
        self.asked: list[str] = []
        self.headers = list(headers)
        self.status = status
        self.body = b"page"
        self.wait: asyncio.Event | None = None
        self.fails = False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer, after whatever it was told to wait for."""
        self.asked.append(f"{scope['method']} {scope['path']}")
        if self.wait:
            await self.wait.wait()
        if self.fails:
            raise RuntimeError("the page is broken")
        start = {"type": "http.response.start", "status": self.status}
        await send({**start, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class Front:
    """A cache before the pages, with a clock and a count of writes that can be set."""

    def __init__(self, pages: Pages, *, seconds: float = 5) -> None:
        self.now = 0.0
        self.writes = 0
        self.cache = PageCache(
            pages,
            seconds=seconds,
            writes=lambda: self.writes,
            clock=lambda: self.now,
        )

    async def ask(
        self, path: str = "/", *headers: Header, method: str = "GET"
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return status, headers and body of the answer."""
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        path, _, query = path.partition("?")
        scope = {"type": "http", "method": method, "path": path}
        scope |= {"query_string": query.encode(), "headers": list(headers)}
        await self.cache(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), sent[-1].get("body", b"")

    def get(
        self, path: str = "/", *headers: Header, method: str = "GET"
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Ask, and wait for the answer."""
        return asyncio.run(self.ask(path, *headers, method=method))


def test_a_page_is_made_once_in_its_seconds() -> None:
    """And again when they are over."""
    front = Front(pages := Pages())

    front.get()
    front.now = 4.9
    front.get(method="HEAD")
    assert pages.asked == ["GET /"]
    front.now = 5
    front.get()
    assert pages.asked == ["GET /", "GET /"]


def test_a_write_makes_every_page_anew() -> None:
    """Also one that came while the page was being made."""
    front = Front(pages := Pages())
    front.get()

    front.writes += 1
    front.get()

    assert len(pages.asked) == 2


def test_a_page_that_was_made_before_a_write_is_not_kept_after_it() -> None:
    """It may show what was true before."""
    front = Front(pages := Pages())

    async def write_meanwhile() -> None:
        pages.wait = asyncio.Event()
        first = asyncio.create_task(front.ask())
        await asyncio.sleep(0)
        front.writes += 1
        pages.wait.set()
        await first
        await front.ask()

    asyncio.run(write_meanwhile())

    assert len(pages.asked) == 2


def test_a_hundred_readers_at_once_cost_one_page() -> None:
    """They wait for the first one's."""
    front = Front(pages := Pages())

    async def hundred() -> list[tuple[int, dict[bytes, bytes], bytes]]:
        pages.wait = asyncio.Event()
        asking = [asyncio.create_task(front.ask()) for _ in range(100)]
        await asyncio.sleep(0)
        pages.wait.set()
        return await asyncio.gather(*asking)

    answers = asyncio.run(hundred())

    assert len(pages.asked) == 1
    assert {(status, body) for status, _, body in answers} == {(200, b"page")}


def test_a_page_that_fails_fails_for_one_reader_at_a_time() -> None:
    """Nobody waits for ever, and the next one tries again."""
    front = Front(pages := Pages())

    async def three() -> list[object]:
        pages.wait, pages.fails = asyncio.Event(), True
        asking = [asyncio.create_task(front.ask()) for _ in range(3)]
        await asyncio.sleep(0)
        pages.wait.set()
        return list(await asyncio.gather(*asking, return_exceptions=True))

    answers = asyncio.run(three())
    pages.wait, pages.fails = None, False

    assert all(isinstance(answer, RuntimeError) for answer in answers)
    assert front.get()[0] == 200


@pytest.mark.parametrize(
    "header",
    [(b"Cache-Control", b"no-store"), (b"set-cookie", b"a=b")],
    ids=["no-store", "cookie"],
)
def test_a_page_for_one_person_is_never_kept(header: Header) -> None:
    """Nor shared with somebody who asks for it at the same moment."""
    front = Front(pages := Pages(header))

    async def two() -> None:
        await asyncio.gather(front.ask(), front.ask())

    asyncio.run(two())
    answer = front.get()

    assert len(pages.asked) == 3
    assert b"etag" not in answer[1]


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_only_pages_that_are_there_are_kept(status: int) -> None:
    """A failure may be over at the next moment."""
    front = Front(pages := Pages(status=status))

    assert front.get()[0] == front.get()[0] == status
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        ("/", ((b"cookie", b"a=b"),), "GET"),
        ("/", ((b"authorization", b"Basic x"),), "GET"),
        ("/?token=1", (), "GET"),
        ("/?q=" + "x" * 300, (), "GET"),
        ("/", (), "POST"),
    ],
)
def test_what_may_differ_goes_past_the_cache(
    path: str, headers: tuple[Header, ...], method: str
) -> None:
    """Whoever brings a cookie, another question, or a form."""
    front = Front(pages := Pages())

    front.get(path, *headers, method=method)
    front.get(path, *headers, method=method)

    assert len(pages.asked) == 2


def test_questions_and_numbers_are_pages_of_their_own() -> None:
    """Search and its pages."""
    front = Front(pages := Pages())

    for path in ("/search/?q=a", "/search/?q=b", "/search/?q=a&page=2", "/search/?q=a"):
        front.get(path)

    assert len(pages.asked) == 3


def test_memory_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were not asked for longest go first; the largest is not kept."""
    monkeypatch.setattr(cache, "MOST_BYTES", 12)
    monkeypatch.setattr(cache, "LARGEST", 8)
    front = Front(pages := Pages())
    for path in ("/a", "/b", "/c", "/a", "/d", "/a"):
        front.get(path)
    assert pages.asked == ["GET /a", "GET /b", "GET /c", "GET /d"]

    front.get("/b")
    pages.body = b"too large"
    front.get("/e")
    front.get("/e")

    assert pages.asked[4:] == ["GET /b", "GET /e", "GET /e"]


@pytest.mark.parametrize("seconds", [0, 5])
def test_what_a_reader_has_is_not_sent_again(seconds: float) -> None:
    """304 by tag or by date, with the page kept or not; HEAD has no body."""
    date = (b"last-modified", b"Sun, 22 Nov 2026 08:00:00 GMT")
    front = Front(Pages(date), seconds=seconds)
    _, headers, body = front.get()
    tag = headers[b"etag"]

    assert body == b"page"
    assert headers[b"cache-control"] == b"no-cache"
    assert front.get("/", (b"if-none-match", b'"x", W/' + tag))[0] == 304
    assert front.get("/", (b"if-none-match", b"*"))[::2] == (304, b"")
    assert front.get("/", (b"if-none-match", b'"x"'))[0] == 200
    assert front.get("/", (b"if-modified-since", date[1]))[0] == 304
    earlier = b"Sun, 22 Nov 2026 07:59:59 GMT"
    assert front.get("/", (b"if-modified-since", earlier))[0] == 200
    assert front.get("/", (b"if-modified-since", b"yesterday"))[0] == 200
    both = (b"if-none-match", b'"x"'), (b"if-modified-since", date[1])
    assert front.get("/", *both)[0] == 200
    assert front.get(method="HEAD")[::2] == (200, b"")


def test_the_site_asks_the_database_once(
    client: TestClient, site: Site, count_queries: Callable[[], Any]
) -> None:
    """And again after a write of its own, which the next page shows."""
    made: Callable[[Any], Tip] = lambda session: make_public(session, "new")  # noqa: E731
    with count_queries() as statements:
        before = client.get("/archive/")
        first = len(statements)
        client.get("/archive/")
        assert len(statements) == first > 0

    site.write(made)

    assert "/tips/new/" not in before.text
    assert "/tips/new/" in client.get("/archive/").text
