"""`newsletter doctor`: each thing ok, or what to do about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter.demo import MailServer
from tests.imap import ImapServer

REAL = {
    "newsletter__base_url": "https://tips.co",
    "identity__from_address": "tips@tips.co",
    "identity__postal_address": "5 Long Lane, Bigtown",
    "identity__operator_address": "ops@tips.co",
}


def checks(program: Any, *, code: int = 0) -> dict[str, tuple[str, str]]:
    """Return what was found, by the name of the check."""
    found = json.loads(program("doctor", "--json", code=code).stdout)
    return {check["name"]: (check["state"], check["message"]) for check in found}


def relay(**more: object) -> dict[str, object]:
    """Return settings of a relay on this machine, without protection."""
    smtp = {"smtp__host": "127.0.0.1", "smtp__port": 1, "smtp__security": "none"}
    return {"delivery__transport": "smtp", **smtp, **REAL, **more}


def test_a_trial_is_warned_but_well(program: Any) -> None:
    """Example addresses are fine while letters are only files; exit code 0."""
    found = checks(program)

    assert {name: state for name, (state, _) in found.items()} == {
        "Settings": "ok",
        "Secret": "ok",
        "Sender": "warning",
        "Site": "warning",
        "Postal address": "warning",
        "Pages": "ok",
        "Your mailbox": "warning",
        "Database": "ok",
        "Readers": "ok",
        "Email": "ok",
        "Relay": "warning",
    }
    assert found["Readers"][1] == "2 active people"
    assert found["Email"][1].startswith("2026-W48, Tip 1, ")


def test_the_table_says_the_same(program: Any) -> None:
    """For people: name, state and words."""
    shown = program("doctor").stdout

    assert "Set" in shown
    assert "identity.from_address." in shown
    assert "only written to" in shown


def test_examples_are_errors_with_a_real_relay(program: Any) -> None:
    """Nobody should send as tips.example; exit code 1."""
    program.settings(delivery__transport="smtp", smtp__host="127.0.0.1", smtp__port=1)

    found = checks(program, code=1)

    for name in ("Sender", "Site", "Postal address", "Relay"):
        assert found[name][0] == "error"
    for name in ("Sender", "Site", "Postal address"):
        assert "is only an example" in found[name][1]


def test_a_relay_that_answers_is_ok(program: Any, tmp_path: Path) -> None:
    """It connects as the sender would, and sends nothing."""
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        program.settings(**relay(smtp__port=server.port))
        found = checks(program)

    assert found["Relay"] == ("ok", f"127.0.0.1:{server.port}, no login")
    assert {state for state, _ in found.values()} == {"ok"}
    assert server.recipients == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_relay_without_the_wanted_protection_is_an_error(
    program: Any, tmp_path: Path, security: str
) -> None:
    """No fallback to an open line."""
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        program.settings(**relay(smtp__port=server.port, smtp__security=security))
        state, message = checks(program, code=1)["Relay"]

    assert state == "error"
    assert message.startswith(f"127.0.0.1:{server.port}: ")
    assert message.endswith("Check [smtp].")


def test_a_login_that_is_not_offered_is_an_error(program: Any, tmp_path: Path) -> None:
    """The relay's own words are told."""
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        program.settings(**relay(smtp__port=server.port, smtp__username="tips"))
        state, _ = checks(program, code=1)["Relay"]

    assert state == "error"


def test_nobody_at_the_port_is_an_error(program: Any) -> None:
    """With the address that was tried."""
    program.settings(**relay())

    state, message = checks(program, code=1)["Relay"]

    assert state == "error"
    assert "127.0.0.1:1" in message


def test_a_missing_secret_and_a_blank_database_are_both_told(program: Any) -> None:
    """One failed check does not hide the next."""
    program.settings(newsletter__secret="", database__url="sqlite:///blank.db")

    found = checks(program, code=1)

    assert found["Secret"][0] == "error"
    assert "newsletter init" in found["Secret"][1]
    assert found["Database"][0] == "error"
    assert "newsletter upgrade" in found["Database"][1]
    assert "Relay" in found


def test_an_empty_newsletter_is_told_what_to_bring(empty: Any) -> None:
    """Readers and tips, each with its command."""
    found = checks(empty)

    assert found["Readers"][0] == "warning"
    assert "newsletter subscribers import FILE" in found["Readers"][1]
    assert found["Email"][0] == "warning"
    assert found["Attention"][0] == "warning"


def test_the_worst_of_the_next_email_is_told(program: Any) -> None:
    """An error is never hidden behind a warning that comes first."""
    program.settings(**{**REAL, "identity__postal_address": ""})
    program("tips", "edit", "tip-1", "--title", "long " * 20)

    found = checks(program, code=1)

    assert found["Email"][0] == "error"
    assert "postal address" in found["Email"][1]


def test_a_broken_template_is_found_before_tuesday(
    program: Any, tmp_path: Path
) -> None:
    """The next email is really rendered."""
    folder = tmp_path / "own" / "email" / "tip"
    folder.mkdir(parents=True)
    (folder / "body.html").write_text("{% if %}")
    program.settings(email__templates="own")

    state, message = checks(program, code=1)["Email"]

    assert state == "error"
    assert "email/tip/body.html, line 1" in message


def test_a_wrong_setting_ends_it(program: Any) -> None:
    """78, with file, key, value and the nearest key."""
    path = program.folder / "config.toml"
    path.write_text('[smpt]\nhost = "x"\n')
    section = program("doctor", code=78).stderr
    path.write_text("[smtp]\nport = 99999\n")
    value = program("doctor", code=78).stderr

    assert f'{path}: unknown setting "smpt". Did you mean "smtp"?' in section
    assert "smtp.port = 99999" in value


def test_the_operators_privacy_notice_is_looked_for(
    program: Any, tmp_path: Path
) -> None:
    """One that cannot be read is an error; one on another site is their own affair."""
    program.settings(web__privacy="privacy.md")
    state, message = checks(program, code=1)["Privacy"]
    assert state == "error"
    assert "web.privacy = 'privacy.md' cannot be read" in message

    (tmp_path / "privacy.md").write_text("We keep little.", "utf-8")
    assert checks(program)["Privacy"] == ("ok", "privacy.md")

    program.settings(web__privacy="https://www.example.com/privacy")
    assert "Privacy" not in checks(program)


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"web__host": "127.0.0.1"}, "ok"),
        ({"web__host": "0.0.0.0"}, "warning"),  # noqa: S104 - only a setting
        ({"web__host": "::", "web__forwarded_allow_ips": ["127.0.0.0/8"]}, "warning"),
        ({"web__host": "::", "web__forwarded_allow_ips": ["10.0.0.0/8"]}, "ok"),
        ({"web__host": "::", "web__enabled": False}, "ok"),
    ],
)
def test_a_proxy_elsewhere_must_be_believed(
    program: Any, settings: dict[str, object], state: str
) -> None:
    """Else all readers would seem to come from one place, and share its limits."""
    program.settings(**settings)

    assert checks(program)["Pages"][0] == state


def test_the_operators_mailbox_is_asked_for(program: Any) -> None:
    """Without it the contact form goes where readers' replies go."""
    program.settings(identity__reply_to="hello@tips.co")
    state, message = checks(program)["Your mailbox"]
    program.settings(**REAL)

    assert state == "warning"
    assert "the contact form writes to hello@tips.co." in message
    assert checks(program)["Your mailbox"] == ("ok", "ops@tips.co")


def test_the_mailbox_is_opened(program: Any, imap: ImapServer) -> None:
    """As `run` would, without reading; no check where there is none."""
    assert "Mailbox" not in checks(program)
    mail = b"Subject: unsubscribe\r\n\r\n"
    imap.put(mail)

    def look(code: int, **more: object) -> tuple[str, str]:
        section = imap.settings(**more)
        program.settings(**{f"mailbox__{key}": it for key, it in section.items()})
        return checks(program, code=code)["Mailbox"]

    assert look(0) == ("ok", f"INBOX at localhost:{imap.port}")
    state, message = look(1, password="not this one")

    assert state == "error"
    assert "refuses the login" in message
    assert message.endswith(". Check [mailbox].")
    assert imap.unread() == [mail]
