"""A Maildir on this machine, in which a mail is marked by renaming its file.

The standard library's `mailbox.Maildir` would write a mail anew to mark it, and could
change it by that; here not one octet is touched.

Source: https://cr.yp.to/proto/maildir.html; its flags: S is seen, T is deleted.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.errors import MailboxProblem
from newsletter.mailbox.base import HEAD_OCTETS, Mail

_MARK = ":2,"
_SEEN = "S"
_IS_READ = frozenset("ST")


class MaildirMailbox:
    """The mail in *path*, which holds the folders ``new`` and ``cur``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The mailbox as logs and errors call it."""
        return str(self._path)

    @contextmanager
    def open(self) -> Iterator["MaildirMailbox"]:
        """See that it is there; nothing of it stays open.

        Raises:
            MailboxProblem: there is no Maildir, or it cannot be read.
        """
        with self._troubles_said():
            next(self._files(), None)
        yield self

    def unread(self, *, after: str, limit: int) -> list[Mail]:
        """Return the mail whose file says that nobody has read it, by its key."""
        with self._troubles_said():
            files = sorted(
                (key, path)
                for key, path in self._files()
                if key > after and not _IS_READ & _flags(path)
            )
            heads = ((key, _head(path)) for key, path in files[:limit])
            return [Mail(key, head) for key, head in heads if head]

    def mark_seen(self, keys: Collection[str]) -> None:
        """Move the files to ``cur`` under names that say so."""
        with self._troubles_said():
            for key, path in list(self._files()):
                if key in keys:
                    self._mark(key, path)

    def _mark(self, key: str, path: Path) -> None:
        flags = "".join(sorted({_SEEN, *_flags(path)}))
        try:
            path.rename(self._path / "cur" / f"{key}{_MARK}{flags}")
        except FileNotFoundError:
            # A mail program moved it meanwhile, or another process of ours; else the
            # whole folder is gone.
            if not self._path.is_dir():
                raise

    def _files(self) -> Iterator[tuple[str, Path]]:
        for folder in ("new", "cur"):
            for path in (self._path / folder).iterdir():
                if not path.name.startswith("."):
                    yield path.name.partition(":")[0], path

    @contextmanager
    def _troubles_said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"{error.strerror or error} ({error.filename or self._path})"
            raise MailboxProblem(mailbox=self.name, reason=reason) from error


def _flags(path: Path) -> set[str]:
    return set(path.name.partition(_MARK)[2])


def _head(path: Path) -> bytes:
    """Return the beginning of a mail; nothing when it was moved meanwhile."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_OCTETS)
    except FileNotFoundError:
        return b""
