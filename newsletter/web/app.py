"""The application: every address, and what stands around all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from newsletter.web import failures
from newsletter.web.cache import PageCache
from newsletter.web.headers import SafeResponses, SmallRequests
from newsletter.web.public import ROUTERS
from newsletter.web.site import Site

# As many as there are connections in the database's pool.
THREADS = 12
KIB = 1_024


def build(site: Site) -> FastAPI:
    """Return the application that serves *site*.

    Raises:
        MissingSetting: there is no secret, so no link in a letter could be read.
    """
    assert site.signer  # noqa: S101 - better to hear of it now than at the first click
    app = FastAPI(
        title=site.settings.newsletter.name,
        openapi_url=None,
        lifespan=_few_threads,
        redirect_slashes=True,
    )
    app.state.site = site
    for router in ROUTERS:
        app.include_router(router)
    failures.install(app)
    most = site.settings.web.max_request_kib * KIB
    app.add_middleware(SmallRequests, most=most)
    app.add_middleware(SafeResponses)
    # Before all others, so that a page that is kept costs nothing of them.
    app.add_middleware(
        PageCache,
        seconds=site.settings.web.cache_seconds,
        writes=lambda: site.writes.number,
    )
    return app


@asynccontextmanager
async def _few_threads(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield
