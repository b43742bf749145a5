"""A real browser, and a site to look at with it.

Needs Chromium and Java (for the Nu checker): `make test` installs both where it may,
on Debian as root. Elsewhere these tests fail and say what is missing; they are never
skipped.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter import db
from newsletter.web import Server, Site, build
from tests.tour import Tour, fill

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
NAMES = ("chromium", "chromium-browser", "google-chrome")

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, started once for each test process."""
    named = os.environ.get("CHROMIUM") or next(filter(shutil.which, NAMES), None)
    if named is None:
        pytest.fail("Chromium is missing. On Debian: apt install chromium")
    path = shutil.which(named)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tour, str]]:
    """A filled site that is being served, and where."""
    folder = tmp_path_factory.mktemp("tour")
    engine = db.connect(f"sqlite:///{folder / 'newsletter.db'}")
    tour = fill(engine, folder)
    with served(tour.site) as where:
        yield tour, where
    engine.dispose()


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve *site* on a free port, and say where."""
    settings = site.settings
    web = settings.web.model_copy(update={"port": 0})
    with Server(build(site), settings.model_copy(update={"web": web})) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def open_page(browser: Browser, tour: tuple[Tour, str]) -> Iterator[OpenPage]:
    """Open an address of the site at a width, in a scheme, with or without script."""
    contexts = []
    _, where = tour

    def open_it(
        path: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        javascript: bool = True,
        bypass_csp: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=javascript,
            bypass_csp=bypass_csp,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(where + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
