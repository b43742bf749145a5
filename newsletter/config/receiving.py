"""The settings of the mailbox that is read: where mail to the newsletter arrives."""

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
from newsletter.config.choices import MailboxKind, Security
from newsletter.config.durations import duration, read_duration
from newsletter.config.section import Section

OneLine = Annotated[str, AfterValidator(checks.one_line)]
Duration = Annotated[str, BeforeValidator(duration)]

# What each kind cannot do without.
_NEEDED = {
    MailboxKind.NONE: (),
    MailboxKind.IMAP: ("host", "username", "folder"),
    MailboxKind.MAILDIR: ("path",),
}


class MailboxSection(Section):
    """The mailbox to which readers write to leave; read by `newsletter run`."""

    kind: MailboxKind = Field(
        MailboxKind.NONE,
        description='"imap", "maildir" (a folder on this machine) or "none": no '
        "mailbox is read, and letters offer the way out by mail only with "
        "identity.unsubscribe_address.",
    )
    host: OneLine = Field("", description="Host name of the IMAP server.")
    port: int = Field(993, ge=1, le=65_535, description="Its port.")
    security: Security = Field(
        Security.TLS,
        description='"tls" (port 993), "starttls" (port 143) or "none" (a server on '
        "this machine only). Certificates are always verified.",
    )
    username: OneLine = Field(
        "",
        description='User name. With security = "none" only for a server on this '
        "machine.",
    )
    password: SecretStr = Field(
        SecretStr(""), description="Password. Better in NEWSLETTER_MAILBOX_PASSWORD."
    )
    password_file: str = Field(
        "", description="A file that holds the password, instead of writing it here."
    )
    ca_file: str = Field(
        "", description="Certificate authorities to trust instead of the system's."
    )
    folder: OneLine = Field("INBOX", description="Folder on the IMAP server.")
    path: str = Field(
        "", description="The Maildir, which holds new and cur; relative to this file."
    )
    every: Duration = Field(
        "5m", description="How often it is looked into: a number and s, m, h or d."
    )
    timeout_seconds: float = Field(
        20, gt=0, le=300, description="How long to wait for each answer of the server."
    )

    @field_validator("host", "username", "folder", "path")
    @classmethod
    def _needs_it(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a kind of mailbox without what it cannot be found by."""
        kind = info.data.get("kind", MailboxKind.NONE)
        if not value and info.field_name in _NEEDED[kind]:
            raise ValueError(f'mailbox.kind = "{kind}" needs it')
        return value

    @field_validator("username")
    @classmethod
    def _no_login_in_the_clear(cls, value: str, info: ValidationInfo) -> str:
        """Refuse what would show the password to the network (RFC 8314 §3)."""
        remedy = 'Set mailbox.security to "tls" (port 993) or "starttls" (port 143)'
        return checks.protected_login(value, info.data, remedy=remedy)

    @property
    def interval(self) -> timedelta:
        """How often it is looked into."""
        return read_duration(self.every)
