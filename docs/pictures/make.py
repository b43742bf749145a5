"""Take the pictures of the email as the demo's mail server received it.

Run `make pictures`. Needs Debian's chromium; CHROMIUM names another one.
"""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from newsletter.demo import MailServer, set_up
from newsletter.sender import Nothing, deliver, open_slot

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
SHOTS = (("light", 700, "light"), ("dark", 700, "dark"), ("phone", 375, "light"))


def received_page(folder: Path) -> Path:
    """Send the demo's first tip, and return one reader's copy as a page."""
    stage = set_up(folder)
    with MailServer(stage.received, stage.rendered) as server:
        desk = stage.desk(server.port)
        issue = open_slot(desk, desk.timetable.slot_at(desk.clock()))
        if isinstance(issue, Nothing):
            raise SystemExit(issue.reason)
        deliver(desk, issue)
        desk.transport.close()
    return next(stage.rendered.glob("*zoe*.html"))


def shoot(browser: Browser, page: Path, name: str, width: int, scheme: str) -> None:
    """Write one picture of the whole email."""
    view = browser.new_page(
        viewport={"width": width, "height": 400},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    view.goto(page.as_uri())
    view.screenshot(path=HERE / f"email-{name}.png", full_page=True)
    view.close()


def main() -> None:
    """Take every picture."""
    if not Path(CHROMIUM).exists():
        sys.exit(f"There is no {CHROMIUM}. On Debian: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = received_page(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, width, scheme in SHOTS:
            shoot(browser, page, name, width, scheme)
        browser.close()


if __name__ == "__main__":
    main()
