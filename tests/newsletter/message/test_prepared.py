"""One reader's copy: spliced bytes that equal what the library would have built."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.config import Settings
from newsletter.errors import BadTemplate, UnmailableAddress
from newsletter.holes import MARKS, RESERVED_WORD, Hole, fill, greet
from newsletter.message import PreparedMessage, Reader, prepare
from newsletter.message.fields import one_line

TOKENS = {name: name[0] * 39 for name in ("unsubscribe", "preferences", "view")}
ADA = Reader(
    address="ada@example.org",
    name="Ada Reyes",
    message_id="48.1@tips.example",
    date=datetime(2026, 11, 24, 9, tzinfo=UTC),
    signed_up=" on 3 March 2026",
    **TOKENS,
)
TEXT = (
    f"{MARKS[Hole.GREETING]}\n\nFrom here on: é = 1.\n.\nBecause you signed up"
    f"{MARKS[Hole.SIGNED_UP]}.\n\nhttps://tips.example/u/{MARKS[Hole.UNSUBSCRIBE]}\n"
    f"https://tips.example/p/{MARKS[Hole.PREFERENCES]}\n"
    f"https://tips.example/v/{MARKS[Hole.VIEW]}\n"
)
HTML = (
    f"<p>{MARKS[Hole.GREETING]}</p>\n<p>{'Some words. ' * 40}日本</p>\n"
    f'<a href="https://tips.example/u/{MARKS[Hole.UNSUBSCRIBE]}">x</a>'
    f'<a href="https://tips.example/p/{MARKS[Hole.PREFERENCES]}">y</a>'
    f'<a href="https://tips.example/v/{MARKS[Hole.VIEW]}">z</a>'
    f"because you signed up{MARKS[Hole.SIGNED_UP]}."
)
# A mailbox that is read, so that there are two ways out.
SETTINGS = Settings.model_validate({"mailbox": {"kind": "maildir", "path": "Maildir"}})
NASTY = st.one_of(
    st.text(max_size=40),
    st.text('ab,;:"\\<>@()=?&. _\r\n\0\u2028', max_size=40),
    st.text("éñ日本שלום👩🏽‍🔧e\u0301 a", max_size=60),
    st.text("ab ", min_size=80, max_size=500),
)


def prepared(subject: str = "Say what happens next", **named: Any) -> PreparedMessage:
    """Return the sample issue, prepared."""
    named = {"settings": SETTINGS, "slot": "2026-W48"} | named
    return prepare(subject, TEXT, HTML, **named)


def parsed(raw: bytes) -> EmailMessage:
    """Read a copy as the strictest receiver would."""
    message: Any = message_from_bytes(raw, policy=policy.SMTP + policy.strict)
    for part in message.walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects
    return message


def built_by_the_library(subject: str, reader: Reader) -> EmailMessage:
    """Return what a plain EmailMessage says, made the slow way for one reader."""
    message = EmailMessage(policy=policy.SMTP)
    name = one_line(reader.name)
    user, _, domain = reader.address.partition("@")
    message["From"] = Address("The Tip of the Week", "tips", "tips.example")
    message["To"] = Address(name, user, domain)
    message["Reply-To"] = "tips@tips.example"
    message["Subject"] = one_line(subject)
    message["Date"] = reader.date
    message["Message-ID"] = f"<{reader.message_id}>"
    message["List-Id"] = "The Tip of the Week <tips.tips.example>"
    message["List-Unsubscribe"] = (
        f"<https://tips.example/u/{reader.unsubscribe}>, <mailto:tips@tips.example"
        f"?subject=unsubscribe%20{reader.unsubscribe}>"
    )
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Help"] = "<https://tips.example/>"
    message["List-Archive"] = "<https://tips.example/archive/>"
    message["List-Owner"] = "<mailto:tips@tips.example>"
    message["List-Post"] = "NO"
    message["Precedence"] = "bulk"
    message["Feedback-ID"] = "2026-W48:tips.tips.example:tip:tipsexample"
    line = greet(name, pattern="Dear {name},", without_name="Hello,")
    values = {
        Hole.GREETING: one_line(line),
        Hole.UNSUBSCRIBE: reader.unsubscribe,
        Hole.PREFERENCES: reader.preferences,
        Hole.VIEW: reader.view,
        Hole.SIGNED_UP: reader.signed_up,
    }
    message.set_content(fill(TEXT, values))
    values[Hole.GREETING] = escape(one_line(line), quote=False)
    message.add_alternative(fill(HTML, values) + "\n", subtype="html")
    message["Content-Language"] = "en"
    return message


def mailbox(raw: bytes) -> tuple[str, str]:
    """Return the name and the address in To.

    The library's newer parser puts a space between two encoded words of a phrase,
    which RFC 2047 §6.2 forbids; its older one reads them as the RFC says.
    """
    phrase, address = parseaddr(str(message_from_bytes(raw)["To"]).replace("\r\n", ""))
    return str(make_header(decode_header(phrase))), address


def bodies(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """Yield each part's type and its decoded text."""
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        yield part.get_content_type(), str(part.get_content()).replace("\r\n", "\n")


@given(NASTY, NASTY)
@example("Ada", "x\r\nBcc: evil@example.org")
@example("x\nBcc: evil@example.org", "Say what happens next")
@example("Ada " + "é" * 500, "日" * 200)
@example("", "a" * 500)
@example("<b>&amp;</b>", "=?utf-8?q?x?=")
def test_a_copy_is_what_the_library_would_have_built(name: str, subject: str) -> None:
    """Header by header and part by part, for any name and any title."""
    reader = ADA._replace(name=name)
    raw = prepared(subject or "x").fill(reader)

    ours, theirs = parsed(raw), built_by_the_library(subject or "x", reader)

    assert sorted(ours.keys()) == sorted(theirs.keys())
    for header in {*theirs.keys()} - {"To", "Subject", "Content-Type"}:
        assert str(ours[header]) == str(theirs[header]), header
    # Not theirs: the library reads a title such as "=?utf-8?q?x?=" as "x".
    assert str(ours["Subject"]) == one_line(subject or "x")
    assert mailbox(raw) == (
        theirs["To"].addresses[0].display_name, reader.address,
    )  # fmt: skip
    assert ours.get_content_type() == "multipart/alternative"
    assert [*bodies(ours)] == [*bodies(theirs)]


@given(NASTY, NASTY)
@example("Ada " + "é" * 500, "日" * 200)
def test_the_bytes_are_fit_for_any_relay(name: str, subject: str) -> None:
    """7-bit, CRLF alone, lines of 998 at most, bodies of 76, and no hole left."""
    raw = prepared(subject or "x").fill(ADA._replace(name=name))

    assert raw.isascii()
    assert b"\0" not in raw
    assert not {b"\r", b"\n"} & {bytes([byte]) for byte in raw.replace(b"\r\n", b"")}
    assert RESERVED_WORD.encode() not in raw
    head, _, body = raw.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(line[:1] != b"." for line in body.split(b"\r\n"))
    assert not re.search(rb"^From ", body, re.MULTILINE)


def test_headers_come_once_and_in_order() -> None:
    """Who and what first, then the list, then MIME; nothing twice, no Bcc."""
    assert [name.lower() for name, _ in parsed(prepared().fill(ADA)).items()] == [
        "from", "to", "reply-to", "subject", "date", "message-id", "list-id",
        "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-archive",
        "list-owner", "list-post", "precedence", "feedback-id", "content-language",
        "mime-version", "content-type",
    ]  # fmt: skip


def test_the_way_out_is_in_plain_sight() -> None:
    """One https address and one mailbox, not encoded; the one-click header unfolded."""
    raw = prepared(
        settings=Settings.model_validate(
            {"identity": {"unsubscribe_address": "leave+now@tips.example"}}
        )
    ).fill(ADA)

    token = ADA.unsubscribe
    assert (
        f"List-Unsubscribe: <https://tips.example/u/{token}>,\r\n"
        f" <mailto:leave+now@tips.example?subject=unsubscribe%20{token}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode() in raw


def test_without_a_mailbox_that_is_read_the_site_is_the_only_way_out() -> None:
    """An address that nobody reads is not offered (STANDARDS B17)."""
    raw = prepared(settings=Settings()).fill(ADA)

    line = f"\r\nList-Unsubscribe: <https://tips.example/u/{ADA.unsubscribe}>\r\n"
    assert line.encode() in raw
    assert b"mailto:" not in parsed(raw)["List-Unsubscribe"].encode()


def test_the_plainest_part_comes_first() -> None:
    """Text, then HTML; both UTF-8 in quoted-printable."""
    parts = [*parsed(prepared().fill(ADA)).iter_parts()]

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in parts} == {"utf-8"}
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"quoted-printable"}


def test_a_retry_is_the_same_to_the_last_byte() -> None:
    """The same reader gets the same bytes from an issue prepared again."""
    assert prepared().fill(ADA) == prepared().fill(ADA)


def test_copies_differ_only_where_readers_do() -> None:
    """Two readers' copies have the same lines, but for names, dates and tokens."""
    other = ADA._replace(
        name="Zoë", message_id="48.2@tips.example", unsubscribe="x" * 39
    )
    one, two = (prepared().fill(reader).split(b"\r\n") for reader in (ADA, other))

    differing = [line for line, twin in zip(one, two, strict=True) if line != twin]

    assert len(differing) == 8


def test_an_unknown_name_and_day_leave_no_gap() -> None:
    """The other greeting, a bare address, and a sentence that ends where it should."""
    raw = prepared().fill(ADA._replace(name="", signed_up=""))
    ((_, text), (_, html)) = bodies(parsed(raw))

    assert b"\r\nTo: ada@example.org\r\n" in raw
    assert text.startswith("Hello,\n")
    assert "Because you signed up.\n" in text
    assert "<p>Hello,</p>" in html


def test_a_name_is_text_in_html() -> None:
    """Markup in a name is shown, not obeyed."""
    ((_, text), (_, html)) = bodies(
        parsed(prepared().fill(ADA._replace(name="<b>A&B</b> {name}")))
    )

    assert "Dear <b>A&B</b> {name}," in text
    assert "<p>Dear &lt;b&gt;A&amp;B&lt;/b&gt; {name},</p>" in html


def test_a_preview_says_so() -> None:
    """The operator's copy cannot be taken for the real one."""
    raw = prepared(preview=True).fill(ADA)

    assert parsed(raw)["Subject"] == "[Preview] Say what happens next"


def test_an_idn_address_is_written_in_ascii() -> None:
    """The domain becomes A-labels in To."""
    raw = prepared().fill(ADA._replace(address="ada@bücher.example"))

    assert b"<ada@xn--bcher-kva.example>" in raw


def test_an_address_beyond_ascii_is_the_only_thing_that_is() -> None:
    """In To, in UTF-8 (RFC 6532); the rest of such a copy is 7-bit as ever."""
    raw = prepared().fill(ADA._replace(address="zoë@bücher.example"))

    beyond = [line for line in raw.split(b"\r\n") if not line.isascii()]
    assert beyond == ["To: Ada Reyes <zoë@xn--bcher-kva.example>".encode()]


def test_an_address_that_is_none_is_that_readers_failure() -> None:
    """It is an error of its own, which the sender turns into a failed delivery."""
    with pytest.raises(UnmailableAddress, match="no address may hold"):
        prepared().fill(ADA._replace(address="z,o@example.org"))


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "a/b", "a\n"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    """Nothing but URL characters goes into a link or a header."""
    with pytest.raises(ValueError, match="cannot stand in a URL"):
        prepared().fill(ADA._replace(unsubscribe=token))


def test_an_unknown_mark_is_refused_before_anybody_gets_it() -> None:
    """A hole that nothing will fill stops the issue, not one letter."""
    with pytest.raises(BadTemplate, match="its HTML part holds a mark"):
        prepare(
            "Subject",
            TEXT,
            f"{RESERVED_WORD}-x-end",
            settings=SETTINGS,
            slot="2026-W48",
        )


def test_filling_encodes_nothing_that_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each copy only the reader's few values are encoded, never a body."""
    message = prepared()
    encoded: list[str] = []
    monkeypatch.setattr(
        "newsletter.message.prepared.encode_piece",
        lambda text: (encoded.append(text), text.encode())[1],
    )

    message.fill(ADA)

    assert encoded == ["Dear Ada Reyes,", " on 3 March 2026"]
