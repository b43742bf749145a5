"""The headers that the settings decide."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from newsletter.config import Settings
from newsletter.message import headers


def make(**sections: dict[str, Any]) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate(sections)


def test_a_date_is_in_utc_with_a_numeric_zone() -> None:
    """The same instant is the same line, whatever zone it came in."""
    utc = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    berlin = utc.astimezone(timezone(timedelta(hours=1)))

    assert headers.date(utc) == b"Date: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
    assert headers.date(berlin) == headers.date(utc)
    with pytest.raises(ValueError, match="has no time zone"):
        headers.date(utc.replace(tzinfo=None))


@pytest.mark.parametrize("value", ["a", "a@", "@b", "a@b\r\nX: y", "<a@b>", "a b@c"])
def test_a_message_id_is_left_at_right(value: str) -> None:
    """Anything else is a broken contract."""
    assert headers.message_id("48.1@tips.example") == (
        b"Message-ID: <48.1@tips.example>\r\n"
    )
    with pytest.raises(ValueError, match="is no Message-ID"):
        headers.message_id(value)


def test_a_message_id_of_an_idn_domain_is_ascii() -> None:
    """Its right side is written as in the address of the sender."""
    assert headers.message_id("48.1@bücher.example") == (
        b"Message-ID: <48.1@xn--bcher-kva.example>\r\n"
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("The Tip", "List-Id: The Tip <tips.tips.example>\r\n"),
        ("Tips, weekly", 'List-Id: "Tips, weekly" <tips.tips.example>\r\n'),
        ("Tipp für dich", "List-Id: <tips.tips.example>\r\n"),
        ("Long " * 30, "List-Id: <tips.tips.example>\r\n"),
        ("", "List-Id: <tips.tips.example>\r\n"),
    ],
)
def test_a_list_id_is_never_encoded(name: str, line: str) -> None:
    """Filters read it; a name that would need encoding is left out."""
    assert headers.list_id(make(newsletter={"name": name})).decode() == line


def test_an_idn_site_has_ascii_headers() -> None:
    """Host names come out as A-labels in every header."""
    settings = make(
        newsletter={"base_url": "https://bücher.example"},
        links={"contact": "https://bücher.example/über"},
        identity={"from_address": "tips@bücher.example"},
    )
    lines = headers.about_the_list(settings, "2026-W48") + headers.list_id(settings)

    assert lines.isascii()
    assert b"List-Help: <https://xn--bcher-kva.example/%c3%bcber>\r\n" in lines
    assert b"<tips.xn--bcher-kva.example>" in lines
    assert b":tips.xn--bcher-kva.example:tip:" in lines
    assert b"<tips@xn--bcher-kva.example>" in headers.sender(settings)


@pytest.mark.parametrize(
    ("base_url", "sender"),
    [
        ("https://tips.example", "tipsexample"),
        ("https://a.b", "ab000"),
        ("https://very-long-name.example", "verylongnameexa"),
    ],
)
def test_a_feedback_id_names_the_issue_and_the_sender(
    base_url: str, sender: str
) -> None:
    """Four fields, the last of 5 to 15 characters that never change."""
    settings = make(newsletter={"base_url": base_url, "list_id": "a-b.example"})

    assert headers.feedback_id(settings, "2026-W48") == (
        f"2026-W48:a-b.example:tip:{sender}"
    )


def test_replies_reach_a_person() -> None:
    """Reply-To is the address for replies, or the sender's."""
    with_reply = make(identity={"reply_to": "ada@example.org"})

    assert headers.reply_to(with_reply) == b"Reply-To: ada@example.org\r\n"
    assert headers.reply_to(make()) == b"Reply-To: tips@tips.example\r\n"


MAILDIR = {"kind": "maildir", "path": "Maildir"}


@pytest.mark.parametrize(
    ("identity", "mailbox", "offered"),
    [
        ({}, {}, ""),
        ({}, MAILDIR, "tips@tips.example"),
        ({"unsubscribe_address": "leave@tips.example"}, {}, "leave@tips.example"),
        ({"unsubscribe_address": "leave@tips.example"}, MAILDIR, "leave@tips.example"),
    ],
)
def test_mail_is_a_way_out_where_somebody_reads_it(
    identity: dict[str, str], mailbox: dict[str, str], offered: str
) -> None:
    """The program, or the operator who says so; else RFC 8058 wants only https."""
    settings = make(identity=identity, mailbox=mailbox)

    way_out = headers.way_out(settings, "A" * 39).decode()

    mail = f",\r\n <mailto:{offered}?subject=unsubscribe%20{'A' * 39}>"
    assert (
        f"\r\nList-Unsubscribe: <https://tips.example/u/{'A' * 39}>"
        f"{mail if offered else ''}\r\nList-Unsubscribe-Post: "
    ) in way_out
