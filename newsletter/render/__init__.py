"""A tip and the templates become a subject, a text part and inlined HTML.

Done once for each issue, with holes for what belongs to one reader (see
`newsletter.holes`). Knows no database and no SMTP, and no headers:
those are `message`'s.
"""

from newsletter.render.browser import BrowserPage, for_browser
from newsletter.render.card import Card
from newsletter.render.card import draw as draw_card
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
from newsletter.render.markup import Markup
from newsletter.render.plain import excerpt, plain_words
from newsletter.render.remarks import remark_html
from newsletter.render.templates import fill_template, templates_folder
from newsletter.render.webpage import for_page

__all__ = [
    "Article",
    "BrowserPage",
    "Card",
    "Edition",
    "Finding",
    "Label",
    "Level",
    "Markup",
    "NoticeContent",
    "Rendered",
    "article_parts",
    "direction_of_language",
    "draw_card",
    "excerpt",
    "fill_template",
    "for_browser",
    "for_page",
    "issue_day",
    "lint",
    "plain_words",
    "remark_html",
    "render_automatic",
    "render_notice",
    "render_tip",
    "signed_up_words",
    "summary",
    "templates_folder",
]
