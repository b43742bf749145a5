"""A site on each engine, and a browser that only knows HTTP."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from newsletter.web import Site, build
from tests.sites import site_on


@pytest.fixture
def site(engine: Engine) -> Site:
    """A site whose clock stands still at `tests.conftest.NOW`."""
    return site_on(engine)


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """Asks the site for pages; redirects are answers, and failures are pages."""
    with TestClient(
        build(site),
        base_url="https://tips.example",
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:
        yield client
