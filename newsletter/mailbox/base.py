"""What every mailbox can do."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

# Headers are read up to here. Those of an ordinary mail have a tenth of it.
HEAD_OCTETS = 65_536


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that nobody has read.

    Attributes:
        key: names it in its mailbox for good.
        head: its headers, at most `HEAD_OCTETS` of it.
    """

    key: str
    head: bytes


class OpenMailbox(Protocol):
    """A mailbox as long as it is open. All of it may raise `MailboxProblem`."""

    def unread(self, *, after: str, limit: int) -> list[Mail]:
        """Return mail that nobody has read and that may be meant for us.

        Args:
            after: only what comes after the mail of that key; empty for all.
            limit: not more than that; the last one's key leads on to the rest.
        """

    def mark_seen(self, keys: Collection[str]) -> None:
        """Mark mail as read, so that it is not shown again."""


class Mailbox(Protocol):
    """A place where mail arrives."""

    @property
    def name(self) -> str:
        """The mailbox as logs and errors call it."""

    def open(self) -> AbstractContextManager[OpenMailbox]:
        """Open it for the time of a block.

        Raises:
            MailboxProblem: it cannot be reached, or does not let us in.
        """
