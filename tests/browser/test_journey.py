"""What people do, from the form to the way out, with the program as it is run.

`newsletter run` serves the site and sends the letters, a mail server receives them, a
browser follows the links that are in them, and the operator uses the terminal. Once
with JavaScript and once without.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib.resources import as_file, files
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.config.example import example_toml
from newsletter.demo import MailServer
from newsletter.slots import WEEKDAYS
from tests.waiting import until

READER = "ada@example.org"
PROGRAM = (sys.executable, "-c", "from newsletter.cli import main; main()")
SITE = "https://tips.example"
# A form that is sent at once is a robot's.
FASTEST = 1.0


@dataclass(frozen=True)
class Newsletter:
    """A running newsletter: its terminal, its mail, and where its site is."""

    config: Path
    mail: MailServer
    where: str

    def do(self, *words: str) -> str:
        """Run a command of the program, and return what it printed."""
        done = subprocess.run(
            [*PROGRAM, "--config", str(self.config), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def letter(self, name: str) -> EmailMessage:
        """Wait for a letter whose file begins so, and return it."""

        def found() -> list[Path]:
            return sorted(self.mail.received.glob(f"{name}*{READER}.eml"))

        until(found, say=f"the letter {name} to {READER}")
        message = message_from_bytes(found()[-1].read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def here(self, url: str) -> str:
        """Return where an address of a letter is served in the test."""
        assert url.startswith(SITE)
        return self.where + url.removeprefix(SITE)


@pytest.fixture
def newsletter(tmp_path: Path) -> Iterator[Newsletter]:
    """A newsletter with tips, nobody on its list, and its next tip days away."""
    config = tmp_path / "config.toml"
    with MailServer(tmp_path / "received", tmp_path / "rendered") as mail:
        day = (datetime.now(UTC).weekday() + 3) % 7
        values = {
            "newsletter.base_url": SITE,
            "newsletter.secret": "a secret of thirty-two characters!",
            "schedule.weekday": WEEKDAYS[day],
            "delivery.allow_reserved": True,
            "smtp.host": "127.0.0.1",
            "smtp.port": mail.port,
            "smtp.security": "none",
            "web.port": 0,
            "web.cache_seconds": 0,
            "signup.fastest_seconds": FASTEST,
        }
        config.write_text(example_toml(values), "utf-8")
        yield from _running(Newsletter(config, mail, ""))


def _running(newsletter: Newsletter) -> Iterator[Newsletter]:
    newsletter.do("upgrade")
    with as_file(files("newsletter.demo") / "tips") as tips:
        newsletter.do("tips", "import", str(tips))
    command = [*PROGRAM, "--config", str(newsletter.config), "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        lines = iter(running.stderr.readline, "")
        told = next(line for line in lines if "The site:" in line)
        where = told.split()[-1].rstrip("/")
        yield Newsletter(newsletter.config, newsletter.mail, where)
        running.terminate()
        running.stderr.read()
    assert running.returncode == 0


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A reader's browser, on a phone."""
    context = browser.new_context(
        java_script_enabled=request.param, viewport={"width": 390, "height": 800}
    )
    yield context.new_page()
    context.close()


def test_from_the_form_to_the_way_out(newsletter: Newsletter, page: Page) -> None:
    """Join, confirm, read, comment, pause, leave, come back, leave by one click."""
    _join(newsletter, page)
    tip = _get_a_tip(newsletter)
    _comment(newsletter, page, _link(tip, "Leave a comment"))
    _pause_and_go_on(newsletter, page, _link(tip, "Preferences"))
    _leave_and_come_back(newsletter, page, _link(tip, "Unsubscribe"))
    _leave_by_one_click(newsletter, tip)

    shown = newsletter.do("subscribers", "show", READER)
    steps = re.findall(r"asked|confirmed|paused|left|came back", shown)
    assert {"asked", "confirmed", "left"} <= set(steps), shown


def _join(newsletter: Newsletter, page: Page) -> None:
    page.goto(f"{newsletter.where}/")
    page.get_by_label("Your email address").fill(READER)
    page.wait_for_timeout(FASTEST * 1_000)
    page.get_by_role("button", name="Send me the tips").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")

    asked = newsletter.letter("confirm")
    assert asked["Auto-Submitted"] == "auto-generated"
    page.goto(newsletter.here(_links(asked, "/c/")[0]))
    page.get_by_role("button", name="Yes, send me the tips").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("you are on the list")
    newsletter.letter("welcome")


def _get_a_tip(newsletter: Newsletter) -> EmailMessage:
    newsletter.do("send", "--yes")
    return newsletter.letter("2")


def _comment(newsletter: Newsletter, page: Page, url: str) -> None:
    page.goto(newsletter.here(url))
    page.get_by_label("Your name").fill("Ada")
    page.locator("#write-address").fill(READER)
    page.get_by_label("Your comment").fill("It worked the same day.\n\nThank you!")
    page.wait_for_timeout(FASTEST * 1_000)
    page.get_by_role("button", name="Send the comment").click()
    expect(
        page.get_by_text("A person reads it before others can see it")
    ).to_be_visible()
    expect(page.get_by_text("It worked the same day.")).to_have_count(0)

    (held,) = json.loads(newsletter.do("comments", "list", "--json"))
    newsletter.do("comments", "approve", str(held["id"]))
    page.goto(newsletter.here(url))
    expect(page.get_by_text("It worked the same day.")).to_be_visible()


def _pause_and_go_on(newsletter: Newsletter, page: Page, url: str) -> None:
    page.goto(newsletter.here(url))
    page.get_by_label("No letters for").select_option("4")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("No letters come until")).to_be_visible()
    page.get_by_role("button", name="Go on now").click()
    expect(page.get_by_label("No letters for")).to_be_visible()


def _leave_and_come_back(newsletter: Newsletter, page: Page, url: str) -> None:
    page.goto(newsletter.here(url))
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_text("from this moment on")).to_be_visible()
    assert "unsubscribed" in newsletter.do("subscribers", "show", READER)

    page.get_by_role("button", name="Send me the tips again").click()
    expect(page.get_by_text("as usual")).to_be_visible()


def _leave_by_one_click(newsletter: Newsletter, tip: EmailMessage) -> None:
    url = re.search(r"<(https:[^>]*)>", tip["List-Unsubscribe"])
    assert url, tip["List-Unsubscribe"]
    assert tip["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    answer = httpx2.post(
        newsletter.here(url[1]), data={"List-Unsubscribe": "One-Click"}
    )

    assert answer.status_code == 200
    assert not answer.cookies
    assert "unsubscribed" in newsletter.do("subscribers", "show", READER)


def _link(letter: EmailMessage, words: str) -> str:
    """Return where the link of these words leads, as a reader finds it."""
    part = letter.get_body(("html",))
    assert part is not None
    found = re.search(rf'href="([^"]*)"[^>]*>{words}</a>', part.get_content())
    assert found, words
    return found[1]


def _links(letter: EmailMessage, path: str) -> list[str]:
    part = letter.get_body(("plain",))
    assert part is not None
    return re.findall(rf"{SITE}{path}\S+", part.get_content())
