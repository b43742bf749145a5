"""Pages that are the same for everybody, kept for a few seconds.

A tip that is read by a thousand people at nine o'clock costs one query. Whoever asks
while a page is being made waits for that one. What a cookie or a token could change is
never kept, and a write of this process empties it. It also gives every such page an
entity tag, so that what a reader has already is not sent again.

Source: RFC 9110 §8.8.3 (ETag), §13.1 (If-None-Match), §15.4.5 (304).
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of all pages together, and of one: more is served as well, and made each time.
MOST_BYTES = 32 * 1024 * 1024
LARGEST = 2 * 1024 * 1024
LONGEST_QUERY = 300
# Questions that give a page; any other could be made up without end.
ALLOWED = {"page", "q"}
# What says who is asking.
PERSONAL = {b"cookie", b"authorization"}
# Headers of a 304: the rest is about a body that is not sent.
ABOUT_THE_PAGE = {
    b"etag",
    b"cache-control",
    b"last-modified",
    b"vary",
    b"content-security-policy",
}
# Kept by the browser, and asked about before it is shown again.
ASK_AGAIN = b"no-cache"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """A whole answer; `made_after` is the last write that it can know of."""

    status: int
    headers: Headers
    body: bytes
    made_at: float
    made_after: int

    @property
    def is_public(self) -> bool:
        """Whether everybody may have it."""
        return (
            self.status == 200
            and b"no-store" not in _value(self.headers, b"cache-control")
            and not _value(self.headers, b"set-cookie")
        )


class PageCache:
    """Stands before the application and answers from memory what it can.

    Args:
        app: what makes the pages.
        seconds: how long a page is served again; 0 for never.
        writes: counts what this process wrote; another number than before means that
            every page may have changed.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        seconds: float,
        writes: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._writes = writes
        self._clock = clock
        self._pages: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0
        # Pages that are being made now, and who waits for them.
        self._coming: dict[str, asyncio.Future[Answer | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _may_be_shared(scope):
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        await _send(scope, answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        key = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        if self._seconds <= 0:
            return await self._made(scope, receive)
        kept = self._kept(key)
        if kept is None and key in self._coming:
            # Cancelling one reader must not cancel the page for the others.
            kept = await asyncio.shield(self._coming[key])
        if kept is not None:
            return kept
        return await self._made_for_all(key, scope, receive)

    async def _made_for_all(self, key: str, scope: Scope, receive: Receive) -> Answer:
        """Make a page; those who ask for it meanwhile get it, too."""
        if key in self._coming:
            # It was asked for, and is for nobody else; so each makes their own.
            return await self._made(scope, receive)
        coming = self._coming[key] = asyncio.get_running_loop().create_future()
        shared: Answer | None = None
        try:
            answer = await self._made(scope, receive)
            if answer.is_public:
                shared = answer
                self._keep(key, answer)
            return answer
        finally:
            del self._coming[key]
            coming.set_result(shared)

    async def _made(self, scope: Scope, receive: Receive) -> Answer:
        """Let the application answer, as to a GET: HEAD has the same headers."""
        before, began = self._writes(), self._clock()
        status, headers, body = 500, list[tuple[bytes, bytes]](), bytearray()

        async def collect(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._app({**scope, "method": "GET"}, receive, collect)
        answer = Answer(status, headers, bytes(body), began, before)
        return _tagged(answer) if answer.is_public else answer

    def _kept(self, key: str) -> Answer | None:
        answer = self._pages.get(key)
        if answer is None:
            return None
        is_old = self._clock() - answer.made_at >= self._seconds
        if is_old or answer.made_after != self._writes():
            self._drop(key)
            return None
        self._pages.move_to_end(key)
        return answer

    def _keep(self, key: str, answer: Answer) -> None:
        if len(answer.body) > LARGEST:
            return
        self._drop(key)
        self._pages[key] = answer
        self._bytes += len(answer.body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: str) -> None:
        gone = self._pages.pop(key, None)
        self._bytes -= len(gone.body) if gone else 0


def _may_be_shared(scope: Scope) -> bool:
    """Tell whether nothing in the request says who asks, or asks for the unusual."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    query: bytes = scope["query_string"]
    if len(query) > LONGEST_QUERY:
        return False
    names = {name for name, _ in parse_qsl(query.decode("latin-1"))}
    return names <= ALLOWED and not any(
        name in PERSONAL for name, _ in scope["headers"]
    )


def _tagged(answer: Answer) -> Answer:
    headers = list(answer.headers)
    if not _value(headers, b"etag"):
        tag = hashlib.blake2b(answer.body, digest_size=12).hexdigest()
        headers.append((b"etag", f'"{tag}"'.encode()))
    if not _value(headers, b"cache-control"):
        headers.append((b"cache-control", ASK_AGAIN))
    return Answer(200, headers, answer.body, answer.made_at, answer.made_after)


async def _send(scope: Scope, answer: Answer, send: Send) -> None:
    status, headers, body = answer.status, answer.headers, answer.body
    if answer.is_public and _is_known(scope["headers"], headers):
        status, body = 304, b""
        headers = [pair for pair in headers if pair[0] in ABOUT_THE_PAGE]
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_known(asked: Headers, headers: Headers) -> bool:
    """Tell whether the reader says that they have this very page."""
    tags = _value(asked, b"if-none-match")
    if tags:
        # Weak comparison, as this header asks for.
        own = _value(headers, b"etag")
        known = {tag.strip().removeprefix(b"W/") for tag in tags.split(b",")}
        return tags.strip() == b"*" or own in known
    since, changed = (
        _moment(_value(asked, b"if-modified-since")),
        _moment(_value(headers, b"last-modified")),
    )
    return since is not None and changed is not None and changed <= since


def _moment(written: bytes) -> float | None:
    try:
        return parsedate_to_datetime(written.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None


def _value(headers: Headers, name: bytes) -> bytes:
    return next((value for key, value in headers if key.lower() == name), b"")
