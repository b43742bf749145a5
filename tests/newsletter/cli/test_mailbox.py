"""`newsletter mailbox`: what came of reading, in plain words and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter import db, fence
from subscribers.tokens import Purpose, TokenSigner
from tests.imap import PASSWORD, ImapServer
from tests.newsletter.cli.conftest import SECRET

ZOE, BOB, ANN = 1, 2, 3


def mail(person: int) -> str:
    """Return the mail by which somebody leaves; Ann has left before."""
    token = TokenSigner([SECRET.encode()]).sign(Purpose.UNSUBSCRIBE, person)
    return f"From: x@example.org\nSubject: unsubscribe {token}\n\nPlease."


@pytest.fixture
def maildir(program: Any) -> Path:
    """An empty Maildir that the settings name."""
    path: Path = program.folder / "Maildir"
    for name in ("new", "cur", "tmp"):
        (path / name).mkdir(parents=True)
    program.settings(mailbox__kind="maildir", mailbox__path="Maildir")
    return path


def test_what_came_of_it_is_said(program: Any, maildir: Path) -> None:
    """Who left, who had left, what waits; the second time only what waits."""
    mails = (mail(ZOE), mail(BOB), mail(ANN), "Subject: unsubscribe\n\n")
    for number, text in enumerate(mails):
        (maildir / "new" / f"{number}.host").write_text(text)

    first = program("mailbox").stdout.splitlines()
    second = program("mailbox").stdout.splitlines()

    assert first[:2] == ["2 people left.", "1 mail of somebody who had left before."]
    assert first[2:] == second
    assert second[0].startswith("1 mail asks to leave without a token of ours")
    assert "newsletter subscribers remove ADDRESS" in second[0]
    assert "0 active" not in program("status").stdout
    assert [file.name for file in (maildir / "new").iterdir()] == ["3.host"]


def test_an_empty_mailbox_is_said(program: Any, maildir: Path) -> None:
    """In words, and as JSON for a script."""
    assert maildir.is_dir()
    assert program("mailbox").stdout == "Nobody asks to leave.\n"
    assert json.loads(program("mailbox", "--json").stdout) == {
        "left": 0,
        "before": 0,
        "waiting": 0,
    }


def test_without_a_mailbox_it_says_what_to_set(program: Any) -> None:
    """78: the settings."""
    said = program("mailbox", code=78).stderr

    assert 'The setting "mailbox.kind" is missing' in said
    assert "--stdin" in said


def test_a_mailbox_that_cannot_be_read_is_69(program: Any, maildir: Path) -> None:
    """As for a relay or a database: trying later may help."""
    for name in ("new", "cur", "tmp"):
        (maildir / name).rmdir()

    said = program("mailbox", code=69).stderr

    assert f"The mailbox {maildir} cannot be read: No such file" in said


def test_a_wrong_password_is_told_without_it(program: Any, imap: ImapServer) -> None:
    """In the server's words."""
    section = imap.settings(password="not this one")
    program.settings(**{f"mailbox__{name}": value for name, value in section.items()})

    said = program("mailbox", code=69).stderr

    assert "refuses the login" in said
    assert "not this one" not in said
    assert PASSWORD not in said


def test_one_mail_comes_by_standard_input(program: Any) -> None:
    """No mailbox is needed, and twice changes nothing. A long mail is read whole."""
    said = program("mailbox", "--stdin", typed=mail(ZOE) + "x" * 3_000_000).stdout
    again = program("mailbox", "--stdin", typed=mail(ZOE)).stdout
    other = program("mailbox", "--stdin", typed="Subject: Hello\n\nunsubscribe").stdout

    assert said == "1 person left.\n"
    assert again == "1 mail of somebody who had left before.\n"
    assert other == "Nobody asks to leave.\n"


def test_whatever_is_wrong_the_mail_server_comes_again(program: Any) -> None:
    """75, the temporary failure of sysexits: no mail is lost by our trouble."""
    engine = program.engine()
    with db.transaction(engine) as session:
        fence.withhold(session)
    engine.dispose()
    fenced = program("mailbox", "--stdin", typed=mail(ZOE), code=75).stderr
    program.settings(database__url="sqlite:///blank.db")
    blank = program("mailbox", "--stdin", typed=mail(ZOE), code=75).stderr
    (program.folder / "config.toml").write_text("[smpt]\n")
    unset = program("mailbox", "--stdin", typed=mail(ZOE), code=75).stderr

    assert "newsletter takeover" in fenced
    assert "newsletter upgrade" in blank
    assert 'unknown setting "smpt"' in unset


def test_what_nobody_foresaw_loses_no_mail_either(
    program: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """75, too: another code would have the mail server send it back for good."""

    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr("newsletter.cli.mailbox.take_mail", fail)

    program("mailbox", "--stdin", typed=mail(ZOE), code=75)

    assert "nobody foresaw it" in caplog.text
