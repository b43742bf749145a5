"""A transport that writes each letter as an `.eml` file, for trials."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from newsletter.outcome import Accepted, Command, Deferred, Outcome
from newsletter.transport.base import Letter
from newsletter.transport.instant import InstantTransport

# Letters on the wire at once: here, files that share one commit of the ledger.
WIDTH = 100
LONGEST_PART = 120


class FileTransport(InstantTransport):
    """Write letters into *folder*, named by their recipient and Message-ID.

    A letter that is sent again overwrites its own file, as a receiver that knows its
    Message-ID would.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(width=WIDTH)
        self.folder = folder

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Write the letters; a full or missing disk is a relay that is away."""
        return [self._write(letter) for letter in letters]

    def _write(self, letter: Letter) -> Outcome:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{_file_name(letter)}.eml"
            with path.with_suffix(".part").open("wb") as file:
                file.write(letter.message)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".part").replace(path)
        except OSError as error:
            reason = f"cannot write to {self.folder}: {error}"
            return Deferred(None, reason, Command.CONNECT)
        return Accepted(250, str(path))


def _file_name(letter: Letter) -> str:
    found = re.search(rb"^Message-ID: <([^@>]*)", letter.message, re.MULTILINE)
    number = found.group(1).decode("ascii", "replace") if found else "0"
    # Cut one by one, so that a long address leaves the Message-ID whole: together they
    # stay below the 255 octets that a file's name may have.
    return f"{_name_part(letter.envelope.rcpt_to)}--{_name_part(number)}"


def _name_part(text: str) -> str:
    return re.sub(r"[^\w.@+-]", "_", text, flags=re.ASCII)[:LONGEST_PART]
