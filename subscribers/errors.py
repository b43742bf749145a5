"""What can go wrong with people's data, each with its facts and a remedy."""

from datetime import datetime


class SubscribersError(Exception):
    """Any expected failure of this package; the text says what to do next."""


class BadAddress(SubscribersError):
    """The text is not an email address that mail can be sent to."""

    def __init__(self, *, value: str, reason: str) -> None:
        self.value = value
        self.reason = reason
        super().__init__(f"{value[:80]!r} is not a usable email address: {reason}")


class UnknownSubscriber(SubscribersError):
    """Nobody with this address is on the list."""

    def __init__(self, *, address: str, nearest: str | None = None) -> None:
        self.address = address
        self.nearest = nearest
        hint = (
            f"Did you mean {nearest}?"
            if nearest
            else "See everybody with `newsletter subscribers list`."
        )
        super().__init__(f"Nobody with the address {address} is on the list. {hint}")


class AlreadyListed(SubscribersError):
    """The address is on the list, whether or not it may be mailed."""

    def __init__(self, *, address: str, status: str, since: datetime) -> None:
        self.address = address
        self.status = status
        self.since = since
        remedy = (
            "There is nothing to do."
            if status == "active"
            else "Only they themselves can change that."
        )
        super().__init__(
            f"{address} is already on the list: {status} since "
            f"{since:%Y-%m-%d}. {remedy}"
        )


class BadDetail(SubscribersError):
    """A name, time zone, language or date that cannot be kept as it is."""

    def __init__(self, *, detail: str, value: str, reason: str) -> None:
        self.detail = detail
        self.value = value
        self.reason = reason
        super().__init__(f"The {detail} {value[:80]!r} cannot be used: {reason}")


class BadToken(SubscribersError):
    """A signed link was altered, cut short, or made for another purpose."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"This link does not work: {reason}.")


class UnreadableList(SubscribersError):
    """A file of subscribers that cannot be read at all, or not from some line on.

    `line` is 0 when the file could not even be opened.
    """

    def __init__(self, *, path: str, line: int, reason: str, remedy: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        self.remedy = remedy
        where = f"{path}, line {line}" if line else path
        super().__init__(f"{where}: {reason}. {remedy}")


class ImportRefused(SubscribersError):
    """A strict import met lines that are not right, and changed nothing."""

    def __init__(self, *, path: str, wrong: int, first_line: int, reason: str) -> None:
        self.path = path
        self.wrong = wrong
        self.first_line = first_line
        self.reason = reason
        lines = "1 line is" if wrong == 1 else f"{wrong} lines are"
        super().__init__(
            f"{path}: {lines} not right, so nothing was imported. The first is line "
            f"{first_line}: {reason}. Mend the file, or import without --strict to "
            "take the good lines."
        )


class ConsentUnknown(SubscribersError):
    """A list does not say how its people agreed to get this mail, and nobody else did.

    `line` is the first person of whom it is not known.
    """

    def __init__(self, *, path: str, line: int) -> None:
        self.path = path
        self.line = line
        super().__init__(
            f"{path}, line {line}: nothing says how these people agreed to get the "
            "newsletter, so nothing was imported. Whoever mails people must be able to "
            'show it. Say it with --source, such as --source "signed up at the counter '
            'in 2025"; or in a column called source.'
        )


class NoResolver(SubscribersError):
    """Nobody can be asked whether a domain takes mail."""

    def __init__(self, *, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"Domains cannot be looked up: {reason}. {remedy}")


class Suppressed(SubscribersError):
    """The address is never to be mailed, and only its owner can change that."""

    def __init__(self, *, address: str, reason: str, since: datetime) -> None:
        self.address = address
        self.reason = reason
        self.since = since
        super().__init__(
            f"{address} is suppressed since {since:%Y-%m-%d} ({reason}) and is not "
            "mailed. If its owner asked you for the newsletter: newsletter subscribers "
            f"unsuppress {address}"
        )
