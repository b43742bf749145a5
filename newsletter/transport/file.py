"""A transport that writes each letter as an `.eml` file, for trials."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from newsletter.outcome import Accepted, Command, Outcome, Rejected
from newsletter.transport.base import Letter

# Letters on the wire at once: here, files that share one commit of the ledger.
WIDTH = 100


class FileTransport:
    """Write letters into *folder*, named by their recipient and Message-ID.

    A letter that is sent again overwrites its own file, as a receiver that knows its
    Message-ID would.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.width = WIDTH

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Write the letters; a full or missing disk refuses us, not the reader."""
        return [self._write(letter) for letter in letters]

    def close(self) -> None:
        """Do nothing: every file is closed already."""

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
            return Rejected(
                554, f"cannot write to {self.folder}: {error}", Command.DATA
            )
        return Accepted(250, str(path))


def _file_name(letter: Letter) -> str:
    found = re.search(rb"^Message-ID: <([^@>]*)", letter.message, re.MULTILINE)
    name = f"{letter.envelope.rcpt_to}--{found.group(1).decode() if found else '0'}"
    return re.sub(r"[^\w.@+-]", "_", name)[:200]
