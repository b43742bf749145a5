"""The home page, and what every page needs beside its text."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter.web.pages import page, site_of, stylesheet
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]


@router.api_route("/", methods=["GET", "HEAD"])
def home(site: ThisSite) -> Response:
    """Say what this is, and how to get it."""
    return page(
        site, "home", title=site.settings.newsletter.name, canonical=site.url("/")
    )


@router.api_route("/site.{version}.css", methods=["GET", "HEAD"])
def css(site: ThisSite, version: str) -> Response:  # noqa: ARG001 - only breaks caches
    """Return the style sheet."""
    return stylesheet(site)
