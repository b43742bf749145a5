"""Take the pictures of the sample email: light, dark, and on a phone.

Needs chromium at /usr/bin/chromium and playwright's Python package; neither belongs to
the program. Run `python docs/pictures/make.py` from the top of the checkout.
"""

import re
import sys
from datetime import date
from html import escape
from pathlib import Path

import yaml
from playwright.sync_api import Browser, sync_playwright

from newsletter.config import Settings
from newsletter.holes import Hole, fill, greet
from newsletter.render import Article, Edition, Label, render_tip, signed_up_words

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "newsletter" / "demo" / "tips"
LINKS = {
    "sign_up": "https://tips.example",
    "contact": "https://tips.example/contact",
    "resources": "https://www.example.com/resources",
    "home": "https://www.example.com",
}
SHOTS = (("light", 700, "light"), ("dark", 700, "dark"), ("phone", 375, "light"))
SAMPLE = Article(
    title="Say what happens next",
    slug="say-what-happens-next",
    body="""\
The plumber has looked, nodded, and gone back to the van. Is she fetching a part,
calling the office, or leaving? The customer in the hallway does not know, and not
knowing is the longest part of any wait.

Before you turn away, give three short facts:

- **What** you are about to do.
- **How long** it usually takes.
- **When** they will hear from you, even if there is no news.

*Close the gap before it opens: say what happens next.*
""",
    author="Ada Reyes",
    tags=(Label("expectations", "expectations"), Label("waiting", "waiting")),
)


def sample_tip(path: Path | None) -> Article:
    """Return the tip in *path*, the first of the demo, or one written here."""
    found = [path] if path else sorted(SAMPLES.glob("*.md"))
    if not found:
        return SAMPLE
    parts = re.split(
        r"^---$\n", found[0].read_text("utf-8"), maxsplit=2, flags=re.MULTILINE
    )
    _, head, body = parts
    facts = yaml.safe_load(head)
    tags = tuple(Label(name, name.replace(" ", "-")) for name in facts.get("tags", ()))
    return Article(
        title=facts["title"],
        slug=facts.get("slug", found[0].stem),
        body=body,
        summary=facts.get("summary", ""),
        author=facts.get("author", ""),
        tags=tags,
    )


def sample_email(article: Article) -> str:
    """Return the HTML of *article* as a reader called Zoë gets it."""
    settings = Settings.model_validate({"links": LINKS})
    edition = Edition.of(settings, day=date(2026, 11, 24))
    greeting = greet("Zoë", pattern=settings.email.greeting, without_name="")
    values = dict.fromkeys(Hole, "sample") | {
        Hole.GREETING: escape(greeting),
        Hole.SIGNED_UP: signed_up_words(date(2026, 3, 3), edition.language),
    }
    return fill(render_tip(article, edition).html, values)


def take(browser: Browser, html: str, folder: Path) -> None:
    """Write one picture for each scheme and width."""
    for name, width, scheme in SHOTS:
        page = browser.new_page(
            viewport={"width": width, "height": 500},
            color_scheme="dark" if scheme == "dark" else "light",
            device_scale_factor=2,
        )
        page.set_content(html)
        page.screenshot(path=folder / f"email-{name}.png", full_page=True)
        page.close()


def main(folder: Path = HERE, tip: Path | None = None) -> None:
    """Take all pictures of one tip."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        take(browser, sample_email(sample_tip(tip)), folder)
        browser.close()


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
