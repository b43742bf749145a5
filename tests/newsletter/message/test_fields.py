"""Header lines: encoded where they must be, never where they must not, never two."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.errors import UnmailableAddress
from newsletter.message.fields import (
    ascii_address,
    mailbox_field,
    one_line,
    plain_field,
    text_field,
    wire_address,
)

CONTROLS = "\r\n\0\x0b\x1b\x7f\x85\u2028\u2029\u202e\u2066\ufeff\ud800"
PEOPLE = st.one_of(
    st.text(max_size=60),
    st.text(f"ab,;:\"'\\<>@()=?. _{CONTROLS}", max_size=40),
    st.text("éñ日本שלום👩🏽‍🔧e\u0301 a", max_size=60),
    st.text("ab ", min_size=70, max_size=300),
)


def parsed(field: bytes) -> EmailMessage:
    """Read one header line as a receiver would, and find nothing wrong with it."""
    message: Any = message_from_bytes(field + b"\r\n", policy=policy.SMTP)
    assert not message.defects
    for value in message.values():
        assert not value.defects
    return message


def assert_legal(field: bytes) -> None:
    """One header, in short ASCII lines that end in CRLF, with no blank one."""
    assert field.isascii()
    assert field.endswith(b"\r\n")
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    for at, line in enumerate(lines):
        assert len(line) <= 78 or b" " not in line.strip()
        assert line.strip()
        assert (at > 0) == line.startswith(b" ")
        assert not {b"\r", b"\n", b"\0"} & {line[i : i + 1] for i in range(len(line))}


@given(PEOPLE)
@example("Reyes, Ada")
@example("=?utf-8?q?evil?=")
@example("x\r\nBcc: evil@example.org")
@example("a" * 500)
@example('Ada "The Van" \\ Reyes')
@example("é" * 200)
@example("ada@example.org")
@example("")
def test_a_name_comes_back_as_it_was(name: str) -> None:
    """Whatever a person is called, it is one mailbox with that name."""
    field = mailbox_field("To", name, "ada@example.org")

    assert_legal(field)
    assert parsed(field).keys() == ["To"]
    # The newer parser of the library puts a space between two encoded words of a
    # phrase, which RFC 2047 §6.2 forbids; the older one reads them as the RFC says.
    phrase, address = parseaddr(field.decode().partition(": ")[2].replace("\r\n", ""))
    assert str(make_header(decode_header(phrase))) == one_line(name)
    assert address == "ada@example.org"


@given(PEOPLE)
@example("Re: =?utf-8?q?x?=")
@example("x\u2028Bcc: evil@example.org")
@example("a" * 500)
@example("word " * 100)
@example("日" * 300)
def test_a_subject_comes_back_as_it_was(subject: str) -> None:
    """Whatever a tip is called, it is one header with that text."""
    field = text_field("Subject", subject or "x")

    message = parsed(field)
    assert message.keys() == ["Subject"]
    assert str(message["Subject"]) == one_line(subject or "x")
    if one_line(subject or "x"):
        assert_legal(field)


def test_encoded_words_are_whole_and_short() -> None:
    """Each has 75 characters at most and can be read without the others."""
    for text in ("日本語" * 60, "Zoë with many words " * 10, "👩🏽‍🔧" * 30):
        for word in text_field("Subject", text).decode().split()[1:]:
            assert len(word) <= 75
            assert parsed(f"Subject: {word}\r\n".encode())["Subject"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Ada Reyes", "To: Ada Reyes <ada@example.org>\r\n"),
        ("Reyes, Ada", 'To: "Reyes, Ada" <ada@example.org>\r\n'),
        ("", "To: ada@example.org\r\n"),
        ("Zoë", "To: =?utf-8?q?Zo=C3=AB?= <ada@example.org>\r\n"),
        ("日本", "To: =?utf-8?b?5pel5pys?= <ada@example.org>\r\n"),
    ],
)
def test_names_are_written_the_plainest_way(name: str, line: str) -> None:
    """Atoms, else a quoted string, else encoded words; the address never is."""
    assert mailbox_field("To", name, "ada@example.org").decode() == line


def test_controls_become_spaces() -> None:
    """Everything that could end a line or turn it round is one space."""
    for char in CONTROLS:
        assert one_line(f"a{char}{char} b") == "a b"
    assert one_line("👩🏽\u200d🔧\u200f") == "👩🏽\u200d🔧\u200f"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("Ada.Reyes+x@example.org", "Ada.Reyes+x@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_written_in_ascii(address: str, wire: str) -> None:
    """An IDN domain becomes A-labels."""
    assert ascii_address(address) == wire
    assert wire_address(address) == wire


def test_a_readers_local_part_stays_as_it_is() -> None:
    """In the header too, in UTF-8, beside a name that is encoded as ever (RFC 6532)."""
    address = wire_address("zoë@bücher.example")

    assert address == "zoë@xn--bcher-kva.example"
    line = mailbox_field("To", "Zoë", address)
    assert line == "To: =?utf-8?q?Zo=C3=AB?= <zoë@xn--bcher-kva.example>\r\n".encode()


@pytest.mark.parametrize("char", [*CONTROLS, "\u3000", "\u00a0"])
def test_what_bends_a_line_is_in_no_address(char: str) -> None:
    """Whatever the list holds: controls, separators, marks that turn a line round."""
    with pytest.raises(UnmailableAddress):
        wire_address(f"zo{char}ë@example.org")


def test_our_own_addresses_do_without_smtputf8() -> None:
    """Every relay must carry them."""
    with pytest.raises(UnmailableAddress, match="before the @ is not ASCII"):
        ascii_address("zoë@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nBcc: c@example.org",
        "a b@example.org",
        "a",
        "a@b>c",
        "a@é..example",
        "<a@example.org>",
        "",
    ],
)
def test_an_address_that_cannot_be_written_says_why(address: str) -> None:
    """It is that one reader's failure, with a reason, not a crash."""
    with pytest.raises(UnmailableAddress, match="No message can be written") as caught:
        wire_address(address)

    assert caught.value.reason


def test_ids_and_addresses_are_never_encoded() -> None:
    """A long value of a structured header stays one line; a wrong one is refused."""
    url = "<https://tips.example/u/" + "a" * 200 + ">"

    assert plain_field("List-Help", url) == f"List-Help: {url}\r\n".encode()
    for wrong in ("a\r\nb", "é", ""):
        with pytest.raises(ValueError, match="cannot stand in a header"):
            plain_field("List-Help", wrong)
