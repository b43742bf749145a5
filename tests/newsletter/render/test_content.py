"""What surrounds a tip is taken from the settings."""

from collections.abc import Callable
from datetime import date

from newsletter.config import Settings
from newsletter.render import Edition

MakeSettings = Callable[..., Settings]


def test_an_edition_has_ascii_addresses(make_settings: MakeSettings) -> None:
    """Links in an email are ASCII, whatever script the site's name is in."""
    settings = make_settings(
        newsletter={"base_url": "https://bücher.example/"},
        links={"home": "https://müller.example"},
    )

    edition = Edition.of(settings, day=date(2026, 11, 24))

    assert edition.tip_url("x") == "https://xn--bcher-kva.example/tips/x/"
    assert edition.tag_url("y") == "https://xn--bcher-kva.example/tags/y/"
    assert edition.footer == (("Visit our home page", "https://xn--mller-kva.example"),)


def test_the_sender_leaves_out_what_is_not_set(make_settings: MakeSettings) -> None:
    """A missing organisation leaves no comma behind."""
    settings = make_settings(identity={"organisation": "", "postal_address": "1 Road"})

    assert Edition.of(settings, day=date(2026, 11, 24)).sender == "1 Road"
