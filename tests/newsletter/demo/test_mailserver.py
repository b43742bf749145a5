"""The demo's mail server keeps what it receives, exactly, and only on loopback."""

import smtplib
import socket
from pathlib import Path

import pytest

from newsletter.demo import MailServer

MESSAGE = (
    b"From: tips@tips.example\r\n"
    b"To: zoe@example.org\r\n"
    b"Subject: Say what happens next\r\n"
    b"Message-ID: <2026-W48.7.0f3c2a17@tips.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n"
    b"\r\n"
    b"<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n"
    b".\r\n"
    b"..two dots\r\n"
)


@pytest.fixture
def server(tmp_path: Path) -> MailServer:
    """A server that was not started yet."""
    return MailServer(tmp_path / "received", tmp_path / "rendered")


def hand_over(server: MailServer, *recipients: str, message: bytes = MESSAGE) -> None:
    """Send a message as any program would."""
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname="x.test") as smtp:
        smtp.sendmail("tips@tips.example", recipients, message)


def test_a_message_is_kept_byte_for_byte(server: MailServer) -> None:
    """Dots at the beginning of a line included; named by slot and recipient."""
    with server:
        hand_over(server, "zoe@example.org")

    (file,) = server.received.iterdir()
    assert file.name == "2026-W48-zoe@example.org.eml"
    assert file.read_bytes() == MESSAGE
    assert server.recipients == ["zoe@example.org"]


def test_its_html_is_kept_as_a_page(server: MailServer) -> None:
    """Decoded, in UTF-8, for a browser."""
    with server:
        hand_over(server, "zoe@example.org")

    (page,) = server.rendered.iterdir()
    assert page.name == "2026-W48-zoe@example.org.html"
    assert page.read_text("utf-8").startswith("<p>Grüße</p>")


def test_each_recipient_has_a_file(server: MailServer) -> None:
    """One transaction to two people is two letters received."""
    with server:
        hand_over(server, "a@example.org", "b@example.org")

    assert len(list(server.received.iterdir())) == 2


def test_a_message_without_html_is_kept_too(server: MailServer) -> None:
    """A notice in plain text, or no headers at all."""
    with server:
        hand_over(server, "a@example.org", message=b"\r\nOnly words.\r\n")

    assert len(list(server.received.iterdir())) == 1
    assert list(server.rendered.iterdir()) == []


def test_an_address_cannot_lead_out_of_the_folder(server: MailServer) -> None:
    """Slashes in a local part are letters like others to SMTP."""
    with server:
        hand_over(server, "../../evil@example.org")

    (file,) = server.received.iterdir()
    assert file.parent == server.received
    assert "/" not in file.name


def test_it_listens_on_loopback_only(server: MailServer) -> None:
    """On a port that the system chose, never 25, and not for other machines."""
    with server:
        listening = server._controller.server.sockets  # type: ignore[union-attr]
        names = {one.getsockname()[0] for one in listening}
        port = server.port

    assert names == {"127.0.0.1"}
    assert port > 1023


def test_when_it_ends_nobody_answers(server: MailServer) -> None:
    """The port is free again."""
    with server:
        port = server.port

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)
