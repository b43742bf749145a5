"""Sites for tests."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from lxml.html import document_fromstring
from sqlalchemy import Engine

from newsletter.config import Config, Settings
from newsletter.web import Site
from tests.conftest import NOW
from tests.desks import SetClock

SECRET = "a secret of thirty-two characters!"


def site_on(
    engine: Engine,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    wake: Callable[[], None] = lambda: None,
    **sections: dict[str, object],
) -> Site:
    """Return a site on *engine* with the settings of *sections*.

    Args:
        clock: what time it is; it stands still unless told otherwise.
        wake: called when a letter waits.
    """
    newsletter = {"secret": SECRET, **sections.pop("newsletter", {})}
    settings = Settings.model_validate({"newsletter": newsletter, **sections})
    return Site(Config(settings, Path(), "test"), engine, clock=clock, wake=wake)


def fill_in(
    client: TestClient, clock: SetClock, path: str = "/join/", **typed: str
) -> dict[str, str]:
    """Open a page with a form, take a person's time, and return what they send.

    The hidden fields of the first form on the page come along, as a browser does it.
    """
    form = document_fromstring(client.get(path).text).forms[0]
    hidden = {
        field.name: field.value
        for field in form.inputs
        if field.get("type") == "hidden"
    }
    clock.now += timedelta(seconds=10)
    return hidden | typed
