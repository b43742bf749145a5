"""The recipes: a tip, a notice or an automatic letter into a subject and two bodies.

A tip is done once for each issue; what differs between readers is left as holes. An
automatic letter is to one person, and has none.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup as Safe

from newsletter.errors import BadTemplate, ReservedWords
from newsletter.holes import (
    MARKS,
    RESERVED_WORD,
    Hole,
    preferences_url,
    unsubscribe_url,
    view_url,
)
from newsletter.render.content import Article, Edition, NoticeContent, Rendered
from newsletter.render.dates import issue_day
from newsletter.render.markdown import without_controls
from newsletter.render.markup import to_markup
from newsletter.render.plain import opening_words, shorten, to_plain
from newsletter.render.templates import fill_template, inline_styles

# What an inbox shows beside the subject.
PREVIEW_LENGTH = 90


def render_tip(
    article: Article, edition: Edition, *, own_templates: Path | None = None
) -> Rendered:
    """Render a tip as the email that every reader gets, with holes.

    Args:
        own_templates: the operator's folder (``email.templates``), if there is one.

    Raises:
        BadTemplate: a template is missing or wrong, or its subject is empty.
        ReservedWords: the tip contains the word that marks a hole.
    """
    if RESERVED_WORD in repr(article):
        raise ReservedWords(where=f'The tip "{article.slug}"', word=RESERVED_WORD)
    values = article_parts(article, edition) | {
        "edition": edition,
        "day": issue_day(edition.day, edition.language),
        "title": article.title,
        "preview": preview_of(article),
        "greeting": MARKS[Hole.GREETING],
        "signed_up": MARKS[Hole.SIGNED_UP],
        "unsubscribe_url": unsubscribe_url(edition.base_url, MARKS[Hole.UNSUBSCRIBE]),
        "preferences_url": preferences_url(edition.base_url, MARKS[Hole.PREFERENCES]),
        "view_url": view_url(edition.base_url, MARKS[Hole.VIEW]),
    }
    return _render("email/tip", values, own_templates)


def render_notice(
    notice: NoticeContent, edition: Edition, *, own_templates: Path | None = None
) -> Rendered:
    """Render automatic mail to the operator; it has no holes.

    Raises:
        BadTemplate: a template is missing or wrong, or its subject is empty.
    """
    values = {
        "notice": notice,
        "edition": edition,
        "day": issue_day(edition.day, edition.language),
        "title": notice.title,
        "preview": shorten(" ".join(notice.paragraphs), limit=PREVIEW_LENGTH),
    }
    return _render("email/notice", values, own_templates)


def render_automatic(
    kind: str,
    values: Mapping[str, Any],
    edition: Edition,
    *,
    own_templates: Path | None = None,
) -> Rendered:
    """Render an automatic letter to one person; its subject is its title, too.

    Args:
        kind: the folder of its templates in ``email``.
        values: what its templates say beside what surrounds every letter.

    Raises:
        BadTemplate: a template is missing or wrong, or its subject is empty.
    """
    said: dict[str, Any] = {
        "edition": edition,
        "day": issue_day(edition.day, edition.language),
        "preview": "",
        "privacy_url": f"{edition.base_url}/privacy/",
        **values,
    }
    folder = f"email/{kind}"
    subject = _subject(folder, said, own_templates)
    return _render(folder, {"title": subject} | said, own_templates)


def article_parts(article: Article, edition: Edition) -> dict[str, Any]:
    """Return the body of a tip for a letter that holds one: as HTML and as text."""
    page_url = edition.tip_url(article.slug)
    markup = to_markup(article.body, direction=edition.direction, page_url=page_url)
    return {
        "article": article,
        "page_url": page_url,
        "body_html": Safe(markup.body),  # noqa: S704 - cleaned by nh3
        "takeaway_html": Safe(markup.takeaway),  # noqa: S704 - cleaned by nh3
        "body_text": to_plain(article.body, page_url=page_url),
    }


def preview_of(article: Article) -> str:
    """Return the words that an inbox shows after the subject, which is the title."""
    summary = " ".join(article.summary.split())
    if summary and not summary.casefold().startswith(article.title.casefold()):
        return shorten(summary, limit=PREVIEW_LENGTH)
    return opening_words(article.body, limit=PREVIEW_LENGTH)


def _render(name: str, values: dict[str, Any], own: Path | None) -> Rendered:
    subject = _subject(name, values, own)
    text = without_controls(fill_template(f"{name}/body.txt", values, own=own))
    html = without_controls(fill_template(f"{name}/body.html", values, own=own))
    return Rendered(subject, _tidy(text), inline_styles(html))


def _subject(name: str, values: dict[str, Any], own: Path | None) -> str:
    subject = " ".join(fill_template(f"{name}/subject.txt", values, own=own).split())
    if not subject:
        raise BadTemplate(template=f"{name}/subject.txt", reason="it came out empty")
    return subject


def _tidy(text: str) -> str:
    """Drop trailing spaces and runs of empty lines, which templates leave behind."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        bare = line.rstrip()
        if bare or (lines and lines[-1]):
            lines.append(bare)
    return "\n".join(lines) + "\n"
