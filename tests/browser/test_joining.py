"""Joining in a real browser: what our few lines of script help with, and life without.

An attack is one sign-up within the last hour here, so that every form has its puzzle.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, select

from newsletter import db
from newsletter.tables import AutomaticLetter
from newsletter.web import Site
from subscribers import consent, roster
from subscribers.tables import ConsentStep
from tests.browser.conftest import served
from tests.factories import make_subscriber
from tests.sites import site_on

ADDRESS = "ada@example.org"
ZONE = "America/New_York"
BUTTON = "Send me the tips"
# Some 65,000 tries take a second or two; a busy machine may need far longer.
PUZZLE_MS = 60_000


def now() -> datetime:
    """The browser's time is real, so the site's is."""
    return datetime.now(UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site that takes a browser's form however fast it comes."""
    engine = db.connect(f"sqlite:///{tmp_path / 'newsletter.db'}")
    db.upgrade(engine, now=now())
    yield site_on(
        engine,
        clock=now,
        signup={"fastest_seconds": 0, "attack_after": 1},
    )
    engine.dispose()


@pytest.fixture
def where(site: Site) -> Iterator[str]:
    """Where the site is served."""
    with served(site) as where:
        yield where


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a reader in New York."""
    context = browser.new_context(timezone_id=ZONE)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """The same without JavaScript."""
    context = browser.new_context(timezone_id=ZONE, java_script_enabled=False)
    yield context.new_page()
    context.close()


def attack(site: Site) -> None:
    """Let somebody else have signed up just now, which is one too many here."""
    with db.transaction(site.engine) as session:
        person = make_subscriber(session, "other@example.org")
        consent.note(session, person.id or 0, ConsentStep.ASKED, now=now())
    # What is known of an attack may be some seconds old; here it is asked anew.
    site.gate.looked_at = None


def letters(site: Site) -> list[str]:
    """Return to whom letters wait."""
    with Session(site.engine) as session:
        return [row.to_address for row in session.exec(select(AutomaticLetter))]


def test_the_time_zone_is_guessed_and_can_be_changed(
    site: Site, where: str, page: Page
) -> None:
    """The browser's own, in a field that one may open; what is typed counts."""
    page.goto(f"{where}/join/")
    zone = page.get_by_label("Your time zone", exact=True)

    expect(zone).to_have_value(ZONE)
    expect(zone).to_be_hidden()
    page.get_by_text("Name and time zone").click()
    zone.fill("Europe/Berlin")
    page.get_by_label("Your email address").fill(ADDRESS)
    page.get_by_role("button", name=BUTTON).click()

    page.wait_for_url("**/join/sent/")
    with Session(site.engine) as session:
        assert roster.find(session, ADDRESS).timezone == "Europe/Berlin"


def test_a_guess_that_nobody_looked_at_counts(
    site: Site, where: str, page: Page
) -> None:
    """An address and one press are enough."""
    page.goto(where)
    page.get_by_label("Your email address").fill(ADDRESS)
    page.keyboard.press("Enter")

    page.wait_for_url("**/join/sent/")
    with Session(site.engine) as session:
        assert roster.find(session, ADDRESS).timezone == ZONE


def test_without_a_script_one_joins_all_the_same(
    site: Site, where: str, plain_page: Page
) -> None:
    """The zone stays empty, which means the newsletter's."""
    plain_page.goto(where)
    plain_page.get_by_label("Your email address").fill(ADDRESS)
    plain_page.get_by_role("button", name=BUTTON).click()

    plain_page.wait_for_url("**/join/sent/")
    assert letters(site) == [ADDRESS]
    with Session(site.engine) as session:
        assert roster.find(session, ADDRESS).timezone == ""


def test_in_a_rush_the_browser_solves_the_puzzle_by_itself(
    site: Site, where: str, page: Page
) -> None:
    """One press of the button; the person only waits a moment."""
    attack(site)
    page.goto(f"{where}/join/")
    expect(page.get_by_text("this form needs JavaScript")).to_have_count(0)
    page.get_by_label("Your email address").fill(f" {ADDRESS} ")
    page.get_by_role("button", name=BUTTON).click()

    page.wait_for_url("**/join/sent/", timeout=PUZZLE_MS)
    assert letters(site) == [ADDRESS]


def test_a_form_from_before_the_rush_is_shown_once_more(
    site: Site, where: str, page: Page
) -> None:
    """With what was typed in it, and the button works then."""
    page.goto(f"{where}/join/")
    attack(site)
    page.get_by_label("Your email address").fill(ADDRESS)
    page.get_by_role("button", name=BUTTON).click()

    expect(page.get_by_role("alert")).to_contain_text("press the button once more")
    assert letters(site) == []
    expect(page.get_by_label("Your email address")).to_have_value(ADDRESS)
    page.get_by_role("button", name=BUTTON).click()

    page.wait_for_url("**/join/sent/", timeout=PUZZLE_MS)
    assert letters(site) == [ADDRESS]


def test_in_a_rush_without_a_script_the_page_says_what_to_do(
    site: Site, where: str, plain_page: Page
) -> None:
    """Before and after; no letter is written, however often the button is pressed."""
    attack(site)
    plain_page.goto(f"{where}/join/")
    expect(plain_page.get_by_text("this form needs JavaScript")).to_be_visible()
    for _ in range(2):
        plain_page.get_by_label("Your email address").fill(ADDRESS)
        plain_page.get_by_role("button", name=BUTTON).click()
        told = plain_page.get_by_role("alert")
        expect(told).to_contain_text("It needs JavaScript")
        expect(told).to_contain_text("come back in some hours")

    assert letters(site) == []
    assert plain_page.get_by_label("Your email address").input_value() == ADDRESS


def test_an_error_is_announced_at_its_field(where: str, page: Page) -> None:
    """Role, description and state, as a screen reader is told (WCAG 3.3.1)."""
    page.goto(f"{where}/join/")
    page.get_by_label("Your email address").fill("ada@nowhere")
    page.get_by_role("button", name=BUTTON).click()

    field = page.get_by_label("Your email address")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(page.get_by_role("alert").inner_text())
    expect(field).to_have_value("ada@nowhere")
