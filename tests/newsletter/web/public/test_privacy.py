"""The privacy page: the operator's words, or ours, which are true."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from newsletter.web import Site, build
from newsletter.web.public.privacy import in_words
from tests.sites import site_on

PATH = "/privacy/"


def asked(site: Site) -> TestClient:
    """Return a browser for a site."""
    return TestClient(build(site), follow_redirects=False)


def test_ours_says_what_the_settings_say(engine: Engine) -> None:
    """Who we are, and how long what is kept."""
    site = site_on(
        engine,
        signup={"forget_after": "36h"},
        privacy={"keep_left_days": 365},
        identity={"reply_to": "us@example.org", "postal_address": "1 Example Road"},
    )

    text = asked(site).get(PATH).text

    for words in (
        "within 36 hours",
        "noted for 30 days",
        "stays for 365 days",
        'href="mailto:us@example.org"',
        "1 Example Road",
        "There is no cookie",
        'href="/contact/"',
    ):
        assert words in text


def test_an_address_of_the_operators_is_followed(engine: Engine) -> None:
    """Their notice may stand on another site."""
    notice = "https://www.example.com/privacy"

    answer = asked(site_on(engine, web={"privacy": notice})).get(PATH)

    assert answer.status_code == 302
    assert answer.headers["Location"] == notice


@pytest.mark.parametrize(
    ("head", "title"), [("# Our *privacy*\n\n", "Our *privacy*"), ("", "Privacy")]
)
def test_a_file_of_the_operators_is_shown(
    engine: Engine, tmp_path: Path, head: str, title: str
) -> None:
    """As Markdown, cleaned, under one heading, which is its own if it has one."""
    table = "| a |\n|--:|\n| 1 |\n\n# More\n\n*In short: little.*"
    written = f"{head}We keep **little**.\n\n<script>alert(1)</script>\n\n{table}"
    (tmp_path / "privacy.md").write_text(written, "utf-8")
    site = site_on(engine, web={"privacy": "privacy.md"})
    site = replace(site, config=replace(site.config, folder=tmp_path))

    text = asked(site).get(PATH).text

    assert "We keep <strong>little</strong>." in text
    assert "alert(1)" not in text
    assert " style=" not in text
    assert "In short: little." in text
    assert text.count("<h1") == 1
    assert f'<h1 dir="auto">{title}</h1>' in text


def test_a_file_that_is_not_there_gives_way_to_ours(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong setting must not leave readers without a notice; the log says so."""
    site = site_on(engine, web={"privacy": "nothing.md"})

    with caplog.at_level(logging.ERROR):
        answer = asked(site).get(PATH)

    assert answer.status_code == 200
    assert "What we keep about you" in answer.text
    assert "the privacy notice cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=10), "1 hour"),
    ],
)
def test_lengths_of_time_are_said_in_words(length: timedelta, words: str) -> None:
    """As people say them."""
    assert in_words(length) == words
