"""A folder on an IMAP server: what is asked for, what stays as it was, what goes wrong.

Against a real server where it can be, else against one that does as it is told.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from newsletter.config import Security
from newsletter.errors import MailboxProblem
from newsletter.mailbox import ImapAccount, ImapMailbox, Mail
from tests.imap import GREETING, PASSWORD, USER, ImapServer, scripted_imap
from tests.relay import CA_FILE, Silence

PLAIN, STARTTLS, TLS = Security.NONE, Security.STARTTLS, Security.TLS
STALL, HANG_UP = Silence.STALL, Silence.HANG_UP
WISH = b"From: ann@example.org\r\nSubject: unsubscribe abc\r\n\r\nPlease.\r\n"
LETTER = b"From: bo@example.org\r\nSubject: About lunch\r\n\r\nunsubscribe\r\n"


def mailbox_at(port: int, security: Security = STARTTLS, **more: Any) -> ImapMailbox:
    """Return how to reach it; nobody waits long but where it says nothing."""
    facts = {
        "username": USER,
        "password": PASSWORD,
        "folder": "INBOX",
        "ca_file": CA_FILE,
        "timeout_seconds": 5.0,
    }
    return ImapMailbox(ImapAccount("localhost", port, security, **(facts | more)))


def refusal(mailbox: ImapMailbox) -> str:
    """Open it and look into it, which must fail."""
    with pytest.raises(MailboxProblem) as caught:
        look_into(mailbox)
    return caught.value.reason


def look_into(mailbox: ImapMailbox) -> list[Mail]:
    """Do all that can be done with it."""
    with mailbox.open() as opened:
        shown = opened.unread(after="", limit=10)
        opened.mark_seen(["1"])
        return shown


def test_only_unread_mail_that_speaks_of_unsubscribing_is_shown(
    imap: ImapServer,
) -> None:
    """Its headers and nothing else, in order, encoded Subjects too; all stay unread."""
    encoded = (
        b"Subject: =?utf-8?q?Re:_=C3=BC=2E_Unsub?=\r\n =?utf-8?q?scribe?=\r\n\r\nx"
    )
    for mail in (LETTER, WISH, encoded):
        imap.put(mail)
    imap.put(WISH, "\\Seen")

    with mailbox_at(imap.port).open() as opened:
        shown = opened.unread(after="", limit=10)
        first = opened.unread(after="", limit=1)
        rest = opened.unread(after=first[0].key, limit=10)

    assert [mail.head for mail in shown] == [
        WISH.partition(b"Please")[0],
        encoded.removesuffix(b"x"),
    ]
    assert [*first, *rest] == shown
    assert imap.unread() == [LETTER, WISH, encoded]


def test_marking_touches_what_was_named_alone(imap: ImapServer) -> None:
    """Nor is anything removed that its owner only marked as deleted."""
    for mail in (LETTER, WISH, WISH):
        imap.put(mail)
    imap.put(LETTER, "\\Deleted")

    with mailbox_at(imap.port).open() as opened:
        first, second = opened.unread(after="", limit=10)
        opened.mark_seen([first.key])
        assert opened.unread(after="", limit=10) == [second]
        opened.mark_seen([])

    assert imap.unread() == [LETTER, WISH, LETTER]
    assert len(imap.all()) == 4


def test_a_long_head_is_cut(imap: ImapServer) -> None:
    """Whatever somebody sends, a bounded part of it is fetched."""
    imap.put(b"Subject: unsubscribe\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\nx")

    with mailbox_at(imap.port).open() as opened:
        (mail,) = opened.unread(after="", limit=10)

    assert len(mail.head) == 65_536


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"password": "wrong"}, "the server refuses the login: "),
        ({"password": "pässword"}, "the login failed: "),
        ({"folder": "No such"}, "the server refuses SELECT: "),
        ({"ca_file": None}, "the server shows no good certificate: "),
        ({"security": TLS}, "the server does not speak TLS where it must ("),
    ],
)
def test_who_is_not_let_in_is_told_why(
    imap: ImapServer, more: Mapping[str, Any], words: str
) -> None:
    """The step, the server's own words, and the setting; never the password."""
    said = refusal(mailbox_at(imap.port, **more))

    assert said.startswith(words)
    assert "pässword" not in said


@pytest.mark.parametrize("certificate", ["expired", "other-name", "self-signed"])
def test_a_bad_certificate_is_refused(certificate: str) -> None:
    """The name is verified, too; no password was said before."""
    with scripted_imap(certificate=certificate) as server:
        said = refusal(mailbox_at(server.port, TLS))

    assert said.startswith("the server shows no good certificate: ")
    assert "mailbox.ca_file" in said
    assert server.said == []


def test_tls_from_the_first_byte_is_spoken() -> None:
    """As most servers want it; it ends with a goodbye."""
    with scripted_imap(certificate="relay") as server:
        shown = look_into(mailbox_at(server.port, TLS))

    assert shown == []
    assert server.said == [
        *("CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID STORE", "LOGOUT")
    ]


def test_without_starttls_no_password_is_said() -> None:
    """No fallback to an open line."""
    with scripted_imap() as server:
        said = refusal(mailbox_at(server.port))

    assert said.startswith("STARTTLS failed: ")
    assert "LOGIN" not in server.said


@pytest.mark.parametrize("answer", [STALL, HANG_UP, "TAG NO not now", "TAG BAD what"])
@pytest.mark.parametrize(
    ("step", "where"),
    [
        (GREETING, "the connection"),
        ("CAPABILITY", "the connection"),
        ("LOGIN", "the login"),
        ("SELECT", "SELECT"),
        ("UID SEARCH", "SEARCH"),
        ("UID STORE", "STORE"),
    ],
)
def test_whatever_a_server_does_is_one_error(
    step: str, where: str, answer: str | Silence
) -> None:
    """Silence ends soon, and a connection that breaks is told with its step."""
    with scripted_imap() as server:
        server.rules[step] = answer
        said = refusal(mailbox_at(server.port, PLAIN, timeout_seconds=0.3))

    if answer is STALL:
        assert said == f"the server did not answer in time at {where}"
    elif answer is HANG_UP:
        assert said == f"the server closed the connection at {where}"
    else:
        assert said


@pytest.mark.parametrize("answer", ["* SEARCH 7\r\nTAG OK x", "TAG OK x"])
def test_a_mail_that_is_gone_is_left_out(answer: str) -> None:
    """Somebody else may read the mailbox meanwhile; no answer is none, too."""
    with scripted_imap() as server:
        server.rules["UID SEARCH"] = answer

        assert look_into(mailbox_at(server.port, PLAIN)) == []


@pytest.mark.parametrize("answer", ["* SEARCH x y\r\nTAG OK x", "nothing of IMAP"])
def test_nonsense_is_no_crash(answer: str) -> None:
    """It is told with the step at which it was said."""
    with scripted_imap() as server:
        server.rules["UID SEARCH"] = answer
        said = refusal(mailbox_at(server.port, PLAIN))

    assert said.startswith("SEARCH failed: ")


def test_nobody_at_the_port_is_told_in_the_words_of_the_system() -> None:
    """With the server's name."""
    with scripted_imap() as server:
        pass
    mailbox = mailbox_at(server.port)

    assert "Connection refused" in refusal(mailbox)
    assert mailbox.name == f"INBOX at localhost:{server.port}"
