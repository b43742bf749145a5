"""Every setting: its name, its default, what it means, and what is refused.

The descriptions below are the only place where settings are explained:
`config.example.toml`, `newsletter init` and docs/configuration.md are made from them.
"""

from datetime import date, time, timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)

from newsletter.config import checks
from newsletter.config.choices import (
    Durability,
    EndPolicy,
    MailboxKind,
)
from newsletter.config.contrast import DARK_SURFACES, LIGHT_SURFACES
from newsletter.config.receiving import MailboxSection
from newsletter.config.section import Section
from newsletter.config.sending import DeliverySection, QueueSection, SmtpSection
from newsletter.config.site import (
    CommentsSection,
    LeavingSection,
    PrivacySection,
    SignupSection,
    WebSection,
    WelcomeSection,
)
from newsletter.slots import WEEKDAYS, Timetable
from newsletter.throttle import Limits, WarmUp

SiteUrl = Annotated[str, AfterValidator(checks.site_url)]
OptionalHttpsUrl = Annotated[str, AfterValidator(checks.optional(checks.https_url))]
Mailbox = Annotated[str, AfterValidator(checks.mailbox)]
OptionalMailbox = Annotated[str, AfterValidator(checks.optional(checks.mailbox))]
OneLine = Annotated[str, AfterValidator(checks.one_line)]

# A letter waits for so many replies at most: to MAIL, RCPT, DATA and the message.
REPLIES = 4


class NewsletterSection(Section):
    """What the newsletter is called and where its site is."""

    name: OneLine = Field("The Tip of the Week", description="Name of the newsletter.")
    base_url: SiteUrl = Field(
        "https://tips.example",
        description="Address of the public site; links in an email start with it.",
    )
    list_id: Annotated[str, AfterValidator(checks.optional(checks.list_id))] = Field(
        "",
        description="List-Id (RFC 2919), such as weekly.tips.example. Choose once and "
        "keep it for ever: readers' filters use it. Empty: tips.HOST of base_url.",
    )
    language: Annotated[str, AfterValidator(checks.language)] = Field(
        "en", description="Language of the tips, as a tag such as en or pt-BR."
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="Signs the links in every email. `newsletter init` makes one. "
        "At least 32 characters.",
    )
    secret_file: str = Field(
        "", description="A file that holds the secret, instead of writing it here."
    )
    old_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="Former secrets, the oldest last. Links signed with them keep "
        "working, so never drop one while its emails may still be opened. The oldest "
        "is the key of the suppression list: keep that one for ever.",
    )

    @property
    def host(self) -> str:
        """The host name of the public site."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def stable_list_id(self) -> str:
        """The List-Id in force."""
        return self.list_id or f"tips.{self.host}"


class IdentitySection(Section):
    """Who sends the newsletter: the law of most countries wants to see this."""

    from_name: OneLine = Field(
        "The Tip of the Week", description="Name that readers see as the sender."
    )
    from_address: Mailbox = Field(
        "tips@tips.example",
        description="Address in From. Its domain must be yours, with SPF and DKIM.",
    )
    reply_to: OptionalMailbox = Field(
        "", description="Where replies go; somebody should read it. Empty: From."
    )
    bounce_address: OptionalMailbox = Field(
        "", description="Envelope sender, which gets bounces. Empty: From."
    )
    unsubscribe_address: OptionalMailbox = Field(
        "",
        description="Where readers may write to leave; offered in List-Unsubscribe. "
        "Set it only if [mailbox] reads it, your mail server pipes it into `newsletter "
        "mailbox --stdin`, or you read it yourself. Empty: From if [mailbox] reads it, "
        "else letters offer no such address.",
    )
    operator_address: OptionalMailbox = Field(
        "",
        description="Who is told when an issue starts, ends or is in trouble, or the "
        "library runs low. Empty: notices are only logged and shown by `newsletter "
        "status`.",
    )
    announce_issues: bool = Field(
        True,
        description="Tell the operator too when an issue starts, and when it is "
        "finished, with its figures.",
    )
    organisation: OneLine = Field(
        "Example Service Co.", description="Name of the firm, shown in every footer."
    )
    postal_address: OneLine = Field(
        "12 Example Street, Springfield",
        description="Postal address, shown in every footer (CAN-SPAM, CASL).",
    )

    @property
    def mailbox(self) -> str:
        """Where mail for the operator goes: an address that somebody reads."""
        return self.operator_address or self.reply_to or self.from_address


class LinksSection(Section):
    """The links at the foot of every email, in this order. Empty: left out."""

    sign_up: OptionalHttpsUrl = Field("", description="Where people sign up.")
    sign_up_text: OneLine = Field("Sign up for free tips", description="Its words.")
    contact: OptionalHttpsUrl = Field("", description="Where people reach you.")
    contact_text: OneLine = Field("Contact us", description="Its words.")
    resources: OptionalHttpsUrl = Field("", description="More of what you offer.")
    resources_text: OneLine = Field("More resources for you", description="Its words.")
    home: OptionalHttpsUrl = Field("", description="Your home page.")
    home_text: OneLine = Field("Visit our home page", description="Its words.")

    @property
    def footer(self) -> tuple[tuple[str, str], ...]:
        """The configured links as (words, URL), in the order of the footer."""
        pairs = (
            (self.sign_up_text, self.sign_up),
            (self.contact_text, self.contact),
            (self.resources_text, self.resources),
            (self.home_text, self.home),
        )
        return tuple((words, url) for words, url in pairs if url)


class ScheduleSection(Section):
    """When the weekly tip goes out."""

    weekday: Annotated[str, AfterValidator(checks.one_of(WEEKDAYS))] = Field(
        "tuesday", description="Day of the week, monday to sunday."
    )
    time: Annotated[str, AfterValidator(checks.clock_time)] = Field(
        "09:00", description="Time of day in the time zone below, as HH:MM."
    )
    timezone: Annotated[str, AfterValidator(checks.timezone)] = Field(
        "UTC", description="IANA time zone of the newsletter, such as Europe/Berlin."
    )
    catch_up_hours: float = Field(
        48,
        ge=0,
        le=168,
        description="If the program was down at the moment, the tip is still sent when "
        "it comes back within this many hours; later the week is skipped.",
    )
    skip_dates: tuple[date, ...] = Field(
        (),
        description="Sending days on which nothing goes out, such as 2026-12-29. The "
        "queue waits; no tip is lost.",
    )

    @property
    def timetable(self) -> Timetable:
        """The same as a timetable that can be asked for moments."""
        return Timetable(
            weekday=WEEKDAYS.index(self.weekday),
            at=time.fromisoformat(self.time),
            zone=ZoneInfo(self.timezone),
            catch_up=timedelta(hours=self.catch_up_hours),
            skip_dates=frozenset(self.skip_dates),
        )


class LibrarySection(Section):
    """How the library of tips is watched, and what happens at its end."""

    warn_weeks: int = Field(
        6, ge=0, description="Warn when fewer weeks of unsent tips than this remain."
    )
    end: EndPolicy = Field(
        EndPolicy.STOP,
        description='When every tip has been sent: "stop" sends nothing, "recycle" '
        "starts again with the tip that was sent longest ago.",
    )
    recycle_after_weeks: int = Field(
        52,
        ge=1,
        description='With "recycle": weeks that must pass before a tip is sent again.',
    )

    @property
    def recycles_after(self) -> int | None:
        """The rest of a tip in weeks before it is sent again; None at `stop`."""
        return self.recycle_after_weeks if self.end is EndPolicy.RECYCLE else None


class EmailSection(Section):
    """How the email looks and greets."""

    greeting: OneLine = Field(
        "Dear {name},",
        description="First line of the email; {name} is the reader's name.",
    )
    greeting_without_name: OneLine = Field(
        "Hello,", description="The same for readers whose name is not known."
    )
    accent: Annotated[str, AfterValidator(checks.readable_on(LIGHT_SURFACES))] = Field(
        "#0B6157",
        description="Colour of links, light scheme. Refused below 4.5:1 contrast.",
    )
    accent_dark: Annotated[str, AfterValidator(checks.readable_on(DARK_SURFACES))] = (
        Field("#7CD6C5", description="The same in the dark scheme.")
    )
    templates: str = Field(
        "",
        description="A folder of your own templates. A file there, such as "
        "email/tip/body.html or web/home.html, takes the place of ours. Empty: ours.",
    )


class DatabaseSection(Section):
    """Where everything is kept."""

    url: SecretStr = Field(
        SecretStr("sqlite:///newsletter.db"),
        description="sqlite:///FILE (relative to this file) or "
        "postgresql://USER:PASSWORD@HOST/NAME.",
    )
    durability: Durability = Field(
        Durability.FULL,
        description='"full": what was recorded survives a power cut. "normal" is '
        "faster; a crash of the program still loses nothing, but after a power cut the "
        "last letters may be sent once more.",
    )


class Settings(Section):
    """All settings; what a process is started with and never changes."""

    newsletter: NewsletterSection = NewsletterSection()
    identity: IdentitySection = IdentitySection()
    links: LinksSection = LinksSection()
    schedule: ScheduleSection = ScheduleSection()
    library: LibrarySection = LibrarySection()
    email: EmailSection = EmailSection()
    web: WebSection = WebSection()
    signup: SignupSection = SignupSection()
    welcome: WelcomeSection = WelcomeSection()
    leaving: LeavingSection = LeavingSection()
    comments: CommentsSection = CommentsSection()
    privacy: PrivacySection = PrivacySection()
    database: DatabaseSection = DatabaseSection()
    delivery: DeliverySection = DeliverySection()
    smtp: SmtpSection = SmtpSection()
    mailbox: MailboxSection = MailboxSection()
    queue: QueueSection = QueueSection()

    @model_validator(mode="after")
    def _a_queue_needs_postgresql(self) -> Self:
        url = self.database.url.get_secret_value()
        if self.queue.enabled and not url.startswith("postgresql"):
            raise ValueError(
                "queue.enabled needs PostgreSQL: workers on other machines cannot open "
                "a file on this one. Set database.url to postgresql://…, or "
                "queue.enabled to false"
            )
        return self

    @property
    def unsubscribe_mailbox(self) -> str:
        """Where readers may write to leave; empty when nobody would read it."""
        identity = self.identity
        if self.mailbox.kind is MailboxKind.NONE:
            return identity.unsubscribe_address
        return identity.unsubscribe_address or identity.from_address

    @property
    def limits(self) -> Limits:
        """How fast letters may leave."""
        smtp = self.smtp
        sender = self.identity.from_address.rpartition("@")[2]
        ramp = WarmUp(sender, smtp.warm_up.start, smtp.warm_up.factor)
        return Limits(
            per_second=smtp.max_per_second,
            per_hour=smtp.max_per_hour,
            per_day=smtp.max_per_day,
            warm_up=ramp if ramp.start else None,
            per_domain=smtp.per_domain,
        )

    @model_validator(mode="after")
    def _lease_outlives_four_replies(self) -> Self:
        if self.delivery.lease_seconds <= REPLIES * self.smtp.timeout_seconds:
            raise ValueError(
                f"delivery.lease_seconds ({self.delivery.lease_seconds}) must be "
                "longer than four times smtp.timeout_seconds "
                f"({self.smtp.timeout_seconds:g}), or a slow letter would be sent twice"
            )
        return self
