"""A tip and the templates become a subject, a text part and inlined HTML.

Done once for each issue, with holes for what belongs to one reader (see
`newsletter.holes`). Knows no database and no SMTP, and no headers:
those are `message`'s.
"""

from newsletter.render.content import Article, Edition, Label, NoticeContent, Rendered
from newsletter.render.dates import issue_day, signed_up_words
from newsletter.render.direction import direction_of_language
from newsletter.render.letters import (
    article_parts,
    render_automatic,
    render_notice,
    render_tip,
)
from newsletter.render.lint import Finding, Level, lint, summary
from newsletter.render.templates import fill_template, templates_folder

__all__ = [
    "Article",
    "Edition",
    "Finding",
    "Label",
    "Level",
    "NoticeContent",
    "Rendered",
    "article_parts",
    "direction_of_language",
    "fill_template",
    "issue_day",
    "lint",
    "render_automatic",
    "render_notice",
    "render_tip",
    "signed_up_words",
    "summary",
    "templates_folder",
]
