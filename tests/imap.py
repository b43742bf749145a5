"""IMAP servers for tests: a real one, and one that answers as it is told to.

The real one is pymap, in memory, in a process of its own. It speaks STARTTLS and no TLS
from the first byte; the scripted one does, and hangs up or says nothing where it shall.
"""

import imaplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any

from tests.relay import CA_FILE, TLS, Silence

USER, PASSWORD = "tips", "hunter2"
PATIENCE = 20.0


@dataclass(frozen=True)
class ImapServer:
    """A running server with one account."""

    port: int

    def settings(self, **more: object) -> dict[str, object]:
        """Return the section [mailbox] for it."""
        return {
            "kind": "imap",
            "host": "localhost",
            "port": self.port,
            "security": "starttls",
            "username": USER,
            "password": PASSWORD,
            "ca_file": str(CA_FILE),
            "timeout_seconds": 5,
            **more,
        }

    def put(self, mail: bytes, *flags: str) -> None:
        """Let a mail arrive."""
        with self._client() as client:
            client.append("INBOX", f"({' '.join(flags)})", "", mail)

    def unread(self) -> list[bytes]:
        """Return the mail that nobody has read, as it stands."""
        return self._search("UNSEEN")

    def all(self) -> list[bytes]:
        """Return every mail."""
        return self._search("ALL")

    def empty(self) -> None:
        """Throw everything away."""
        with self._client() as client:
            client.store("1:*", "+FLAGS", "(\\Deleted)")
            client.expunge()

    def _search(self, which: str) -> list[bytes]:
        with self._client() as client:
            found: Any = client.search(None, which)[1]
            mails = []
            for number in (found[0] or b"").decode().split():
                answer: Any = client.fetch(number, "(BODY.PEEK[])")[1]
                mails.append(next(p[1] for p in answer if isinstance(p, tuple)))
            return mails

    @contextmanager
    def _client(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, PATIENCE) as client:
            client.login(USER, PASSWORD)
            client.select("INBOX")
            yield client


@contextmanager
def imap_server(certificate: str = "relay") -> Iterator[ImapServer]:
    """Run a real server for the time of a ``with`` block.

    Args:
        certificate: "relay" is good; else "self-signed", "expired" or "other-name".
    """
    port, pem = _free_port(), str(TLS / f"{certificate}.pem")
    words = [
        *("--host", "127.0.0.1", "--port", str(port), "--cert", pem, "--key", pem),
        *("--no-service", "admin", "--no-service", "managesieve"),
        *("dict", "--demo-user", USER, "--demo-password", PASSWORD),
    ]
    program = Path(sys.executable).with_name("pymap")
    with subprocess.Popen(
        [program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port, process)
            yield ImapServer(port)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the IMAP server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "the IMAP server does not start"
            time.sleep(0.02)
        else:
            return


GREETING = "greeting"
# What a server says that has no mail.
_USUAL = {"CAPABILITY": "* CAPABILITY IMAP4rev1", "UID SEARCH": "* SEARCH"}


class ScriptedImap(ThreadingTCPServer):
    """A server without mail; `rules` say what it answers instead, by command."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.port: int = self.socket.getsockname()[1]
        self.rules: dict[str, str | Silence] = {}
        self.said: list[str] = []
        self.ended = Event()
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        """Speak TLS from the first byte, if it shall."""
        request, address = super().get_request()
        if self._context:
            request = self._context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            )
        return request, address

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up on us, as on a wrong certificate, is what a test wants."""


class _Talk(StreamRequestHandler):
    """One connection."""

    server: ScriptedImap

    def handle(self) -> None:
        self._answer(GREETING, "*", "* OK ready")
        while line := self.rfile.readline():
            tag, *words = line.decode().split()
            verb = " ".join(words[: 2 if words[0] == "UID" else 1]).upper()
            self.server.said.append(verb)
            usual = _USUAL.get(verb, "")
            done = f"{tag} OK done"
            self._answer(verb, tag, f"{usual}\r\n{done}" if usual else done)

    def _answer(self, verb: str, tag: str, usual: str) -> None:
        answer = self.server.rules.get(verb, usual)
        if answer is Silence.STALL:
            self.server.ended.wait(PATIENCE)
        if isinstance(answer, Silence):
            raise ConnectionAbortedError
        self.wfile.write(f"{answer}\r\n".replace("TAG", tag).encode())


@contextmanager
def scripted_imap(*, certificate: str = "") -> Iterator[ScriptedImap]:
    """Run a scripted server for the time of a ``with`` block.

    Args:
        certificate: speak TLS from the first byte, with this certificate.
    """
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(TLS / f"{certificate}.pem")
    with ScriptedImap(context) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
