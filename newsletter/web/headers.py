"""What every response says to the browser, and how large a request may be.

Source: CSP Level 3; OWASP ASVS 5 §3.4; RFC 9110 §15.5.14 (413).
"""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
}
TOO_LARGE = "This is more than the site takes at once.\n"


class SafeResponses:
    """Adds the headers to whatever is answered, unless a page has its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(_without_nul(scope), receive, send_with_headers)


def _without_nul(scope: Scope) -> Scope:
    """Return the request with an address that any database can be asked for."""
    path = scope.get("path", "")
    return {**scope, "path": path.replace("\0", "\ufffd")} if "\0" in path else scope


class SmallRequests:
    """Refuses a body that is larger than any form of ours, without reading it all."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, unless it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._read(receive)
        if body is None:
            refusal = PlainTextResponse(TOO_LARGE, status_code=413)
            await refusal(scope, receive, send)
            return
        told = False

        async def told_once() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, told_once, send)

    async def _read(self, receive: Receive) -> bytes | None:
        body = b""
        while True:
            message = await receive()
            body += bytes(message.get("body", b""))
            if len(body) > self._most:
                return None
            if not message.get("more_body", False):
                return body
