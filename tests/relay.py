"""A relay for tests: a real SMTP server on loopback that answers as it is told to.

It accepts every letter and keeps it, unless a rule says otherwise. A rule belongs to a
step of the conversation, and if need be to one address; it answers with words of its
own, a few octets at a time if need be, hangs up, or says nothing at all.
"""
# ruff: noqa: N802 - aiosmtpd finds its methods by the verbs in their names

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TLS = Path(__file__).parent / "corpus" / "tls"
# The authority that signed the relay's certificates, all but the self-signed one. Good
# ones end in 2120.
CA_FILE = TLS / "ca.pem"
CLOSING = "421"
# Long enough for two writes to be two packets.
BETWEEN_PIECES = 0.005


class Step(StrEnum):
    """Where in a conversation a rule applies."""

    CONNECT = "connect"
    HELLO = "EHLO"
    OLD_HELLO = "HELO"
    STARTTLS = "STARTTLS"
    # After a yes to STARTTLS, instead of TLS.
    HANDSHAKE = "handshake"
    LOGIN = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    # While the message is on its way, and after its final dot.
    TEXT = "text"
    END = "end"


class Silence(Enum):
    """Answers without words."""

    HANG_UP = "hang up"
    STALL = "stall"


@dataclass(frozen=True)
class Pieces:
    """Words that arrive three octets at a time."""

    words: str


Answer = str | Silence | Pieces


@dataclass
class Rule:
    """What is answered at a step, to whom ("" is everybody), and how many times."""

    step: Step
    answer: Answer
    to: str = ""
    times: int = 1_000_000


@dataclass(frozen=True)
class Received:
    """A letter that the relay took; `message` is without the stuffed dots."""

    mail_from: str
    rcpt_to: str
    message: bytes
    conversation: int


@dataclass
class ScriptedRelay:
    """What a running relay was told, and what it heard.

    Attributes:
        letters_each: letters that one connection may carry; then it is closed with 421.
        connections: connections that may be open at once.
        when_full: what one more gets.
        withheld: what is left out of the answer to EHLO.
        per_second: letters that are taken in any second; 0 is all of them.
        too_fast: what one more gets, at MAIL.
        times_too_fast: how often that was said.
        said: verbs that came in, by conversation.
        hello_names: what the other side called itself.
        connects: connections that were made, refused ones too.
        open: connections that are open now.
        most_open: connections that were let in and open at once.
    """

    login: tuple[str, str] | None = None
    pipelining: bool = False
    letters_each: int = 1_000_000
    connections: int = 1_000_000
    when_full: Answer = "421 4.7.0 too many connections"
    withheld: tuple[str, ...] = ()
    per_second: int = 0
    too_fast: str = "450 4.7.1 too fast"
    times_too_fast: int = 0
    rules: list[Rule] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    said: dict[int, list[str]] = field(default_factory=dict)
    hello_names: list[str] = field(default_factory=list)
    port: int = 0
    connects: int = 0
    open: int = 0
    most_open: int = 0
    _let_in: list[float] = field(default_factory=list)

    @property
    def conversations(self) -> int:
        """How many connections said hello."""
        return len(self.said)

    def answer(
        self, step: Step, answer: Answer, *, to: str = "", times: int = 1_000_000
    ) -> None:
        """Answer so at *step*; a later rule beats an earlier one."""
        self.rules.insert(0, Rule(step, answer, to, times))

    def is_too_fast(self) -> bool:
        """Tell whether a second's letters were taken in the last second."""
        if not self.per_second:
            return False
        now = time.monotonic()
        self._let_in = [moment for moment in self._let_in if moment > now - 1]
        if len(self._let_in) >= self.per_second:
            self.times_too_fast += 1
            return True
        self._let_in.append(now)
        return False

    def rule_for(self, step: Step, address: str) -> Answer | None:
        """Return the answer of the first rule that applies, and count it."""
        for rule in self.rules:
            if rule.step is step and rule.times and rule.to in ("", address):
                rule.times -= 1
                return rule.answer
        return None


class _Conversation(SMTP):
    """One connection; aiosmtpd speaks wherever no rule does."""

    def __init__(self, relay: ScriptedRelay, **options: Any) -> None:
        super().__init__(self, **options)
        self.relay = relay
        self.number = 0
        self.carried = 0
        self.was_yes = False

    async def _handle_client(self) -> None:
        """Let the connection in, or do as the rule for it says."""
        relay = self.relay
        relay.connects += 1
        if relay.open >= relay.connections:
            return await self._turn_away(relay.when_full)
        if (answer := relay.rule_for(Step.CONNECT, "")) is not None:
            return await self._turn_away(answer)
        relay.open += 1
        relay.most_open = max(relay.most_open, relay.open)
        try:
            await super()._handle_client()
        finally:
            relay.open -= 1

    async def _turn_away(self, answer: Answer) -> None:
        """Say so instead of a greeting, and hang up."""
        if isinstance(answer, Silence):
            await self._be_silent(answer)
        else:
            await self._say(answer)
        await self._be_silent(Silence.HANG_UP)

    async def handle_EHLO(
        self,
        _server: SMTP,
        session: Session,
        _envelope: Any,
        name: str,
        lines: list[str],
    ) -> list[str]:
        """Offer PIPELINING, if it is to be offered, and not what is withheld."""
        session.host_name = name
        offers = [*lines[:-1], *["250-PIPELINING"] * self.relay.pipelining]
        kept = [line for line in offers if line[4:] not in self.relay.withheld]
        return [*kept, lines[-1]]

    async def smtp_EHLO(self, hostname: str) -> None:
        self.number = self.number or len(self.relay.said) + 1
        self.relay.said.setdefault(self.number, [])
        self.relay.hello_names.append(hostname)
        if not await self._ruled(Step.HELLO):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._ruled(Step.OLD_HELLO):
            await super().smtp_HELO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if await self._ruled(Step.STARTTLS):
            return
        answer = self.relay.rule_for(Step.HANDSHAKE, "")
        if answer is None:
            await super().smtp_STARTTLS(arg)
            return
        await self.push("220 2.0.0 go ahead")
        await self._turn_away(answer)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._ruled(Step.LOGIN):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        assert self.session is not None
        if self.relay.login and not self.session.authenticated:
            await self.push("530 5.7.0 log in first")
        elif self.carried >= self.relay.letters_each:
            await self.push("421 4.7.0 enough letters on this connection")
            await self._be_silent(Silence.HANG_UP)
        elif self.relay.is_too_fast():
            await self.push(self.relay.too_fast)
            if self.relay.too_fast.startswith(CLOSING):
                await self._be_silent(Silence.HANG_UP)
        elif not await self._ruled(Step.MAIL, _address(arg)):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._ruled(Step.RCPT, _address(arg)):
            await super().smtp_RCPT(arg)
        elif self.was_yes:
            assert self.envelope is not None
            self.envelope.rcpt_tos.append(_address(arg))

    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope is not None
        # With PIPELINING, DATA comes even when RCPT was refused.
        address = next(iter(self.envelope.rcpt_tos), "")
        if await self._ruled(Step.DATA, address):
            return
        if self.relay.rule_for(Step.TEXT, address) is not None:
            await self.push("354 go on")
            await self._reader.readline()
            await self._be_silent(Silence.HANG_UP)
        await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        await super().smtp_RSET(arg)
        self.relay.said[self.number].append("RSET")

    async def smtp_QUIT(self, arg: str) -> None:
        self.relay.said[self.number].append("QUIT")
        await super().smtp_QUIT(arg)

    async def handle_DATA(
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the letter unless it is refused; a lost answer does not lose it."""
        self.carried += 1
        address = envelope.rcpt_tos[0]
        answer = self.relay.rule_for(Step.END, address)
        if not (isinstance(answer, str) and answer.startswith(("4", "5"))):
            message, sender = envelope.original_content, envelope.mail_from
            assert message is not None
            assert sender is not None
            letter = Received(sender, address, message, self.number)
            self.relay.received.append(letter)
        if isinstance(answer, Silence):
            await self._be_silent(answer)
        if answer is None:
            return "250 2.0.0 queued"
        if isinstance(answer, Pieces):
            await self._say(Pieces(answer.words[:-3]), end="")
            return answer.words[-3:]
        if str(answer).startswith(CLOSING):
            await self.push(str(answer))
            await self._be_silent(Silence.HANG_UP)
        return str(answer)

    async def _ruled(self, step: Step, address: str = "") -> bool:
        """Follow the rule for *step*, if there is one."""
        self.relay.said[self.number].append(step.value)
        match self.relay.rule_for(step, address):
            case None:
                return False
            case Silence() as silence:
                await self._be_silent(silence)
            case words:
                said = words.words if isinstance(words, Pieces) else words
                self.was_yes = said.startswith("2")
                await self._say(words)
                if str(words).startswith(CLOSING):
                    await self._be_silent(Silence.HANG_UP)
        return True

    async def _say(self, answer: str | Pieces, *, end: str = "\r\n") -> None:
        if isinstance(answer, str):
            await self.push(answer)
            return
        words = (answer.words + end).encode()
        for at in range(0, len(words), 3):
            self._writer.write(words[at : at + 3])
            await self._writer.drain()
            await asyncio.sleep(BETWEEN_PIECES)

    async def _be_silent(self, silence: Silence) -> None:
        if silence is Silence.HANG_UP and self.transport is not None:
            # What was said before still arrives; then the line is dead.
            self.transport.close()
        # The end of the connection, or of the relay, cancels this.
        await asyncio.sleep(3_600)


class _Server(Controller):
    """Conversations with one relay, on a free port."""

    def __init__(self, relay: ScriptedRelay, **options: Any) -> None:
        super().__init__(relay, "127.0.0.1", relay.port, **options)
        self.open: list[_Conversation] = []

    def factory(self) -> SMTP:
        talk = _Conversation(self.handler, loop=self.loop, **self.SMTP_kwargs)
        self.open.append(talk)
        return talk

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    def stop(self, no_assert: bool = False) -> None:
        future = asyncio.run_coroutine_threadsafe(self._end_conversations(), self.loop)
        future.result(timeout=10)
        super().stop(no_assert)

    async def _end_conversations(self) -> None:
        for talk in self.open:
            if talk.transport is not None:
                # Python 3.11.2 fails to abort TLS on a connection that is lost.
                with contextlib.suppress(AttributeError):
                    talk.transport.abort()  # type: ignore[attr-defined]
        tasks = [talk._handler_coroutine for talk in self.open]
        await asyncio.gather(*(t for t in tasks if t), return_exceptions=True)


@contextmanager
def running(
    *,
    login: tuple[str, str] | None = None,
    tls: str = "",
    smtputf8: bool = False,
    longest: int | None = None,
    certificate: str = "relay",
    relay: ScriptedRelay | None = None,
    **told: Any,
) -> Iterator[ScriptedRelay]:
    """Run a relay for the time of a ``with`` block.

    Args:
        login: user and password without which nothing may be sent.
        tls: "starttls" to offer it, "tls" to demand it from the first byte.
        smtputf8: offer SMTPUTF8 (RFC 6531).
        longest: offer SIZE (RFC 1870) and take no longer message.
        certificate: "relay" is good; else "self-signed", "expired" or "other-name".
        relay: one that ran before, which comes back at its old port.
        told: what else a `ScriptedRelay` may be told, such as ``pipelining=True``.
    """
    relay = relay or ScriptedRelay(login, **told)
    options: dict[str, Any] = {
        "server_hostname": "relay.example",
        "enable_SMTPUTF8": smtputf8,
        "data_size_limit": longest,
        "authenticator": _authenticator(login),
        "auth_require_tls": login is None,
    }
    if tls == "starttls":
        options["tls_context"] = _tls_context(certificate)
    if tls == "tls":
        options["ssl_context"] = _tls_context(certificate)
    server = _Server(relay, **options)
    before = relay.connects
    server.start()
    # aiosmtpd sees for itself that the server is there; that is no connection of ours.
    while relay.open:
        time.sleep(0.001)
    relay.connects, relay.most_open = before, 0
    relay.port = server.port
    try:
        yield relay
    finally:
        server.stop()


def _address(arg: str | None) -> str:
    """Return the address between the angle brackets of MAIL or RCPT."""
    return (arg or "").partition("<")[2].partition(">")[0]


def _authenticator(login: tuple[str, str] | None) -> Callable[..., AuthResult]:
    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == login, handled=False)

    return check


def _tls_context(certificate: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / f"{certificate}.pem")
    return context
