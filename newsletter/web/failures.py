"""Which error becomes which HTTP answer; nothing else decides that."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from newsletter.errors import DatabaseProblem, UnknownComment, UnknownTip
from newsletter.web.headers import HEADERS
from newsletter.web.pages import NO_STORE, page, site_of
from newsletter.web.site import Site
from subscribers.errors import BadToken, SubscribersError

log = logging.getLogger(__name__)

# The first kind that fits counts.
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (UnknownTip, 404),
    (UnknownComment, 404),
    (BadToken, 404),
    (SubscribersError, 400),
    (RequestValidationError, 400),
    (DatabaseProblem, 503),
)
WORDS = {
    400: ("This cannot be used", "Something in the form or the address is not right."),
    403: ("Not from here", "This form was not sent from one of our pages."),
    404: ("There is no such page", "Perhaps the link was cut short, or has expired."),
    405: ("Not like this", "This address takes no such request."),
    413: ("This is too much", "It is more than the site takes at once."),
    429: ("Too many at once", "Please wait a little, then try again."),
    500: ("Something went wrong", "It was written down for whoever looks after this."),
    503: ("Just a moment", "The site cannot reach its database. Please try again."),
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Have every error answered with a page, and none with a stack trace."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    for kind, status in STATUSES:
        app.add_exception_handler(kind, _known(status))


def failure_page(
    site: Site,
    status: int,
    *,
    headers: dict[str, str] | None = None,
    words: str = "",
) -> Response:
    """Return the page that says what *status* means to a reader, or *words*."""
    title, usual = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    return page(
        site,
        "failure",
        status=status,
        # The address may hold a token that nearly works.
        headers=NO_STORE | {"Referrer-Policy": "no-referrer"} | (headers or {}),
        title=title,
        words=words or usual,
        robots="noindex",
    )


def _known(status: int) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        if status >= 500:
            log.error("a page failed", extra={"reason": str(error)})
        return failure_page(await site_of(request), status)

    return answer


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is installed for these
    headers = dict(error.headers or {})
    return failure_page(await site_of(request), error.status_code, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("a page failed", exc_info=error)
    # What answers for an unexpected error stands outside everything else.
    return failure_page(await site_of(request), 500, headers=HEADERS)
