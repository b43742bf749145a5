"""What a mail wants: only a Subject that says so is a wish, and no machine's is one."""

from email.header import Header
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.bounces import WishToLeave, read
from subscribers.tokens import Purpose, TokenSigner

TOKEN = TokenSigner([b"a secret of the tests, long enough"]).sign(
    Purpose.UNSUBSCRIBE, 7, 3
)
# An underline would be a space there.
Q1, Q2 = (half.replace("_", "=5F") for half in (TOKEN[:20], TOKEN[20:]))
TWO_WORDS = f"=?utf-8?q?unsubscribe_{Q1}?=\r\n =?utf-8?q?{Q2}?="


def mail(subject: str, *headers: str) -> bytes:
    """Return a mail with this Subject as it stands, and other headers."""
    lines = ["From: ann@example.org", f"Subject: {subject}", *headers]
    return "\r\n".join((*lines, "", "Please.")).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "subject",
    [
        f"unsubscribe {TOKEN}",
        f"Unsubscribe {TOKEN}",
        f"UNSUBSCRIBE: {TOKEN}",
        f"Re: Fwd: unsubscribe {TOKEN}",
        f"please unsubscribe me, {TOKEN}. Thank you!",
        f"{TOKEN} unsubscribe",
        f"unsubscribe\r\n {TOKEN}",
        f"unsubscribe\r\n\t{TOKEN}  ",
        f"unsubscribe+{TOKEN}",
        quote(f"unsubscribe {TOKEN}"),
        Header(f"unsubscribe {TOKEN}", "utf-8").encode(),
        Header(f"Ünsubscribe, unsubscribe {TOKEN}", "iso-8859-1").encode(),
        TWO_WORDS,
        f"=?utf-8?b?dW5zdWJzY3JpYmU=?= {TOKEN}",
        f"unsubscribe {TOKEN} \udcff",
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_token_is_found_however_the_subject_is_written(
    subject: str, end: str
) -> None:
    """Encoded, folded, answered, forwarded, with words around it; with bare LF too."""
    assert read(mail(subject).replace(b"\r\n", end.encode())) == WishToLeave(TOKEN)


@pytest.mark.parametrize(
    "subject",
    [
        "unsubscribe",
        "Unsubscribe me!",
        f"unsubscribe {TOKEN}A",
        f"unsubscribe {TOKEN[1:]}",
    ],
)
def test_without_a_whole_token_it_is_a_wish_all_the_same(subject: str) -> None:
    """Somebody must look at it; a longer or shorter word is no token."""
    assert read(mail(subject)) == WishToLeave("")


@pytest.mark.parametrize(
    "subject", ["", "Hello", TOKEN, "=?utf-8?b?broken", "=?x?q?a?="]
)
def test_without_the_word_it_is_no_wish(subject: str) -> None:
    """A mail about something else, even with a token in it."""
    assert read(mail(subject)) is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "auto-submitted: Auto-Notified; owner-email=ann@example.org",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        "Return-Path: <>",
        "Return-Path:\r\n  <>",
    ],
)
def test_what_machines_answer_is_no_wish(header: str) -> None:
    """A vacation notice or a report quotes our Subject, and nobody wants anything."""
    assert read(mail(f"Re: unsubscribe {TOKEN}", header)) is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Auto-Submitted:",
        # A mailbox provider that presses the button for its user.
        "Auto-Submitted: auto-generated",
        "Return-Path: <ann@example.org>",
        "Content-Type: multipart/alternative; boundary=x",
        "Content-Type: nonsense",
    ],
)
def test_what_answers_nothing_is_a_wish(header: str) -> None:
    """Of a person, or sent for one; also where a header says nothing that is known."""
    assert read(mail(f"unsubscribe {TOKEN}", header)) == WishToLeave(TOKEN)


def test_only_the_headers_count() -> None:
    """What is quoted in the text takes nobody off."""
    message = EmailMessage()
    message["Subject"] = "About your tip"
    message.set_content(f"Subject: unsubscribe {TOKEN}\n\nunsubscribe {TOKEN}")

    assert read(message.as_bytes()) is None


@given(st.binary())
def test_any_bytes_give_a_value(octets: bytes) -> None:
    """Nothing that a mailbox can hold raises."""
    assert isinstance(read(octets), WishToLeave | None)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=80)
NAMES = st.sampled_from(
    ["Subject", "Auto-Submitted", "Content-Type", "Return-Path", "MIME-Version"]
)


@given(st.lists(st.tuples(NAMES, WORDS | st.binary(max_size=80)), max_size=6))
def test_any_headers_give_a_value(headers: list[tuple[str, str | bytes]]) -> None:
    """Whatever stands in the headers that we look at."""
    lines = [
        name.encode() + b": " + (it if isinstance(it, bytes) else it.encode())
        for name, it in headers
    ]

    assert isinstance(read(b"\r\n".join(lines)), WishToLeave | None)


@given(st.text(st.sampled_from("=?utf8-qbQB_/. iso5x\r\n\t"), max_size=60))
def test_any_encoding_gives_a_value(words: str) -> None:
    """Broken encoded-words are words like others."""
    assert isinstance(read(f"Subject: unsubscribe {words}".encode()), WishToLeave)
