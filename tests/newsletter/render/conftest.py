"""What every test of rendering starts from: settings, an edition and a tip."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from newsletter.config import Settings
from newsletter.render import Article, Edition, Label

LINKS = {
    "sign_up": "https://tips.example/sign-up",
    "contact": "https://tips.example/contact",
    "resources": "https://www.example.com/resources",
    "home": "https://www.example.com",
}
BODY = """\
The plumber has looked, nodded, and gone back to the van.

- **What** you are about to do.
- **How long** it usually takes.

*Close the gap before it opens.*
"""

MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings() -> MakeSettings:
    """Settings with the four footer links, and whatever else a test names."""

    def make(**sections: dict[str, Any]) -> Settings:
        return Settings.model_validate({"links": LINKS} | sections)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """Settings with the four footer links."""
    return make_settings()


@pytest.fixture
def edition(settings: Settings) -> Edition:
    """The edition of a Tuesday."""
    return Edition.of(settings, day=date(2026, 11, 24))


@pytest.fixture
def article() -> Article:
    """A tip with everything a tip can have."""
    return Article(
        title="Say what happens next",
        slug="say-what-happens-next",
        body=BODY,
        author="Ada Reyes",
        tags=(Label("expectations", "expectations"), Label("waiting", "waiting")),
    )
