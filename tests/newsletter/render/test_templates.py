"""Templates: found, filled strictly, and taken from the operator first."""

from pathlib import Path

import pytest
from premailer import Premailer

from newsletter.errors import BadTemplate
from newsletter.render import Article, Edition, render_tip, templates_folder
from newsletter.render.templates import fill_template, inline_styles


def test_our_templates_are_found() -> None:
    """The folder has the three files of each email."""
    for name in ("tip", "notice"):
        folder = templates_folder() / "email" / name
        assert {path.name for path in folder.iterdir()} == {
            "subject.txt", "body.txt", "body.html",
        }  # fmt: skip


def test_an_operators_file_takes_the_place_of_ours(
    tmp_path: Path, article: Article, edition: Edition
) -> None:
    """One file is replaced; the others, and the layout, are still ours."""
    (tmp_path / "email" / "tip").mkdir(parents=True)
    own = tmp_path / "email" / "tip" / "subject.txt"
    own.write_text("Tip: {{ article.title }}")

    rendered = render_tip(article, edition, own_templates=tmp_path)

    assert rendered.subject == "Tip: Say what happens next"
    assert rendered.html == render_tip(article, edition).html


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ article.nothing }}", "has no attribute 'nothing'"),
        ("a\n{% if %}", "x.txt, line 2"),
        ("{% include 'none.txt' %}", "none.txt"),
    ],
)
def test_a_wrong_template_says_what_is_wrong(
    tmp_path: Path, article: Article, template: str, reason: str
) -> None:
    """A name that a template does not get is an error, never an empty place."""
    (tmp_path / "x.txt").write_text(template)

    with pytest.raises(BadTemplate, match=r"x\.txt") as caught:
        fill_template("x.txt", {"article": article}, own=tmp_path)

    assert reason in str(caught.value)


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    """What an operator writes is data: markup in it is shown, braces are left alone."""
    for name in ("x.txt", "x.html"):
        (tmp_path / name).write_text("{{ words }}")
    values = {"words": "<b>{{ 7 * 7 }}"}

    assert fill_template("x.txt", values, own=tmp_path) == "<b>{{ 7 * 7 }}"
    assert fill_template("x.html", values, own=tmp_path) == "&lt;b&gt;{{ 7 * 7 }}"


def test_the_rules_for_phones_and_the_dark_survive_inlining() -> None:
    """Ordinary rules go into the elements, the marked block stays as it was."""
    kept = "@media (prefers-color-scheme: dark) { p { color: #fff !important; } }"
    html = inline_styles(
        f"<!DOCTYPE html><html><head><style>p {{ margin: 0 }}</style>"
        f'<style data-premailer="ignore">{kept}</style></head>'
        "<body><p>x</p></body></html>"
    )

    assert html.startswith("<!DOCTYPE html>")
    assert f"<style>{kept}</style>" in html
    assert '<p style="margin:0">x</p>' in html
    assert html.count("<style") == 1


def test_a_sheet_that_was_read_before_styles_as_at_first(
    article: Article, edition: Edition
) -> None:
    """What is kept of a sheet says all that premailer would read in it again."""
    rendered = render_tip(article, edition)
    pages = [
        f"<style>{sheet}</style><p class='a'>one<b>two</b></p>"
        for sheet in ("p {color: red}", ".a {color: blue !important} b {margin: 0}")
    ]

    first, again = (
        [inline_styles(html) for html in (*pages, *pages)] for _ in range(2)
    )

    assert first == again
    assert first[:2] == first[2:]
    assert first[0] != first[1]
    assert 'style="color:red"' in first[0]
    assert render_tip(article, edition) == rendered


def test_a_sheet_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many letters it styles: reading it takes longer than all the rest."""
    read: list[str] = []
    original = Premailer._parse_style_rules

    def counted(self: Premailer, css: str, index: int) -> object:
        read.append(css)
        return original(self, css, index)

    monkeypatch.setattr(Premailer, "_parse_style_rules", counted)
    for word in ("one", "two"):
        styled = inline_styles(f"<style>i {{margin: 7px}}</style><i>{word}</i>")
        assert f'<i style="margin:7px">{word}</i>' in styled

    assert read == ["i {margin: 7px}"]
