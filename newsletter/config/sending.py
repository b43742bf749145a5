"""The settings of sending: how letters are handed over, to which relay, by whom."""

from datetime import timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from newsletter.config import checks
from newsletter.config.choices import Security, TransportKind, UncertainPolicy
from newsletter.config.durations import duration, read_duration
from newsletter.config.rate import DomainRates, Rate, WarmUpSection
from newsletter.config.section import Section

OneLine = Annotated[str, AfterValidator(checks.one_line)]
Duration = Annotated[str, BeforeValidator(duration)]


class DeliverySection(Section):
    """How letters are handed over, and what happens when that fails."""

    transport: TransportKind = Field(
        TransportKind.SMTP,
        description='"smtp" hands letters to the relay; "file" writes each as an .eml '
        "file, for trials.",
    )
    folder: str = Field(
        "outbox",
        description='Where the "file" transport writes, relative to this file.',
    )
    allow_reserved: bool = Field(
        False,
        description="Send to addresses that cannot exist, such as example.org (RFC "
        "2606). Only for trials with a mail server of your own.",
    )
    uncertain: UncertainPolicy = Field(
        UncertainPolicy.RESEND,
        description='When the relay\'s answer never came (RFC 1047): "resend" once '
        'more with the same Message-ID, or "hold" for you to decide.',
    )
    lease_seconds: int = Field(
        1_800,
        ge=1,
        le=86_400,
        description="After this time a letter that a killed process had in hand is "
        "taken up again; on the same machine, at once. Must be longer than four times "
        "smtp.timeout_seconds, since a letter waits for four replies.",
    )
    retry_after: tuple[Duration, ...] = Field(
        ("5m", "15m", "1h", "3h", "6h", "12h"),
        min_length=1,
        description="Waits between tries when the relay says not now (4yz); the last "
        "one repeats. A number and s, m, h or d.",
    )
    give_up_after: Duration = Field(
        "48h",
        description="How long a letter is tried before it counts as failed: a number "
        "and s, m, h or d.",
    )
    pause_after: int = Field(
        5,
        ge=1,
        description="Refusals in a row that are about us, not the reader, after which "
        "the issue is paused.",
    )

    @property
    def waits(self) -> tuple[timedelta, ...]:
        """The waits between tries."""
        return tuple(read_duration(text) for text in self.retry_after)

    @property
    def gives_up_after(self) -> timedelta:
        """How long a letter is tried."""
        return read_duration(self.give_up_after)


class SmtpSection(Section):
    """The relay: the SMTP server that mail is handed to."""

    host: OneLine = Field("localhost", description="Host name of the relay.")
    port: int = Field(587, ge=1, le=65_535, description="Port of the relay.")
    security: Security = Field(
        Security.STARTTLS,
        description='"starttls" (port 587), "tls" (port 465) or "none" (a relay on '
        "this machine only). Certificates are always verified.",
    )
    username: str = Field(
        "",
        description='User name. Empty: no login. With security = "none" only for a '
        "relay on this machine.",
    )
    password: SecretStr = Field(
        SecretStr(""), description="Password. Better in NEWSLETTER_SMTP_PASSWORD."
    )
    password_file: str = Field(
        "", description="A file that holds the password, instead of writing it here."
    )
    ca_file: str = Field(
        "", description="Certificate authorities to trust instead of the system's."
    )
    hello_name: OneLine = Field(
        "", description="Name said in EHLO, a full host name. Empty: this machine's."
    )
    timeout_seconds: float = Field(
        300,
        gt=0,
        le=3_600,
        description="How long to wait for a reply; for that to a message twice as "
        "long, for one while a connection is opened a minute at most.",
    )
    connections: int = Field(
        2, ge=1, le=100, description="Connections to the relay at once."
    )
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that send an issue together and share the connections.",
    )
    max_per_second: Rate = Field(
        0,
        description="Letters a second at most, of all processes and machines together. "
        "0: as fast as the relay takes.",
    )
    max_per_hour: int = Field(
        0, ge=0, description="Letters in any hour at most. 0: no such limit."
    )
    max_per_day: int = Field(
        0, ge=0, description="Letters in any 24 hours at most. 0: no such limit."
    )
    per_domain: DomainRates = Field(
        {},
        description="Letters a second at most to readers at a domain, such as "
        '{ "mail.example" = 5, "post.example" = 0.5 }. Its subdomains are others.',
    )
    warm_up: WarmUpSection = WarmUpSection()

    @field_validator("username")
    @classmethod
    def _no_login_in_the_clear(cls, value: str, info: ValidationInfo) -> str:
        """Refuse what would show the password to the network (RFC 4954 §4)."""
        remedy = 'Set smtp.security to "starttls" (port 587) or "tls" (port 465)'
        return checks.protected_login(value, info.data, remedy=remedy)


class QueueSection(Section):
    """Several machines that send together, for what one can no longer do."""

    enabled: bool = Field(
        False,
        description="Let `newsletter worker` do the sending, on as many machines as "
        "you like; `newsletter run` then only opens the weeks. Needs PostgreSQL, "
        "newsletter[distributed], and `newsletter upgrade` once.",
    )
    shards: int = Field(
        16,
        ge=1,
        le=256,
        description="How many workers may send an issue at the same time. More than "
        "there are workers does no harm.",
    )
