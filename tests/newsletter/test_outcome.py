"""Every reply of a relay has one meaning, settled in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.outcome import (
    Accepted,
    Command,
    Deferred,
    Rejected,
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


@pytest.mark.parametrize(
    ("command", "reason", "ours"),
    [
        (Command.RCPT, "5.1.1 no such user", False),
        (Command.RCPT, "5.2.2 mailbox full", False),
        (Command.RCPT, "no such user", False),
        (Command.RCPT, "5.7.1 you are on a blocklist", True),
        (Command.RCPT, "5.7.26 not authenticated", True),
        # Words that merely mention a status are not a status.
        (Command.RCPT, "see section 5.7.1 of our policy", False),
        (Command.LOGIN, "5.7.8 wrong password", True),
        (Command.MAIL, "5.1.8 bad sender", True),
        (Command.DATA, "5.6.0 bad content", True),
    ],
)
def test_only_rcpt_speaks_of_the_reader(
    command: Command, reason: str, *, ours: bool
) -> None:
    """A refusal of login, sender or content is ours; so is policy, 5.7.x, at RCPT."""
    assert Rejected(550, reason, command).ours is ours
