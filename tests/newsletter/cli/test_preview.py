"""`newsletter preview`: the very email, as files, in the browser or by mail."""

import json
import webbrowser
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from newsletter.demo import MailServer
from tests.newsletter.sender.week import row_counts


def read(path: Path) -> EmailMessage:
    """Parse a message that was written."""
    message: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
    return message  # type: ignore[no-any-return]


def test_it_writes_the_next_email_in_three_forms(program: Any, tmp_path: Path) -> None:
    """Into ./preview, named by the tip, with the subject, the slot and the lint."""
    result = program("preview")

    files = sorted(path.name for path in (tmp_path / "preview").iterdir())
    assert files == ["tip-1.eml", "tip-1.html", "tip-1.txt"]
    for word in ("Tip 1", "2026-W48", "KB", "preview/tip-1.html", "No problems found."):
        assert word in result.stdout
    message = read(tmp_path / "preview" / "tip-1.eml")
    assert message["Subject"] == "Tip 1"
    assert "Dear Zoë," in (tmp_path / "preview" / "tip-1.txt").read_text("utf-8")


def test_any_tip_can_be_previewed_anywhere(program: Any, tmp_path: Path) -> None:
    """A draft too: that is when a preview helps most."""
    program("preview", "tip-3", "--output", "elsewhere/deep")

    assert (tmp_path / "elsewhere" / "deep" / "tip-3.html").exists()


def test_as_a_subscriber_gets_it(program: Any, tmp_path: Path) -> None:
    """Their name and address; a stranger is refused."""
    program("preview", "--as", "bob@example.net")
    stranger = program("preview", "--as", "bobo@example.net", code=1)

    message = read(tmp_path / "preview" / "tip-1.eml")
    assert message["To"] == "Bob <bob@example.net>"
    assert "Did you mean bob@example.net?" in stranger.stderr


def test_mailed_copies_are_marked_and_not_recorded(
    program: Any, tmp_path: Path
) -> None:
    """Each address gets one over SMTP, with [Preview]; no table has a row more."""
    engine = program.engine()
    before = row_counts(engine)
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        program.settings(
            delivery__transport="smtp",
            smtp__host="127.0.0.1",
            smtp__port=server.port,
            smtp__security="none",
        )
        result = program(
            "preview",
            "--to",
            "a@example.org",
            "--to",
            "b@example.org",
            "--as",
            "bob@example.net",
        )

    assert sorted(server.recipients) == ["a@example.org", "b@example.org"]
    assert "Mailed to a@example.org." in result.stdout
    for path in (tmp_path / "received").iterdir():
        message = read(path)
        assert message["Subject"] == "[Preview] Tip 1"
        assert str(message["To"]).startswith("Bob <")
        body = message.get_body(("plain",))
        assert body is not None
        assert "Dear Bob," in body.get_content()
    assert row_counts(engine) == before
    engine.dispose()


def test_a_relay_that_is_not_there_is_told(program: Any) -> None:
    """69, the relay's name and where to look."""
    program.settings(
        delivery__transport="smtp",
        smtp__host="127.0.0.1",
        smtp__port=1,
        smtp__security="none",
    )

    result = program("preview", "--to", "a@example.org", code=69)

    assert "127.0.0.1:1 cannot be reached" in result.stderr
    assert "newsletter doctor" in result.stderr


def test_it_opens_in_the_browser(
    program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HTML file, by its address; the browser is not ours to start in a test."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    program("preview", "--open")

    assert opened == [(tmp_path / "preview" / "tip-1.html").as_uri()]


def test_lint_speaks_up(program: Any) -> None:
    """What is wrong stands at the end, with its weight and a remedy."""
    program.settings(identity__postal_address="", links__home="")
    program("tips", "edit", "tip-1", "--title", "Re: " + "long " * 20)

    result = program("preview")

    assert "warning: The subject has" in result.stdout
    assert "error: There is no postal address" in result.stdout
    assert result.stdout.rstrip().endswith("2 errors, 1 warning.")


def test_without_a_next_tip_one_must_be_named(empty: Any) -> None:
    """The error says so, and an unknown name is refused."""
    assert "Name one: preview SLUG." in empty("preview", code=1).stderr
    assert 'There is no tip "nothing"' in empty("preview", "nothing", code=1).stderr


def test_an_address_that_is_none_is_refused(program: Any) -> None:
    """1, and what is wrong with it."""
    for address in ("not an address", "a,b@example.org", ""):
        refused = program("preview", "--to", address, code=1)
        assert refused.stderr.startswith("newsletter: ")


def test_previews_of_one_tip_are_the_same_but_for_their_ids(program: Any) -> None:
    """What is shown today is what is shown tomorrow."""
    texts = []
    for _ in range(2):
        program("preview", "tip-2")
        texts.append((program.folder / "preview" / "tip-2.html").read_bytes())

    assert texts[0] == texts[1]
    assert json.loads(program("issues", "list", "--json").stdout) == []
