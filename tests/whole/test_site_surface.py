"""Whatever is sent to the site, it answers, and never with a failure of its own.

Schemathesis makes up requests for every address from their description.
"""

from collections.abc import Iterator

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from newsletter import db
from newsletter.web import build
from tests.surface import schema_of
from tests.tour import Tour, fill

REQUESTS_OF_AN_ADDRESS = 40


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """A site with something on every page."""
    folder = tmp_path_factory.mktemp("surface")
    engine = db.connect(f"sqlite:///{folder / 'newsletter.db'}")
    yield fill(engine, folder, weeks=3)
    engine.dispose()


def test_no_request_makes_it_fail(tour: Tour) -> None:
    """Odd places, queries, headers and forms are refused with a page, not with 5xx."""
    schema = schemathesis.openapi.from_dict(schema_of(tour.site))
    asked: list[str] = []

    with TestClient(build(tour.site), raise_server_exceptions=False) as client:
        for found in schema.get_all_operations():
            operation = found.ok()

            @settings(
                max_examples=REQUESTS_OF_AN_ADDRESS,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                sent = case.as_transport_kwargs(base_url="https://tips.example")
                sent.pop("cookies", None)
                answer = client.request(**sent, follow_redirects=False)
                assert answer.status_code < 500, f"{case.method} {sent['url']}"

            ask()
            asked.append(operation.label)

    assert "GET /" in asked
