"""The error tree: what happened, with which value, and what to do next.

`ConfigError` stands apart from `NewsletterError`, so that no loop that carries on after
a failed letter can swallow a wrong setting.
"""

from collections.abc import Sequence
from pathlib import Path


class NewsletterError(Exception):
    """Any expected failure while the newsletter runs."""


class ConfigError(Exception):
    """A setting is missing, wrong or unknown; nothing can run until it is mended."""


class MissingConfig(ConfigError):
    """There is no configuration file where one was looked for."""

    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(
            f"There is no configuration at {path}. Make one with `newsletter init`, "
            "or name another with --config."
        )


class UnreadableConfig(ConfigError):
    """The configuration is not valid TOML, or cannot be opened."""

    def __init__(self, *, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class UnknownSetting(ConfigError):
    """A key that no setting has."""

    def __init__(self, *, key: str, nearest: str | None, where: str) -> None:
        self.key = key
        self.nearest = nearest
        hint = (
            f'Did you mean "{nearest}"?'
            if nearest
            else "See docs/configuration.md for every setting."
        )
        super().__init__(f'{where}: unknown setting "{key}". {hint}')


class BadSetting(ConfigError):
    """A setting whose value cannot be used."""

    def __init__(self, *, key: str, value: object, reason: str, where: str) -> None:
        self.key = key
        self.value = value
        self.reason = reason
        super().__init__(f"{where}: {key} = {value!r}: {reason}")


class MissingSetting(ConfigError):
    """A setting without which the thing asked for cannot be done."""

    def __init__(self, *, key: str, why: str) -> None:
        self.key = key
        super().__init__(f'The setting "{key}" is missing: {why}')


class MissingExtra(ConfigError):
    """A setting asks for a part of the program that is not installed."""

    def __init__(self, *, key: str, extra: str) -> None:
        self.key = key
        self.extra = extra
        super().__init__(
            f'The setting "{key}" needs a part that is not installed here. Install it: '
            f"pip install 'newsletter[{extra}]'"
        )


class DatabaseProblem(NewsletterError):
    """The database cannot be used as it is."""


class Fenced(NewsletterError):
    """The database may not send: it is a copy, was restored, or is older than it was.

    Nobody but its operator can know whether another one sends already.
    """

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"This database may not send: {reason}. If it is the one that shall send "
            "from now on, and no other does: newsletter takeover"
        )


class BackupRefused(NewsletterError):
    """A backup that cannot be written or restored as asked."""

    def __init__(self, *, file: Path, reason: str, remedy: str) -> None:
        self.file = file
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{file}: {reason}. {remedy}")


class UnknownTip(NewsletterError):
    """No tip has this slug."""

    def __init__(self, *, slug: str, nearest: str | None = None) -> None:
        self.slug = slug
        self.nearest = nearest
        hint = (
            f'Did you mean "{nearest}"?' if nearest else "See `newsletter tips list`."
        )
        super().__init__(f'There is no tip "{slug}". {hint}')


class TipRefused(NewsletterError):
    """Something asked of a tip that its state does not allow."""

    def __init__(self, *, slug: str, reason: str) -> None:
        self.slug = slug
        self.reason = reason
        super().__init__(f'The tip "{slug}": {reason}')


class UnknownComment(NewsletterError):
    """No comment has this number."""

    def __init__(self, *, number: int) -> None:
        self.number = number
        super().__init__(
            f"There is no comment {number}. See `newsletter comments list --all`."
        )


class UnknownIssue(NewsletterError):
    """No issue was opened for this slot."""

    def __init__(self, *, slot: str) -> None:
        self.slot = slot
        super().__init__(f"There is no issue for {slot}. See `newsletter issues list`.")


class IssueRefused(NewsletterError):
    """Something asked of an issue that its state does not allow."""

    def __init__(self, *, slot: str, reason: str) -> None:
        self.slot = slot
        self.reason = reason
        super().__init__(f"The issue {slot}: {reason}")


class BadSlot(NewsletterError):
    """The text does not name a week."""

    def __init__(self, *, value: str, reason: str) -> None:
        self.value = value
        super().__init__(f"{value!r} is not a week: {reason}. Write it like 2026-W47.")


class BadTemplate(NewsletterError):
    """A template that cannot be used."""

    def __init__(self, *, template: str, reason: str) -> None:
        self.template = template
        self.reason = reason
        super().__init__(f"The template {template}: {reason}")


class RelayRefused(NewsletterError):
    """The relay does not let us send at all: it is not one reader's fault."""

    def __init__(self, *, relay: str, reason: str) -> None:
        self.relay = relay
        self.reason = reason
        super().__init__(
            f"The relay {relay} cannot be used: {reason}. "
            "Check [smtp] with `newsletter doctor`."
        )


class MailboxProblem(NewsletterError):
    """The mailbox that takes mail to the newsletter cannot be read or marked."""

    def __init__(self, *, mailbox: str, reason: str) -> None:
        self.mailbox = mailbox
        self.reason = reason
        super().__init__(
            f"The mailbox {mailbox} cannot be read: {reason.rstrip('.')}. What is in "
            "it waits. Check [mailbox] with `newsletter doctor`."
        )


class ReservedWords(NewsletterError):
    """A text contains the word that marks the place of a reader's own words."""

    def __init__(self, *, where: str, word: str) -> None:
        self.where = where
        self.word = word
        super().__init__(
            f'{where} contains "{word}", which the program uses to mark where a '
            "reader's name and links go. Write it differently."
        )


class UnmailableAddress(NewsletterError):
    """An address that no message can be written to: that reader's delivery fails."""

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"No message can be written to this address: {reason}")


class UnreadableSource(NewsletterError):
    """A file of tips that cannot be read at all, or not from some place on."""

    def __init__(self, *, path: Path, where: str, reason: str, remedy: str) -> None:
        self.path = path
        self.where = where
        self.reason = reason
        self.remedy = remedy
        place = f"{path}, {where}" if where else str(path)
        super().__init__(f"{place}: {reason}. {remedy}")


class ImportRefused(NewsletterError):
    """Some of what was to be imported is wrong, so nothing was imported."""

    def __init__(self, *, refused: Sequence[object]) -> None:
        self.refused = tuple(refused)
        lines = "\n".join(f"  {item}" for item in self.refused)
        super().__init__(
            f"Nothing was imported, since {len(self.refused)} of the tips cannot be:\n"
            f"{lines}\nMend these, or import the others with --skip-bad."
        )


class ExportRefused(NewsletterError):
    """The folder to export to cannot take the tips."""

    def __init__(self, *, folder: Path, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(
            f"Nothing was exported to {folder}: {reason}. Name an empty or new folder."
        )


class CannotListen(NewsletterError):
    """The site's address and port cannot be listened on."""

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(
            f"The site cannot listen on {host}, port {port}: {reason}. Is it running "
            "already? Else choose another web.port, or set web.enabled to false."
        )


class DemoRefused(NewsletterError):
    """The demo's folder holds something real, which the demo must not touch."""

    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} was not made by the demo, so it is left as it is. Name another "
            "folder with --folder."
        )
