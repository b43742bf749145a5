"""Fill a page's template, with what stands around every page."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from newsletter.config import Settings
from newsletter.render import direction_of_language, fill_template
from newsletter.web import guard
from newsletter.web.site import Site

A_DAY = "public, max-age=86400"
A_YEAR = "public, max-age=31536000, immutable"
# One sign-up, comment or contact form looks like another.
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Joining:
    """What the form to join shows: what was typed, and what was wrong with it."""

    address: str = ""
    name: str = ""
    timezone: str = ""
    wrong_address: str = ""
    wrong_name: str = ""
    wrong_timezone: str = ""

    @property
    def is_opened(self) -> bool:
        """Tell whether the part that may be left out is shown.

        A time zone alone was guessed, most likely; it comes along unseen.
        """
        return bool(self.name or self.wrong_name or self.wrong_timezone)


async def site_of(request: Request) -> Site:
    """Return what every page has at hand; a FastAPI dependency.

    Not that it waited for anything: others are run in a thread, which costs more.
    """
    site: Site = request.app.state.site
    return site


def page(
    site: Site,
    name: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> HTMLResponse:
    """Return the page of the template ``web/<name>.html``.

    Args:
        site: what every page has at hand.
        name: the template.
        status: HTTP status.
        headers: of this response only.
        values: what the template shows; `title` always, without the newsletter's name.

    Raises:
        BadTemplate: the template cannot be used.
    """
    settings = site.settings
    around = {
        "newsletter": settings.newsletter,
        "identity": settings.identity,
        "footer": settings.links.footer,
        "web": settings.web,
        "signup": settings.signup,
        "direction": direction_of_language(settings.newsletter.language),
        "stylesheet": stylesheet_path(site),
        "join_script": script_path(site, "join"),
        "join_guard": partial(guard.fields, site, guard.JOIN, now=site.clock()),
        "joining": Joining(),
        "url": site.url,
        "description": settings.web.tagline,
        "canonical": "",
        "robots": "",
        "feed": "/feed.xml",
        "kind": "website",
        "card": "",
    }
    body = fill_template(f"web/{name}.html", around | values, own=site.templates)
    return HTMLResponse(body, status_code=status, headers=headers)


def stylesheet(site: Site) -> Response:
    """Return the one style sheet, with the newsletter's colours."""
    css, _ = _css(site.templates, _colours(site.settings))
    return Response(css, media_type="text/css", headers={"Cache-Control": A_YEAR})


def icon(site: Site) -> Response:
    """Return the small picture of the site, in its colour."""
    values = {"accent": site.settings.email.accent}
    svg = fill_template("web/icon.svg", values, own=site.templates)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": A_DAY})


def stylesheet_path(site: Site) -> str:
    """Return the address of the style sheet, which changes with what is in it."""
    _, version = _css(site.templates, _colours(site.settings))
    return f"/site.{version}.css"


def script(site: Site, name: str) -> Response:
    """Return one of our few scripts; no page needs it to work."""
    text, _ = _script(site.templates, name)
    headers = {"Cache-Control": A_YEAR}
    return Response(text, media_type="text/javascript", headers=headers)


def script_path(site: Site, name: str) -> str:
    """Return the address of a script, which changes with what is in it."""
    _, version = _script(site.templates, name)
    return f"/{name}.{version}.js"


def _colours(settings: Settings) -> tuple[str, str]:
    return settings.email.accent, settings.email.accent_dark


@lru_cache(maxsize=8)
def _css(own: Path | None, colours: tuple[str, str]) -> tuple[str, str]:
    accent, accent_dark = colours
    values = {"accent": accent, "accent_dark": accent_dark}
    css = fill_template("web/site.css", values, own=own)
    return css, hashlib.sha256(css.encode()).hexdigest()[:12]


@lru_cache(maxsize=8)
def _script(own: Path | None, name: str) -> tuple[str, str]:
    text = fill_template(f"web/{name}.js", {}, own=own)
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]
