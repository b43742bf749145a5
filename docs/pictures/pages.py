"""Take the pictures of every page of the site, and write the page that shows them.

Run `make pictures`. Needs Debian's chromium; CHROMIUM names another one.
"""

import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from docs.pictures.make import CHROMIUM, FLAGS, HERE
from newsletter import db
from newsletter.web import Server, build
from tests.tour import Tour, fill

FOLDER = HERE / "pages"
GALLERY = HERE.parent / "pages.md"
WIDTHS = (1280, 360)
# Longer pages are cut: a picture shows how a page looks, not all that is in it.
TALLEST = 2_000
QUALITY = 70


def gallery(tour: Tour) -> str:
    """Return the page that shows every page, at both widths."""
    lines = [
        "# Every page",
        "",
        "The site as a reader sees it, on a desktop and on a phone, in turn light and",
        "dark. Made by `make pictures` from a site filled with the demo's tips and",
        "with the oddest that the tests have. Long pages are cut.",
    ]
    for path in shown(tour):
        name = name_of(path, tour)
        lines += ["", f"## {name}", ""]
        lines += [
            f'<img src="pictures/pages/{name}-{width}.webp" width="{shown_width}" '
            f'alt="{name} at {width} pixels.">'
            for width, shown_width in zip(WIDTHS, (480, 180), strict=True)
        ]
    return "\n".join(lines) + "\n"


def shown(tour: Tour) -> tuple[str, ...]:
    """Return the addresses of which there is a picture."""
    return (*tour.public, *tour.personal)


def name_of(path: str, tour: Tour) -> str:
    """Return what the picture of *path* is called."""
    for purpose, token in tour.tokens.items():
        path = path.replace(token, str(purpose))
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


def shoot(browser: Browser, url: str, name: str, width: int, scheme: str) -> None:
    """Write one picture."""
    view = browser.new_page(
        viewport={"width": width, "height": 700},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    view.goto(url)
    png = view.screenshot(full_page=True)
    view.close()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    picture.save(FOLDER / f"{name}-{width}.webp", quality=QUALITY, method=6)


def main() -> None:
    """Take every picture: in turn light and dark, so that both are seen."""
    if not Path(CHROMIUM).exists():
        sys.exit(f"There is no {CHROMIUM}. On Debian: apt install chromium")
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        engine = db.connect(f"sqlite:///{folder}/newsletter.db")
        tour = fill(engine, Path(folder))
        settings = tour.site.settings
        web = settings.web.model_copy(update={"port": 0})
        served = Server(build(tour.site), settings.model_copy(update={"web": web}))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with served as server:
            for number, path in enumerate(shown(tour)):
                scheme = "dark" if number % 2 else "light"
                for width in WIDTHS:
                    url = f"http://127.0.0.1:{server.port}{path}"
                    shoot(browser, url, name_of(path, tour), width, scheme)
        browser.close()
        GALLERY.write_text(gallery(tour), "utf-8")
        engine.dispose()


if __name__ == "__main__":
    main()
