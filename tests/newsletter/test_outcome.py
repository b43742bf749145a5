"""Every reply of a relay has one meaning, settled in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.outcome import (
    Accepted,
    Blame,
    Command,
    Deferred,
    Rejected,
    blame,
    classify,
)

commands = st.sampled_from(Command)


@given(st.integers(200, 399), commands)
def test_a_positive_reply_is_accepted(code: int, command: Command) -> None:
    """2yz and 3yz mean yes, after whatever command."""
    assert classify(code, "fine", command=command) == Accepted(code, "fine")


@given(st.integers(400, 499), commands)
def test_4yz_means_later(code: int, command: Command) -> None:
    """A transient reply is tried again, and its words are kept."""
    assert classify(code, "busy", command=command) == Deferred(code, "busy", command)


@given(st.integers(500, 599), commands)
def test_5yz_means_never_but_for_552_after_rcpt(code: int, command: Command) -> None:
    """A permanent reply ends it; 552 to RCPT says "too many", which passes."""
    outcome = classify(code, "no", command=command)

    if code == 552 and command is Command.RCPT:
        assert outcome == Deferred(552, "no", Command.RCPT)
    else:
        assert outcome == Rejected(code, "no", command)


@pytest.mark.parametrize("code", [-1, 0, 100, 199, 600, 999])
def test_what_is_no_reply_code_is_refused(code: int) -> None:
    """A number outside 200-599 is a broken contract, not an outcome."""
    with pytest.raises(ValueError, match=f"{code} is not an SMTP reply code"):
        classify(code, "", command=Command.MAIL)


@pytest.mark.parametrize("status", ["5.3.4", "5.2.3"])
def test_a_message_too_long_does_not_pass_at_rcpt_either(status: str) -> None:
    """RFC 1870 allows the relay to say so there; trying again would not help."""
    outcome = classify(552, f"{status} too big", command=Command.RCPT)

    assert isinstance(outcome, Rejected)
    assert outcome.ours


RCPT, DATA = Command.RCPT, Command.DATA
PERSON, READER, US = Blame.PERSON, Blame.READER, Blame.US


@pytest.mark.parametrize(
    ("command", "reply", "whom"),
    [
        (RCPT, "550 5.1.1 no such user", PERSON),
        (RCPT, "550 no such user", PERSON),
        (RCPT, "550", PERSON),
        (RCPT, "551 user not local", PERSON),
        (RCPT, "553 5.1.3 bad syntax", PERSON),
        (RCPT, "556 5.1.10 null MX", PERSON),
        (RCPT, "550 5.1.2 no such host", PERSON),
        (RCPT, "550 5.1.6 moved away", PERSON),
        (RCPT, "550 5.2.1 switched off", PERSON),
        (RCPT, "550 5.5.0 mailbox unavailable", PERSON),
        (RCPT, "550 5.1.0 address rejected", PERSON),
        # One RCPT a letter: the reply to the message speaks of its reader, too.
        (DATA, "550 5.1.1 no such user", PERSON),
        (RCPT, "550 5.2.2 mailbox full", READER),
        (DATA, "552 5.2.2 mailbox full", READER),
        (RCPT, "550 5.1.4 ambiguous", READER),
        (RCPT, "550 5.4.1 recipient address rejected", READER),
        (RCPT, "550 5.4.4 no way there", READER),
        (RCPT, "553 5.6.7 no addresses beyond ASCII", READER),
        (DATA, "554 5.6.9 no headers beyond ASCII", READER),
        (RCPT, "550 5.7.1 you are on a blocklist", US),
        (RCPT, "550 5.7.26 not authenticated", US),
        (RCPT, "550 5.7.0 no", US),
        (RCPT, "550 5.1.8 bad sender", US),
        (RCPT, "550 5.1.7 bad sender", US),
        (RCPT, "550 5.3.4 too big", US),
        (RCPT, "550 5.2.3 too big for that mailbox", US),
        (RCPT, "550 5.3.2 not taking mail", US),
        (RCPT, "554 5.5.1 bad sequence", US),
        (RCPT, "550 5.6.0 bad content", US),
        (RCPT, "554 denied", US),
        (RCPT, "503 MAIL first", US),
        (RCPT, "530 log in first", US),
        (RCPT, "521 no mail here", US),
        (DATA, "550 no", US),
        (DATA, "554 5.7.1 spam", US),
        (DATA, "552 5.3.4 too big", US),
        (DATA, "550 5.6.0 bad content", US),
        (DATA, "554 5.0.0 no", US),
        # Words that merely hold a status have none.
        (RCPT, "550 see section 5.7.1 of our policy", PERSON),
        (RCPT, "550 5.7.1.2 is no status", PERSON),
        (DATA, "550 5.1.1x is no status", US),
    ],
)
def test_a_refusal_speaks_of_the_reader_only_if_it_says_so(
    command: Command, reply: str, whom: Blame
) -> None:
    """By command, enhanced status and code, in that order; the rest speaks of us."""
    code, _, reason = reply.partition(" ")
    rejected = Rejected(int(code), reason, command)

    assert blame(int(code), reason, command=command) is whom
    assert rejected.ours is (whom is US)
    assert rejected.is_no_such_person is (whom is PERSON)


@given(
    st.integers(500, 599),
    st.from_regex(r"(5\.[0-9]\.[0-9]{1,2} )?no", fullmatch=True),
    st.sampled_from([Command.CONNECT, Command.LOGIN, Command.MAIL]),
)
def test_before_it_hears_of_a_reader_the_relay_speaks_of_us(
    code: int, reason: str, command: Command
) -> None:
    """Whatever its words are: no reader was named yet."""
    assert blame(code, reason, command=command) is US


@pytest.mark.parametrize("command", Command)
def test_the_relay_is_away_until_it_lets_us_in(command: Command) -> None:
    """A connection or a login that fails for now is no letter's fault."""
    away = Deferred(454, "4.7.0 later", command).is_relay_away

    assert away is (command in (Command.CONNECT, Command.LOGIN))


@pytest.mark.parametrize(
    ("code", "reason", "too_fast"),
    [
        (421, "4.7.0 try again later", True),
        (421, "closing", True),
        (450, "4.7.1 Error: too much mail from 192.0.2.1", True),
        (421, "4.7.28 our system has detected an unusual rate", True),
        (451, "4.7.650 the mail server has been temporarily rate limited", True),
        (451, "4.7.1 Greylisting in action, please come back later", False),
        (450, "4.2.0 <r@mail.example>: Recipient address rejected: Greylisted", False),
        (450, "4.2.0 mailbox busy", False),
        (452, "4.5.3 too many recipients", False),
        (451, "try 4.7.1 later", False),
        (None, "the connection broke at RCPT", False),
    ],
)
def test_who_asks_to_go_slower_is_told_from_who_is_busy(
    code: int | None, reason: str, too_fast: bool
) -> None:
    """421 and 4.7.x, but not greylisting, which has the same status."""
    assert Deferred(code, reason, Command.RCPT).is_too_fast is too_fast


def test_a_relay_that_lets_nobody_in_is_away_and_not_too_slow() -> None:
    """It is asked ever more seldom as it is."""
    assert not Deferred(421, "4.7.0 too many", Command.CONNECT).is_too_fast
