"""A mail server on this machine that keeps what it receives."""

import re
from asyncio import Server
from email import message_from_bytes, policy
from pathlib import Path
from types import TracebackType
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"


class MailServer:
    """An SMTP server on a free port of the loopback interface.

    Every message becomes an `.eml` file in *received*, exactly as it came over the
    wire, and an `.html` file in *rendered*, whose links lead to a site on this machine
    once `redirect` was told of one.
    """

    def __init__(self, received: Path, rendered: Path) -> None:
        self.received = received
        self.rendered = rendered
        self.recipients: list[str] = []
        self._redirects: tuple[str, str] | None = None
        self._controller = _OnAFreePort(
            _Keeper(self),
            hostname=LOOPBACK,
            port=0,
            # Else it would ask a name server what this machine is called.
            server_hostname="localhost",
        )

    @property
    def port(self) -> int:
        """The port it listens on, once it was entered."""
        return int(self._controller.port)

    def __enter__(self) -> "MailServer":
        for folder in (self.received, self.rendered):
            folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()

    def redirect(self, site: str, here: str) -> None:
        """Let links to *site* in pages that are still to come lead to *here*."""
        self._redirects = (f'href="{site}/', f'href="{here}/')

    def keep(self, recipient: str, content: bytes) -> None:
        """Write down one message."""
        message = message_from_bytes(content, policy=policy.default)
        slot = str(message["Message-ID"]).strip("<").partition(".")[0]
        name = re.sub(r"[^\w.@+-]", "_", f"{slot}-{recipient}")
        (self.received / f"{name}.eml").write_bytes(content)
        body = message.get_body(("html",))
        if body is not None:
            html = body.get_content()
            if self._redirects:
                html = html.replace(*self._redirects)
            (self.rendered / f"{name}.html").write_text(html, "utf-8")
        self.recipients.append(recipient)


class _Keeper:
    """What aiosmtpd calls for each message."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self._server.keep(recipient, content)
        return "250 2.0.0 Kept"


class _OnAFreePort(Controller):
    """A controller that learns its port from the system before anybody connects."""

    def _trigger_server(self) -> None:
        server = cast(Server, self.server)
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
