"""What can go wrong with people's data, each with its facts and a remedy."""


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

    def __init__(self, *, address: str) -> None:
        self.address = address
        super().__init__(
            f"Nobody with the address {address} is on the list. "
            "See everybody with `newsletter subscribers list`."
        )


class BadToken(SubscribersError):
    """A signed link was altered, cut short, or made for another purpose."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"This link does not work: {reason}.")


class UnreadableList(SubscribersError):
    """A file of subscribers that cannot be read at all, or not from some line on."""

    def __init__(self, *, path: str, line: int, reason: str, remedy: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{path}, line {line}: {reason}. {remedy}")
