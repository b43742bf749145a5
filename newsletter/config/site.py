"""The settings of the public site, and of joining, staying and commenting there."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from newsletter.config import checks
from newsletter.config.durations import duration, read_duration
from newsletter.config.section import Section

OneLine = Annotated[str, AfterValidator(checks.one_line)]
Duration = Annotated[str, BeforeValidator(duration)]


def _proxy(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no address of a proxy. Write one such as 10.0.0.1, or a "
            "network such as 10.0.0.0/8"
        ) from error
    return text


class WebSection(Section):
    """The public site: `newsletter run` serves it, or `newsletter serve` alone."""

    enabled: bool = Field(
        True, description="Let `newsletter run` serve the site beside its main job."
    )
    host: OneLine = Field(
        "127.0.0.1",
        description="Address to listen on; 0.0.0.0 for all. A web server that speaks "
        "HTTPS stands in front of it.",
    )
    port: int = Field(
        8000, ge=0, le=65_535, description="Port to listen on. 0: any that is free."
    )
    forwarded_allow_ips: tuple[Annotated[str, AfterValidator(_proxy)], ...] = Field(
        ("127.0.0.1", "::1"),
        description="Proxies in front that may say where a request really came from "
        "(X-Forwarded-For). Of all others it is not believed.",
    )
    tagline: OneLine = Field(
        "One short tip a week: something to try the same day.",
        description="What this is, in a sentence, on the home page.",
    )
    page_size: int = Field(
        10, ge=1, le=100, description="Tips on a page of the archive."
    )
    cache_seconds: float = Field(
        5,
        ge=0,
        le=3_600,
        description="How long a page that is the same for everybody may be served "
        "again without asking the database. 0: never.",
    )
    max_request_kib: int = Field(
        64, ge=1, le=10_240, description="The largest form that is read, in KiB."
    )
    privacy: str = Field(
        "",
        description="Your privacy notice: an https address, or a Markdown file "
        "relative to this one. Empty: a page that says what the program keeps.",
    )


class SignupSection(Section):
    """How people join, and what keeps robots from joining others."""

    wording: OneLine = Field(
        "Send me one tip a week by email. I can leave at any time.",
        description="What a person agrees to; kept with the proof of their consent.",
    )
    form_version: OneLine = Field(
        "1", description="Change it with the wording; kept with the proof, too."
    )
    confirm_within: Duration = Field(
        "7d", description="How long the link that confirms an address works."
    )
    remind_after: Duration = Field(
        "2d",
        description="When somebody who has not confirmed is asked once more. Longer "
        "than forget_after: never.",
    )
    forget_after: Duration = Field(
        "14d",
        description="When an address that was never confirmed is deleted.",
    )
    letters_per_address: int = Field(
        3,
        ge=1,
        description="Automatic letters to one address in 24 hours at most, such as "
        "requests to confirm.",
    )
    per_network: int = Field(
        20, ge=1, description="Forms sent from one network in an hour at most."
    )
    fastest_seconds: float = Field(
        2,
        ge=0,
        description="A form that is sent sooner than this after its page was written "
        "is a robot's.",
    )
    attack_after: int = Field(
        100,
        ge=1,
        description="Sign-ups in an hour from which on each must first solve a small "
        "puzzle, which a browser does by itself, so that nobody's mailbox is flooded.",
    )

    @property
    def confirms_within(self) -> timedelta:
        """How long a link that confirms works."""
        return read_duration(self.confirm_within)

    @property
    def reminds_after(self) -> timedelta:
        """When somebody is asked once more."""
        return read_duration(self.remind_after)

    @property
    def forgets_after(self) -> timedelta:
        """When an address that was never confirmed is deleted."""
        return read_duration(self.forget_after)


class WelcomeSection(Section):
    """The first letter to somebody who has just confirmed."""

    enabled: bool = Field(True, description="Send it.")
    tips: tuple[str, ...] = Field(
        (),
        description="Slugs of favourite tips that it names. Empty: this week's tip.",
    )
    goodbye: bool = Field(
        False, description="Send one last letter to somebody who leaves."
    )


class LeavingSection(Section):
    """Leaving is at once, for everybody; this is about machines that follow links."""

    burst: int = Field(
        10,
        ge=2,
        description="So many people who leave within a minute, each right after their "
        "letter or all from one network, are held for you to look at.",
    )
    soon_seconds: int = Field(
        60, ge=1, description="What right after their letter means, in seconds."
    )


class CommentsSection(Section):
    """What readers may say below a tip."""

    enabled: bool = Field(True, description="Show the form; without it only reading.")
    hold_first: bool = Field(
        True,
        description="A person's first comment waits for you; later ones show at once.",
    )
    longest: int = Field(
        4_000, ge=100, le=40_000, description="Characters of a comment at most."
    )
    per_network: int = Field(
        10, ge=1, description="Comments from one network in an hour at most."
    )


class PrivacySection(Section):
    """How long people are kept; docs/people.md says what is kept of whom."""

    keep_left_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days after which somebody who left, bounced or complained is "
        "erased; that their address is never to be mailed stays, unreadable. 0: never.",
    )

    @property
    def keeps_left(self) -> timedelta | None:
        """How long somebody who left is kept; None for ever."""
        days = self.keep_left_days
        return timedelta(days=days) if days else None
