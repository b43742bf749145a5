"""Every page can be used by everybody: axe-core finds nothing, at any width and scheme.

Source: WCAG 2.2, levels A and AA.
"""

from pathlib import Path

import axe_playwright_python
import pytest

from tests.browser.conftest import OpenPage
from tests.tour import Tour

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROWEST = 320
PICTURE_OF_A_TIP = "https://example.org/van.jpg"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_keeps_anybody_out(
    tour: tuple[Tour, str], open_page: OpenPage, width: int, scheme: str
) -> None:
    """No violation on any page."""
    found = []
    for path in (*tour[0].public, *tour[0].personal):
        page = open_page(path, width=width, scheme=scheme, bypass_csp=True)
        page.evaluate(AXE)
        result = page.evaluate("(tags) => axe.run({runOnly: tags})", RULES)
        found += [
            f"{path}: {violation['id']}: {node['html'][:120]}: {violation['help']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]

    assert not found, "\n".join(found)


def test_no_page_scrolls_sideways_on_the_narrowest_screen(
    tour: tuple[Tour, str], open_page: OpenPage
) -> None:
    """At 320 px everything fits (WCAG 1.4.10)."""
    wide = []
    for path in (*tour[0].public, *tour[0].personal):
        page = open_page(path, width=NARROWEST)
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > NARROWEST:
            wide.append(f"{path} is {needed} px wide")

    assert not wide, "\n".join(wide)


def test_no_page_asks_anybody_else_for_anything(
    tour: tuple[Tour, str], open_page: OpenPage
) -> None:
    """No request leaves the site, no cookie is set, and the policy stops nothing.

    But for a picture that an author put into a tip.
    """
    _, where = tour
    others: list[str] = []
    complaints: list[str] = []
    for path in (*tour[0].public, *tour[0].personal):
        page = open_page("/privacy/")
        page.on("request", lambda request: others.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(where + path)
        page.wait_for_load_state("networkidle")
        assert page.context.cookies() == [], path

    assert {url for url in others if not url.startswith(where)} <= {PICTURE_OF_A_TIP}
    assert [text for text in complaints if "Content Security Policy" in text] == []
