"""What search engines and people who look for holes ask for.

Source: sitemaps.org 0.9; RFC 9309 (robots.txt); RFC 9116 (security.txt).
"""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response
from lxml import etree

from newsletter import archive
from newsletter.tables import LabelKind
from newsletter.web.pages import site_of
from newsletter.web.site import Site

router = APIRouter()
ThisSite = Annotated[Site, Depends(site_of)]

# More are not allowed in one file, and would be a thousand years of weeks.
MOST_ADDRESSES = 50_000
SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Nobody's pages, and those of one person.
HIDDEN = ("/search/", "/u/", "/p/", "/v/", "/c/")
# RFC 9116 asks for less than a year.
GOOD_FOR = timedelta(days=180)


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
def sitemap(site: ThisSite) -> Response:
    """List every page that is worth finding."""
    with site.reading() as session:
        tips = archive.newest_titles(session, limit=MOST_ADDRESSES // 2)
        tags = archive.labels(session, LabelKind.TAG)
        categories = archive.labels(session, LabelKind.CATEGORY)
    newest = max((tip.changed_at for tip in tips), default=None)
    pages: list[tuple[str, datetime | None]] = [("/", newest), ("/archive/", newest)]
    pages += [(f"/tips/{tip.slug}/", tip.changed_at) for tip in tips]
    pages += [("/tags/", None)] if tags or categories else []
    pages += [(f"/tags/{tag.label.slug}/", None) for tag in tags]
    pages += [(f"/categories/{it.label.slug}/", None) for it in categories]
    root = etree.Element("urlset", xmlns=SPACE)
    for path, changed in pages[:MOST_ADDRESSES]:
        entry = etree.SubElement(root, "url")
        etree.SubElement(entry, "loc").text = site.url(path)
        if changed:
            etree.SubElement(entry, "lastmod").text = changed.date().isoformat()
    written = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return Response(written, media_type="application/xml")


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def robots(site: ThisSite) -> Response:
    """Say what is not for search engines, and where the list of all else is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in HIDDEN)]
    lines += ["", f"Sitemap: {site.url('/sitemap.xml')}", ""]
    return PlainTextResponse("\n".join(lines))


@router.api_route("/.well-known/security.txt", methods=["GET", "HEAD"])
def security(site: ThisSite) -> Response:
    """Say whom to tell about a hole."""
    expires = (site.clock() + GOOD_FOR).replace(hour=0, minute=0, second=0)
    lines = [
        f"Contact: {site.url('/contact/')}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {site.settings.newsletter.language}",
        f"Canonical: {site.url('/.well-known/security.txt')}",
        "",
    ]
    return PlainTextResponse("\n".join(lines))
