"""The mailbox's settings: what each kind needs, and no password in the clear."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from newsletter.config import MailboxKind, Security, Settings
from newsletter.config.receiving import MailboxSection

IMAP = {"kind": "imap", "host": "imap.example", "username": "leave"}


def test_by_itself_no_mailbox_is_read() -> None:
    """Nothing is asked for, and nothing is offered to readers."""
    section = MailboxSection()

    assert section.kind is MailboxKind.NONE
    assert section.security is Security.TLS
    assert section.interval == timedelta(minutes=5)
    assert Settings().unsubscribe_mailbox == ""


@pytest.mark.parametrize(
    ("section", "missing"),
    [
        (IMAP | {"host": ""}, "host"),
        (IMAP | {"username": ""}, "username"),
        (IMAP | {"folder": ""}, "folder"),
        ({"kind": "maildir"}, "path"),
    ],
)
def test_a_kind_asks_for_what_it_needs(section: dict[str, Any], missing: str) -> None:
    """The setting that is missing is named, and which kind wants it."""
    with pytest.raises(ValidationError) as caught:
        MailboxSection.model_validate(section)

    (error,) = caught.value.errors()
    assert error["loc"] == (missing,)
    assert error["msg"].endswith(f'mailbox.kind = "{section["kind"]}" needs it')


def test_a_wrong_kind_is_told_by_itself() -> None:
    """What would follow from it is not."""
    with pytest.raises(ValidationError) as caught:
        MailboxSection.model_validate({"kind": "pop3"})

    assert [error["loc"] for error in caught.value.errors()] == [("kind",)]


def test_a_login_in_the_clear_is_refused() -> None:
    """But to this machine, where nobody can listen."""
    with pytest.raises(ValidationError, match=r"would go to imap\.example in"):
        MailboxSection.model_validate(IMAP | {"security": "none"})

    local = IMAP | {"host": "127.0.0.1", "security": "none"}
    assert MailboxSection.model_validate(local).security is Security.NONE
