"""What is kept about people: the operator's own notice, or ours.

Ours says what this program does, with the settings that are in force. What it cannot
know, such as the logs of a web server in front, it says that it does not know.
"""

import logging
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup as Safe

from newsletter.render import direction_of_language, for_page
from newsletter.sender.posting import KEPT
from newsletter.web.pages import page, site_of
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

log = logging.getLogger(__name__)

ELSEWHERE = "https://"
TITLE = "Privacy"
PATH = "/privacy/"


@router.api_route(PATH, methods=["GET", "HEAD"])
def privacy_page(site: ThisSite) -> Response:
    """Show the privacy notice, wherever it comes from."""
    own, kept = site.settings.web.privacy.strip(), site.settings.privacy.keeps_left
    if own.startswith(ELSEWHERE):
        return RedirectResponse(own, status_code=302)
    markdown = _read(site, own) if own else None
    if markdown is not None:
        return _own_page(site, markdown)
    return page(
        site,
        "privacy",
        title=TITLE,
        canonical=site.url(PATH),
        forget_after=in_words(site.settings.signup.forgets_after),
        letters_kept=in_words(KEPT),
        left_kept=in_words(kept) if kept else "",
        mailbox=site.settings.identity.reply_to or site.settings.identity.from_address,
    )


def in_words(length: timedelta) -> str:
    """Return a length of time such as "14 days"; in hours when it is no whole days."""
    hours = max(1, round(length / timedelta(hours=1)))
    if hours % 24:
        return f"{hours} hour{'s' if hours > 1 else ''}"
    return f"{hours // 24} day{'s' if hours > 24 else ''}"


def _own_page(site: Site, markdown: str) -> Response:
    """Show the operator's notice under its own heading, if it begins with one."""
    head, _, rest = markdown.strip().partition("\n")
    has_title = head.startswith("# ")
    text = for_page(
        rest if has_title else markdown,
        direction=direction_of_language(site.settings.newsletter.language),
        page_url=site.url(PATH),
    )
    return page(
        site,
        "privacy_own",
        title=head.removeprefix("# ").strip() if has_title else TITLE,
        canonical=site.url(PATH),
        text=Safe(f"{text.body}\n{text.takeaway}"),  # noqa: S704 - cleaned by nh3
    )


def _read(site: Site, name: str) -> str | None:
    """Return the operator's notice; None when it cannot be read.

    Ours is shown then, which is true at least; `newsletter doctor` says so, too.
    """
    path = site.config.path(name)
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        facts = {"path": str(path), "reason": str(error)}
        log.error("the privacy notice cannot be read", extra=facts)
        return None
