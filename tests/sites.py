"""Sites for tests."""

from pathlib import Path

from sqlalchemy import Engine

from newsletter.config import Config, Settings
from newsletter.web import Site
from tests.conftest import NOW

SECRET = "a secret of thirty-two characters!"


def site_on(engine: Engine, **sections: dict[str, object]) -> Site:
    """Return a site on *engine* with the settings of *sections*."""
    newsletter = {"secret": SECRET, **sections.pop("newsletter", {})}
    settings = Settings.model_validate({"newsletter": newsletter, **sections})
    return Site(Config(settings, Path(), "test"), engine, clock=lambda: NOW)
