"""Everything that a relay may do to us, and what follows: the table of the docs.

`tests/whole/test_relay_faults.py` does each of them with a real server and checks every
column; `docs/relay-faults.md` is made from the same rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from newsletter.tables import DeliveryStatus, IssueStatus, NoticeKind
from tests.relay import Answer, Pieces, Silence, Step

SENT, LATER = DeliveryStatus.SENT, DeliveryStatus.DEFERRED
FAILED, WAITS = DeliveryStatus.FAILED, DeliveryStatus.PENDING
IN_DOUBT = DeliveryStatus.UNCERTAIN
DONE, GOES_ON, PAUSED = IssueStatus.SENT, IssueStatus.SENDING, IssueStatus.PAUSED
FINISHED, AWAY = NoticeKind.ISSUE_FINISHED, NoticeKind.RELAY_AWAY
STOPPED, SLOWER = NoticeKind.ISSUE_PAUSED, NoticeKind.RELAY_LIMITS
HANGS_UP, STALLS = Silence.HANG_UP, Silence.STALL


class Line(StrEnum):
    """What becomes of the connection."""

    KEPT = "kept"
    ANOTHER = "closed; another is opened"
    NONE = "none, until it is tried again"


@dataclass(frozen=True)
class Fault:
    """One thing that a relay does, and its five consequences.

    Attributes:
        step: where it does so.
        answer: what it says or does there; None says nothing out of the ordinary.
        every: to everybody, not to one reader or once.
        letter: where the letter concerned stands after one go.
        counted: whether it is a bounce of its reader.
        issue: where the issue stands after one go.
        line: what becomes of the connection.
        told: what the operator is told; every start is told, too.
        stays: this relay will never do what is asked of it.
        words: how the docs say it, where the answer is not enough.
        relay: what else the relay is told.
        smtp: settings under `[smtp]`.
        reader: whose letter it is.
    """

    step: Step
    answer: Answer | None
    letter: DeliveryStatus
    issue: IssueStatus
    line: Line = Line.KEPT
    told: NoticeKind | None = None
    counted: bool = False
    every: bool = False
    stays: bool = False
    words: str = ""
    relay: Mapping[str, Any] = field(default_factory=dict)
    smtp: Mapping[str, Any] = field(default_factory=dict)
    reader: str = "r2@example.org"

    @property
    def is_before_any_letter(self) -> bool:
        """Tell whether it happens while a connection is opened."""
        return self.step in _BEFORE_ANY_LETTER

    @property
    def name(self) -> str:
        """What the relay does, in a few words."""
        if self.words:
            return self.words
        where = f"{_said(self.answer)} {_WHERE[self.step]}"
        if self.is_before_any_letter:
            return where
        return f"{where}, {'always' if self.every else 'for one letter'}"


_WHERE = {
    Step.CONNECT: "at connect",
    Step.HELLO: "at EHLO",
    Step.OLD_HELLO: "at EHLO and at HELO",
    Step.STARTTLS: "at STARTTLS",
    Step.HANDSHAKE: "instead of TLS, after STARTTLS",
    Step.LOGIN: "at the login",
    Step.MAIL: "at MAIL",
    Step.RCPT: "at RCPT",
    Step.DATA: "at DATA",
    Step.END: "after the message",
}
_BEFORE_ANY_LETTER = (
    Step.CONNECT,
    Step.HELLO,
    Step.OLD_HELLO,
    Step.STARTTLS,
    Step.HANDSHAKE,
    Step.LOGIN,
)


def _said(answer: Answer | None) -> str:
    match answer:
        case Silence.HANG_UP:
            return "closes the connection"
        case Silence.STALL:
            return "says nothing"
        case Pieces(words=words):
            return f"`{words}` in pieces"
        case _:
            lines = str(answer).split("\r\n")
            return " and ".join(f"`{line}`" for line in lines)


def _later(step: Step, *answers: str) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, LATER, GOES_ON)


def _slower(step: Step, answer: str) -> Fault:
    return Fault(step, answer, LATER, GOES_ON, told=SLOWER, every=True)


def _no_such_person(step: Step, *answers: str) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, FAILED, DONE, told=FINISHED, counted=True)


def _no_way(step: Step, *answers: str) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, FAILED, DONE, told=FINISHED)


def _ours(step: Step, *answers: str) -> Iterator[Fault]:
    """Refusals of us: of one letter it is tried again, of all the issue is paused."""
    for answer in answers:
        yield Fault(step, answer, LATER, GOES_ON)
        yield Fault(step, answer, LATER, PAUSED, told=STOPPED, every=True)


def _breaks(step: Step, *answers: Answer) -> Iterator[Fault]:
    letter = IN_DOUBT if step is Step.END else LATER
    for answer in answers:
        yield Fault(step, answer, letter, GOES_ON, Line.ANOTHER)


def _away(step: Step, *answers: Answer | None, **more: Any) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, WAITS, GOES_ON, Line.NONE, AWAY, every=True, **more)


def _shut(step: Step, *answers: Answer, **more: Any) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, WAITS, PAUSED, Line.NONE, STOPPED, every=True, **more)


def _fine(step: Step, *answers: Answer) -> Iterator[Fault]:
    for answer in answers:
        yield Fault(step, answer, SENT, DONE, told=FINISHED)


def _certificates(security: str) -> Iterator[Fault]:
    """Yield what is shown where TLS begins at once ("tls") or after STARTTLS."""
    when = "at once" if security == "tls" else "after STARTTLS"
    smtp = {"security": security}
    for certificate, words in _BAD_CERTIFICATES.items():
        yield from _away(
            Step.CONNECT,
            None,
            words=f"shows a certificate {words}, {when}",
            relay={"tls": security, "certificate": certificate},
            smtp=smtp,
        )
    yield Fault(
        Step.CONNECT,
        None,
        SENT,
        DONE,
        told=FINISHED,
        words=f"shows a good certificate, {when}",
        relay={"tls": security},
        smtp=smtp,
    )


_LOGIN = {"login": ("tips", "hunter2")}
_USER = {"username": "tips", "password": "hunter2"}
_STARTTLS = {"security": "starttls"}
_TLS = {"security": "tls"}
_OFFERS = {"tls": "starttls"}
_BAD_CERTIFICATES = {
    "self-signed": "that it signed itself",
    "expired": "that has expired",
    "other-name": "of another name",
}
_BEYOND_ASCII = "jörg@bücher.example"
_BREAKS = (HANGS_UP, STALLS, "hello there", "601 what")

SECTIONS: Mapping[str, tuple[Fault, ...]] = {
    "Before any letter": (
        *_away(Step.CONNECT, "421 4.3.2 too busy", HANGS_UP, STALLS, "hello there"),
        *_shut(Step.CONNECT, "554 5.3.2 no service for you"),
        *_away(
            Step.HELLO,
            "421 4.3.2 too busy",
            "451 4.3.0 try later",
            HANGS_UP,
            STALLS,
            "hello there",
            "601 what",
        ),
        Fault(
            Step.HELLO,
            "502 5.5.1 what is that",
            SENT,
            DONE,
            told=FINISHED,
            every=True,
            words="`502 5.5.1 what is that` at EHLO, but takes HELO",
        ),
        *_away(
            Step.HELLO,
            "502 5.5.1 what is that",
            words="`502 5.5.1 what is that` at EHLO, but takes HELO: no STARTTLS",
            relay=_OFFERS,
            smtp=_STARTTLS,
        ),
        *_away(
            Step.HELLO,
            "502 5.5.1 what is that",
            words="`502 5.5.1 what is that` at EHLO, but takes HELO: no login",
            relay=_LOGIN,
            smtp=_USER,
        ),
        *_shut(Step.OLD_HELLO, "550 5.7.1 not you"),
        *_shut(
            Step.LOGIN,
            "535 5.7.8 wrong password",
            "530 5.7.0 not like this",
            relay=_LOGIN,
            smtp=_USER,
        ),
        *_away(
            Step.LOGIN,
            "454 4.7.0 not now",
            "421 4.7.0 not now",
            HANGS_UP,
            STALLS,
            "hello there",
            "334 hello there",
            "250 come in",
            relay=_LOGIN,
            smtp=_USER,
        ),
        *_away(
            Step.LOGIN,
            None,
            words="offers no login although a user name is set",
            smtp=_USER,
        ),
    ),
    "TLS": (
        *_away(
            Step.CONNECT,
            None,
            words="offers no STARTTLS although it is asked for",
            smtp=_STARTTLS,
        ),
        *_away(
            Step.STARTTLS,
            "454 4.7.0 no TLS for now",
            "421 4.7.0 not now",
            HANGS_UP,
            STALLS,
            "hello there",
            "250 fine",
            relay=_OFFERS,
            smtp=_STARTTLS,
        ),
        *_shut(
            Step.STARTTLS,
            "501 5.5.4 no parameters",
            "554 5.7.3 no TLS for you",
            relay=_OFFERS,
            smtp=_STARTTLS,
        ),
        *_away(
            Step.HANDSHAKE,
            HANGS_UP,
            STALLS,
            "250 hello there",
            relay=_OFFERS,
            smtp=_STARTTLS,
        ),
        *_certificates("starttls"),
        *_certificates("tls"),
        *_away(
            Step.CONNECT,
            None,
            words="speaks in the clear where TLS must begin at once",
            smtp=_TLS,
        ),
        *_away(
            Step.CONNECT,
            STALLS,
            words="says nothing where TLS must begin at once",
            smtp=_TLS,
            stays=True,
        ),
        *_away(
            Step.CONNECT,
            HANGS_UP,
            words="closes the connection where TLS must begin at once",
            smtp=_TLS,
            stays=True,
        ),
        *_away(
            Step.CONNECT,
            None,
            words="waits for TLS at once, and STARTTLS is set",
            relay={"tls": "tls"},
            smtp={**_STARTTLS, "timeout_seconds": 1},
        ),
    ),
    "To MAIL": (
        *_later(Step.MAIL, "452 4.3.1 out of room", "450 4.7.1 not so fast"),
        Fault(Step.MAIL, "452 4.3.1 out of room", LATER, GOES_ON, every=True),
        _slower(Step.MAIL, "450 4.7.1 not so fast"),
        *_ours(
            Step.MAIL,
            "550 5.1.8 bad sender",
            "530 5.7.0 log in first",
            "550 5.7.1 you are blocked",
        ),
        *_breaks(Step.MAIL, "421 4.3.2 shutting down", *_BREAKS),
        *_breaks(Step.MAIL, "354 go on"),
        Fault(
            Step.MAIL,
            None,
            LATER,
            PAUSED,
            told=STOPPED,
            every=True,
            words="offers a SIZE that is smaller than the message",
            relay={"longest": 1_000},
        ),
    ),
    "To RCPT": (
        *_later(
            Step.RCPT,
            "450 4.2.0 mailbox busy",
            "451 4.7.1 greylisted",
            "452 4.2.2 mailbox full",
            "452 4.5.3 too many recipients",
            "552 5.5.3 too many recipients",
        ),
        Fault(Step.RCPT, "451 4.7.1 greylisted", LATER, GOES_ON, every=True),
        _slower(Step.RCPT, "450 4.7.1 too much mail"),
        *_no_such_person(
            Step.RCPT,
            "550 5.1.1 no such user",
            "550 no such user",
            "551 5.1.6 moved away",
            "553 5.1.3 bad address",
            "550-5.1.1 no such user\r\n550 5.1.1 at all",
        ),
        *_no_way(Step.RCPT, "550 5.2.2 mailbox full", "550 5.4.1 no way there"),
        *_ours(
            Step.RCPT,
            "550 5.7.1 you are blocked",
            "554 5.7.1 you are on a list",
            "550 5.5.1 not like this",
            "552 5.3.4 message too big",
        ),
        *_breaks(Step.RCPT, "421 4.7.0 too many letters", *_BREAKS),
        *_breaks(Step.RCPT, "250 2.1.5 fine\r\n250 2.1.5 fine"),
        *_fine(Step.RCPT, "250-2.1.5 fine\r\n250 2.1.5 indeed"),
        *_fine(Step.RCPT, Pieces("250 2.1.5 fine")),
        Fault(
            Step.RCPT,
            None,
            FAILED,
            DONE,
            told=FINISHED,
            words="offers no SMTPUTF8, and the address needs it",
            reader=_BEYOND_ASCII,
        ),
        Fault(
            Step.RCPT,
            None,
            SENT,
            DONE,
            told=FINISHED,
            words="offers SMTPUTF8, and the address needs it",
            relay={"smtputf8": True},
            reader=_BEYOND_ASCII,
        ),
    ),
    "To DATA": (
        *_later(Step.DATA, "451 4.3.0 try later"),
        *_ours(Step.DATA, "554 5.5.1 no valid recipients"),
        *_breaks(Step.DATA, "421 4.3.2 shutting down", *_BREAKS, "250 fine"),
        *_breaks(Step.DATA, "354 go on\r\n250 2.0.0 queued"),
    ),
    "After the message": (
        *_later(Step.END, "451 4.3.0 try later", "452 4.3.1 out of room"),
        _slower(Step.END, "451 4.7.28 unusual rate of mail"),
        *_no_such_person(Step.END, "550 5.1.1 no such user"),
        *_no_way(Step.END, "552 5.2.2 mailbox full"),
        *_ours(
            Step.END,
            "552 5.3.4 message too big",
            "554 5.7.1 looks like spam",
            "550 5.6.0 bad content",
        ),
        Fault(Step.END, "421 4.3.2 shutting down", LATER, GOES_ON, Line.ANOTHER),
        *_breaks(Step.END, *_BREAKS, "354 go on"),
        *_fine(Step.END, "250-2.0.0 queued\r\n250 2.0.0 as 12345"),
        *_fine(Step.END, Pieces("250 2.0.0 queued")),
    ),
    "Limits and offers": (
        Fault(
            Step.MAIL,
            None,
            SENT,
            DONE,
            Line.ANOTHER,
            FINISHED,
            words="takes two letters on each connection",
            relay={"letters_each": 2},
        ),
        Fault(
            Step.CONNECT,
            None,
            SENT,
            DONE,
            Line.KEPT,
            FINISHED,
            words="takes one connection at once, and says 421 to one more",
            relay={"connections": 1},
            smtp={"connections": 3},
        ),
        Fault(
            Step.CONNECT,
            None,
            SENT,
            DONE,
            Line.KEPT,
            FINISHED,
            words="takes one connection at once, and closes one more",
            relay={"connections": 1, "when_full": HANGS_UP},
            smtp={"connections": 3},
        ),
        Fault(
            Step.HELLO,
            None,
            SENT,
            DONE,
            told=FINISHED,
            words="offers no 8BITMIME",
            relay={"withheld": ("8BITMIME",)},
        ),
    ),
}
FAULTS = [fault for section in SECTIONS.values() for fault in section]
