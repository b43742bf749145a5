"""Letters that the program writes by itself, to its operator or to a reader."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from newsletter.config import Settings
from newsletter.message import Addressee, automatic


def test_an_automatic_letter_says_what_it_is() -> None:
    """Marked as made by a machine, without list headers, with both parts."""
    to = Addressee(
        "ops@example.org", "notice.1@tips.example", datetime(2026, 11, 24, tzinfo=UTC)
    )

    raw = automatic(
        "Six weeks left", "Text é", "<p>Text é</p>", to=to, settings=Settings()
    )
    message = message_from_bytes(raw, policy=policy.SMTP + policy.strict)

    assert message.keys() == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "Content-Language", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content().strip() for part in message.iter_parts()] == [
        "Text é",
        "<p>Text é</p>",
    ]
    assert automatic("Six weeks left", "Text é", "", to=to, settings=Settings()) != raw


@pytest.mark.parametrize(
    ("name", "address", "written"),
    [
        ("Zoë", "zoe@example.org", "Zoë <zoe@example.org>"),
        ("", "zoe@bücher.example", "zoe@xn--bcher-kva.example"),
        ("Zoë", "zoë@example.org", "tips@tips.example"),
        ("", "", "tips@tips.example"),
        (
            "A\r\nBcc: b@example.org",
            "a@example.org",
            '"A Bcc: b@example.org" <a@example.org>',
        ),
        ("", "a@example.org\r\nBcc: b@example.org", "tips@tips.example"),
    ],
)
def test_a_reply_goes_to_whoever_wrote(name: str, address: str, written: str) -> None:
    """To us where they cannot be answered by any relay; and no header is made of it."""
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    to = Addressee(
        "ops@example.org",
        "contact.1@tips.example",
        moment,
        reply_name=name,
        reply_address=address,
    )

    raw = automatic("Words", "Text", "<p>Text</p>", to=to, settings=Settings())
    message = message_from_bytes(raw, policy=policy.SMTP + policy.strict)

    assert message["Reply-To"] == written
    assert message["Bcc"] is None
    assert len(message.keys()) == 10


def test_a_letter_of_the_list_has_its_way_out() -> None:
    """List-Id, and both headers of RFC 8058 with the reader's token in each URI."""
    token = "A" * 39
    written = datetime(2026, 11, 24, tzinfo=UTC)
    to = Addressee(
        "ada@example.org", "welcome.1@tips.example", written, unsubscribe=token
    )

    settings = Settings.model_validate(
        {"mailbox": {"kind": "maildir", "path": "Maildir"}}
    )
    raw = automatic("Welcome", "Text", "<p>Text</p>", to=to, settings=settings)
    message = message_from_bytes(raw, policy=policy.SMTP + policy.strict)

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    https, mailto = message["List-Unsubscribe"].split(", ")
    assert https == f"<https://tips.example/u/{token}>"
    assert mailto.startswith("<mailto:")
    assert mailto.endswith(f"?subject=unsubscribe%20{token}>")
    assert message["List-Id"] == "The Tip of the Week <tips.tips.example>"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
