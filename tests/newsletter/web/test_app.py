"""What every answer of the site has in common."""

import pytest
from fastapi.testclient import TestClient

from newsletter.web import Site, build


def test_every_answer_says_what_a_browser_may_do(client: TestClient) -> None:
    """Pages and failures alike carry the strict policy and the safe headers."""
    for path in ("/", "/nothing-here"):
        headers = client.get(path).headers

        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_even_a_failure_of_ours_is_a_safe_page(site: Site) -> None:
    """No stack trace, and the same headers."""
    app = build(site)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a secret")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_unknown_address_is_a_page_that_helps(client: TestClient) -> None:
    """404 is said in words, with a way on."""
    answer = client.get("/nothing-here")

    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/search/"' in answer.text


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    """405 carries Allow (RFC 9110 §15.5.6)."""
    answer = client.delete("/")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_form_that_is_too_large_is_refused(client: TestClient, site: Site) -> None:
    """Nobody fills the memory with a form."""
    most = site.settings.web.max_request_kib * 1024

    assert client.post("/", content=b"x" * (most + 1)).status_code == 413


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_style_sheet_may_be_kept_for_a_year(
    client: TestClient, method: str
) -> None:
    """Its address changes with its content."""
    page = client.get("/").text
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]

    answer = client.request(method, path)

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/css")
