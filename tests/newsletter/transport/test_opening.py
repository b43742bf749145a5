"""A connection that cannot be opened: a sentence that says where, and what to do."""

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest

from newsletter.config import Security
from newsletter.outcome import Command, Deferred, Rejected
from newsletter.transport import Relay
from newsletter.transport.opening import NotOpened, open_smtp
from tests.relay import CA_FILE, Answer, ScriptedRelay, Silence, Step, running

LOGIN: Mapping[str, Any] = {"login": ("tips", "hunter2")}
OFFERS: Mapping[str, Any] = {"tls": "starttls"}
PLAIN, STARTTLS, TLS = Security.NONE, Security.STARTTLS, Security.TLS
NOT_SMTP = "the relay does not speak SMTP: it answered "


def relay_at(scripted: ScriptedRelay, security: Security, **more: Any) -> Relay:
    """Return how to reach it; nobody waits long but where it says nothing."""
    facts = {"ca_file": CA_FILE, "hello_name": "news.example", "timeout_seconds": 0.5}
    return Relay("localhost", scripted.port, security, **(facts | more))


def refusal(relay: Relay) -> NotOpened:
    """Open a connection, which must fail."""
    with pytest.raises(NotOpened) as caught:
        open_smtp(relay)
    return caught.value


@pytest.mark.parametrize(
    ("step", "answer", "words"),
    [
        (Step.CONNECT, Silence.STALL, "@ did not answer in time at the greeting"),
        (Step.CONNECT, Silence.HANG_UP, "@ closed the connection at the greeting"),
        (Step.CONNECT, "hello there", f"{NOT_SMTP}'…o there' at the greeting"),
        (Step.HELLO, Silence.STALL, "@ did not answer in time at EHLO"),
        (Step.HELLO, Silence.HANG_UP, "@ closed the connection at EHLO"),
        (Step.HELLO, "451 4.3.0 try later", "4.3.0 try later (at EHLO)"),
        (Step.HELLO, "601 what", f"{NOT_SMTP}'601 what' at EHLO"),
        (Step.STARTTLS, "454 4.7.0 not now", "4.7.0 not now (at STARTTLS)"),
        (Step.STARTTLS, "250 fine", f"{NOT_SMTP}'250 fine' at STARTTLS"),
        (Step.HANDSHAKE, Silence.STALL, "@ did not answer in time at STARTTLS"),
        (Step.HANDSHAKE, Silence.HANG_UP, "@ closed the connection at STARTTLS"),
        (Step.LOGIN, Silence.STALL, "@ did not answer in time at the login"),
        (Step.LOGIN, "454 4.7.0 not now", "4.7.0 not now"),
        (Step.LOGIN, "334 x", "@ cannot be understood at the login: "),
    ],
)
def test_what_may_pass_is_told_with_its_step(
    step: Step, answer: Answer, words: str
) -> None:
    """The relay by its name, or its own words; never a number that we made up."""
    is_login = step is Step.LOGIN
    with running(**(LOGIN if is_login else OFFERS)) as scripted:
        scripted.answer(step, answer)
        who = {"username": "tips", "password": "hunter2"} if is_login else {}
        security = PLAIN if is_login else STARTTLS
        outcome = refusal(relay_at(scripted, security, **who)).outcome

    assert isinstance(outcome, Deferred)
    assert outcome.is_relay_away
    assert outcome.reason.startswith(words.replace("@", f"localhost:{scripted.port}"))


@pytest.mark.parametrize("step", [Step.STARTTLS, Step.OLD_HELLO, Step.LOGIN])
def test_what_will_not_pass_is_a_refusal_of_us(step: Step) -> None:
    """5yz, to whatever it is said before any letter."""
    told = {**LOGIN, **OFFERS}
    with running(**told) as scripted:
        scripted.answer(step, "550 5.7.1 not you")
        if step is Step.OLD_HELLO:
            scripted.answer(Step.HELLO, "550 5.7.1 not you")
        relay = relay_at(scripted, STARTTLS, username="tips", password="hunter2")
        outcome = refusal(relay).outcome

    assert isinstance(outcome, Rejected)
    assert outcome.ours
    assert outcome.reason.startswith("5.7.1 not you")
    assert (outcome.command is Command.LOGIN) == (step is Step.LOGIN)


@pytest.mark.parametrize(
    ("told", "security", "who", "words"),
    [
        ({}, STARTTLS, "", "offers no STARTTLS, and nothing is sent in the clear"),
        ({}, PLAIN, "tips", "offers no login, and smtp.username is set"),
        ({}, TLS, "", "does not speak TLS where it must (WRONG_VERSION_NUMBER)"),
        ({"tls": "tls"}, STARTTLS, "", "did not answer in time at the greeting"),
        (
            {"tls": "tls", "certificate": "expired"},
            TLS,
            "",
            "shows no good certificate: certificate has expired",
        ),
        (
            {"tls": "starttls", "certificate": "self-signed"},
            STARTTLS,
            "",
            "shows no good certificate: self-signed certificate",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(
    told: Mapping[str, Any], security: Security, who: str, words: str
) -> None:
    """The setting to look at is in the sentence."""
    with running(**told) as scripted:
        error = refusal(relay_at(scripted, security, username=who, password="hunter2"))

    assert str(error).startswith(f"localhost:{scripted.port} {words}")
    assert isinstance(error.outcome, Deferred)


@pytest.mark.parametrize("answer", ["451 4.3.0 try later", "hello there"])
def test_helo_is_only_for_relays_that_do_not_know_ehlo(answer: str) -> None:
    """After anything but 5yz we would go on without what the relay offers."""
    with running() as scripted:
        scripted.answer(Step.HELLO, answer)
        refusal(relay_at(scripted, PLAIN))

    assert scripted.said[1] == ["EHLO"]


def test_a_relay_that_knows_only_helo_is_spoken_to() -> None:
    """RFC 5321 §3.2: it offers nothing, and takes letters all the same."""
    with running() as scripted:
        scripted.answer(Step.HELLO, "502 5.5.1 what is that")
        with contextlib.closing(open_smtp(relay_at(scripted, PLAIN))) as smtp:
            assert not smtp.does_esmtp

    assert scripted.said[1] == ["EHLO", "HELO"]


def test_nobody_at_the_port_is_told_in_the_words_of_the_system() -> None:
    """The relay by its name, and why."""
    with running() as scripted:
        pass
    error = refusal(relay_at(scripted, PLAIN))

    assert f"localhost:{scripted.port} cannot be reached: " in str(error)
    assert "Connection refused" in str(error)


def test_a_name_that_smtplib_cannot_say_is_no_crash() -> None:
    """Whatever it makes of it, there is no connection and a reason."""
    with running() as scripted:
        error = refusal(relay_at(scripted, PLAIN, hello_name="büro.example"))

    assert "cannot be understood at EHLO" in str(error)
