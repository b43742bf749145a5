"""Letters become files that any mail program opens."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from newsletter.outcome import Accepted, Deferred
from newsletter.transport import Envelope, FileTransport, Letter


def letter(
    to: str = "ann@example.org", *, number: str = "2026-W47.1.ab", body: str = "Hi."
) -> Letter:
    """Return a letter with a Message-ID."""
    lines = f"Message-ID: <{number}@tips.example>\r\nSubject: Hello\r\n\r\n{body}\r\n"
    return Letter(Envelope("tips@tips.example", to), lines.encode())


def test_a_letter_is_a_file_of_its_bytes(tmp_path: Path) -> None:
    """Folder and all; named by reader and Message-ID; nothing half-written is left."""
    transport = FileTransport(tmp_path / "out" / "box")

    (outcome,) = transport.send([letter()])
    transport.close()

    (path,) = (tmp_path / "out" / "box").iterdir()
    assert path.name == "ann@example.org--2026-W47.1.ab.eml"
    assert outcome == Accepted(250, str(path))
    assert path.read_bytes() == letter().message
    assert message_from_bytes(path.read_bytes(), policy=default)["Subject"] == "Hello"


def test_every_letter_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Another reader or another letter never overwrites the one before."""
    long_name = "x" * 60 + "@" + ".".join(["y" * 60] * 3) + ".example.org"
    letters = [
        letter(),
        letter("ben@example.org"),
        letter(number="2026-W48.1.ab"),
        letter(long_name, number="2026-W47.2.ab"),
        letter(long_name, number="2026-W48.2.ab"),
        letter("ö" * 60 + "@example.org", number="2026-W47.3.ab"),
    ]

    outcomes = FileTransport(tmp_path).send(letters)

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 6
    found = sorted(path.read_bytes() for path in tmp_path.iterdir())
    assert found == sorted(letter.message for letter in letters)


def test_the_same_letter_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """A retry leaves one file, as a receiver that knows its Message-ID would."""
    transport = FileTransport(tmp_path)

    transport.send([letter(body="first")])
    transport.send([letter(body="second")])

    (path,) = tmp_path.iterdir()
    assert b"second" in path.read_bytes()


@pytest.mark.parametrize(
    "to", ["../../etc/passwd@example.org", "a/b@example.org", '"a\\b"@example.org']
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, to: str) -> None:
    """Slashes and dots of an address are only letters of a name."""
    folder = tmp_path / "outbox"

    (outcome,) = FileTransport(folder).send([letter(to)])

    assert isinstance(outcome, Accepted)
    assert [path.parent for path in tmp_path.rglob("*.eml")] == [folder]


def test_a_letter_without_message_id_is_written_too(tmp_path: Path) -> None:
    """Such as a notice to the operator."""
    bare = Letter(Envelope("a@example.org", "b@example.org"), b"Subject: x\r\n\r\n")

    FileTransport(tmp_path).send([bare])

    assert [path.name for path in tmp_path.iterdir()] == ["b@example.org--0.eml"]


def test_a_folder_that_cannot_be_written_is_a_relay_away(tmp_path: Path) -> None:
    """A full or missing disk is not the reader's fault; the words name the folder."""
    blocked = tmp_path / "outbox"
    blocked.write_text("a file where the folder should be")

    (outcome,) = FileTransport(blocked).send([letter()])

    assert isinstance(outcome, Deferred)
    assert outcome.is_relay_away
    assert f"cannot write to {blocked}" in outcome.reason
