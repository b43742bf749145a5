"""The settings that choose one of a few words."""

from enum import StrEnum


class EndPolicy(StrEnum):
    """What happens when every tip has been sent."""

    STOP = "stop"
    RECYCLE = "recycle"


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Durability(StrEnum):
    """What a commit survives."""

    FULL = "full"
    NORMAL = "normal"


class TransportKind(StrEnum):
    """Where letters are handed to."""

    SMTP = "smtp"
    FILE = "file"


class MailboxKind(StrEnum):
    """Where mail to the newsletter is read from."""

    NONE = "none"
    IMAP = "imap"
    MAILDIR = "maildir"


class UncertainPolicy(StrEnum):
    """What follows when nobody can know whether the relay took a letter."""

    RESEND = "resend"
    HOLD = "hold"
