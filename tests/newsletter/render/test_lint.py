"""Problems are found before an email goes out, each with what to do about it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.config import Settings
from newsletter.holes import RESERVED_WORD
from newsletter.render import Article, Edition, Level, lint, render_tip, summary

MakeSettings = Callable[..., Settings]


@pytest.mark.parametrize(
    ("body", "level", "said"),
    [
        ("[x](http://example.org)", Level.WARNING, "is not https"),
        ("[x](https://127.0.0.1/a)", Level.WARNING, "a number instead of a host"),
        ("[x](https://[::1]/a)", Level.WARNING, "a number instead of a host"),
        ("[x](https://example.org:8443/a)", Level.WARNING, "an unusual port"),
        ("[](https://example.org)", Level.WARNING, "has no words"),
        ("![](https://example.org/x.png)", Level.WARNING, "has no description"),
        ("Hello {{ name }}", Level.ERROR, "a mark that nothing will fill"),
        ("words " * 16_000, Level.WARNING, "Gmail cuts it at 102 KB"),
        ("words " * 20_000, Level.ERROR, "Gmail cuts it at 102 KB"),
    ],
)
def test_a_tip_with_a_problem_is_found_out(
    article: Article,
    edition: Edition,
    settings: Settings,
    body: str,
    level: Level,
    said: str,
) -> None:
    """Each problem is named, with its level."""
    rendered = render_tip(replace(article, body=f"{body}\n\nEnd."), edition)

    findings = lint(rendered.subject, rendered.html, rendered.text, settings)

    assert [finding.level for finding in findings if said in finding.message][:1] == [
        level
    ]


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        ("", Level.ERROR),
        ("Re: your order", Level.ERROR),
        ("FWD : look", Level.ERROR),
        ("x" * 71, Level.WARNING),
    ],
)
def test_subjects_are_looked_at(
    article: Article, edition: Edition, settings: Settings, subject: str, level: Level
) -> None:
    """Empty, false and overlong subjects are named."""
    rendered = render_tip(article, edition)

    (finding,) = lint(subject, rendered.html, rendered.text, settings)

    assert finding.level is level


@pytest.mark.parametrize(
    ("html", "text", "said"),
    [
        ("<p>x</p>", "x", "The HTML part has no unsubscribe link"),
        ("<p>x</p>", "x", "The text part has no unsubscribe link"),
        ("<p>x</p>", "x", "The text part does not show the postal address"),
        (f"<p>{RESERVED_WORD}-other-end</p>", "", "The HTML holds a mark"),
        ('<a href="">x</a>', "", 'The link "x" leads nowhere'),
        ('<a href="/x">x</a>', "", "is relative"),
        ('<a href="https://example.org:abc/a">x</a>', "", "is no address"),
        ('<img src="cid:x" alt="x">', "", "must have an https address"),
        ("<form></form>", "", "has a <form>"),
        ("<style>" + " " * 8193 + "</style>x", "", "A style block has 8193 bytes"),
    ],
)
def test_what_an_own_template_broke_is_found(
    settings: Settings, html: str, text: str, said: str
) -> None:
    """Lint reads what comes out, whoever wrote the template."""
    findings = lint("Subject", html, text, settings)

    assert any(said in finding.message for finding in findings)


def test_a_missing_postal_address_is_an_error(
    article: Article, edition: Edition, make_settings: MakeSettings
) -> None:
    """Most countries want one by law."""
    rendered = render_tip(article, edition)
    settings = make_settings(identity={"postal_address": ""})

    (finding,) = lint(rendered.subject, rendered.html, rendered.text, settings)

    assert finding.level is Level.ERROR
    assert "identity.postal_address" in finding.message


def test_findings_are_counted(settings: Settings) -> None:
    """One line says how it stands."""
    assert summary(()) == "No problems found."
    assert summary(lint("x" * 71, "x", "x", settings)) == "4 errors, 1 warning."
