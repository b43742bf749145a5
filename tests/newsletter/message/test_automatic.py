"""Letters that the program writes to its operator."""

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
