"""What the sections say beyond their plain values."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from newsletter.config.settings import (
    EndPolicy,
    LibrarySection,
    LinksSection,
    NewsletterSection,
    ScheduleSection,
    Settings,
)
from newsletter.slots import Slot
from newsletter.throttle import Limits, WarmUp


def test_settings_never_change() -> None:
    """A process ends with the settings it was started with."""
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.smtp.port = 25  # type: ignore[misc]


def test_the_list_id_comes_from_the_site_unless_it_is_set() -> None:
    """Readers' filters use it, so the operator can keep it when the site moves."""
    site = NewsletterSection(base_url="https://weekly.example:8443/tips")

    assert site.host == "weekly.example"
    assert site.stable_list_id == "tips.weekly.example"
    assert NewsletterSection(list_id="a.example").stable_list_id == "a.example"


def test_the_footer_has_the_links_that_are_set_in_order() -> None:
    """An empty link is left out; the others keep their words and their order."""
    links = LinksSection(
        home="https://example.com",
        sign_up="https://example.com/join",
        home_text="Our home",
    )

    assert links.footer == (
        ("Sign up for free tips", "https://example.com/join"),
        ("Our home", "https://example.com"),
    )


def test_a_schedule_is_a_timetable() -> None:
    """Words of the file become a moment in UTC, catch-up time and skipped weeks."""
    table = ScheduleSection(
        weekday="Sunday",
        time="18:30",
        timezone="America/New_York",
        catch_up_hours=1.5,
        skip_dates=(date(2026, 12, 27),),
    ).timetable

    assert table.moment(Slot(2026, 47)) == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert table.catch_up == timedelta(minutes=90)
    assert table.is_skipped(Slot(2026, 52))


def test_a_tip_rests_only_when_the_library_recycles() -> None:
    """With "stop" nothing is ever sent again, whatever the number of weeks says."""
    assert LibrarySection(end=EndPolicy.STOP).recycles_after is None
    recycling = LibrarySection(end=EndPolicy.RECYCLE, recycle_after_weeks=30)
    assert recycling.recycles_after == 30


def test_the_limits_are_those_of_the_relay_and_the_sender() -> None:
    """The warm-up belongs to the domain of From; without a start there is none."""
    none = Settings().limits
    limits = Settings.model_validate(
        {
            "identity": {"from_address": "tips@new.example"},
            "smtp": {
                "max_per_second": 2.5,
                "max_per_hour": 100,
                "max_per_day": 1_000,
                "per_domain": {"Mail.Example": 5, "xn--mnchen-3ya.example": 1},
                "warm_up": {"start": 50},
            },
        }
    ).limits

    assert none == Limits()
    assert limits == Limits(
        per_second=2.5,
        per_hour=100,
        per_day=1_000,
        per_domain={"mail.example": 5, "münchen.example": 1},
        warm_up=WarmUp("new.example", 50, 1.5),
    )


@pytest.mark.parametrize(
    ("lease", "timeout", "allowed"), [(300, 75, False), (301, 75, True)]
)
def test_a_lease_must_outlive_four_replies(
    lease: int, timeout: float, *, allowed: bool
) -> None:
    """A letter whose lease ends while the relay thinks would be sent twice."""
    values = {
        "delivery": {"lease_seconds": lease},
        "smtp": {"timeout_seconds": timeout},
    }

    if allowed:
        Settings.model_validate(values)
    else:
        with pytest.raises(
            ValidationError, match=r"lease_seconds \(300\) must be long"
        ):
            Settings.model_validate(values)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("schedule", "catch_up_hours", 169),
        ("schedule", "catch_up_hours", float("nan")),
        ("delivery", "give_up_after", "400d"),
        ("delivery", "give_up_after", "0h"),
        ("delivery", "retry_after", ()),
        # A wait of nothing would hammer the relay until it gives up on us.
        ("delivery", "retry_after", ("5m", "0m")),
        ("delivery", "retry_after", ("-5m",)),
        ("delivery", "pause_after", 0),
        ("smtp", "port", 0),
        ("smtp", "port", 65_536),
        ("smtp", "connections", 0),
        ("smtp", "max_per_second", -1),
        ("smtp", "max_per_second", float("inf")),
        # So slow that the arithmetic of dates would end.
        ("smtp", "max_per_second", 1e-9),
        ("smtp", "max_per_hour", -1),
        ("smtp", "max_per_day", 0.5),
        ("smtp", "per_domain", {"mail.example": -1}),
        ("smtp", "warm_up", {"start": -1}),
        ("smtp", "warm_up", {"factor": 1}),
        ("library", "recycle_after_weeks", 0),
    ],
)
def test_numbers_that_cannot_work_are_refused(
    section: str, key: str, value: object
) -> None:
    """What would stop, flood or never end is found before the program starts."""
    with pytest.raises(ValidationError, match=key):
        Settings.model_validate({section: {key: value}})


@pytest.mark.parametrize(
    ("url", "allowed"),
    [("sqlite:///newsletter.db", False), ("postgresql://u:p@db.example/tips", True)],
)
def test_a_queue_needs_postgresql(url: str, *, allowed: bool) -> None:
    """Other machines cannot open a file on this one; the error says what to set."""
    tables = {"database": {"url": url}, "queue": {"enabled": True}}

    if allowed:
        assert Settings.model_validate(tables).queue.enabled
        return
    with pytest.raises(ValidationError, match=r"Set database\.url to postgresql"):
        Settings.model_validate(tables)


@pytest.mark.parametrize(
    "smtp",
    [
        {"host": "127.0.0.1", "security": "none", "username": "tips"},
        {"host": "mail.example", "security": "none"},
        {"host": "mail.example", "security": "starttls", "username": "tips"},
        {"host": "mail.example", "security": "tls", "username": "tips"},
    ],
)
def test_a_login_is_let_be_where_nobody_can_listen(smtp: dict[str, str]) -> None:
    """On this machine, behind TLS, or where there is none."""
    assert Settings.model_validate({"smtp": smtp}).smtp.host == smtp["host"]
