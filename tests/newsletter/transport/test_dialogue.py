"""One letter through SMTP, told reply by reply, with and without PIPELINING."""

import pytest

from newsletter.outcome import (
    Accepted,
    Command,
    Deferred,
    Outcome,
    Rejected,
    Uncertain,
)
from newsletter.transport import Envelope, Letter
from newsletter.transport.dialogue import Dialogue, Features, stuffed
from newsletter.transport.replies import Reply

LETTER = Letter(
    Envelope("b@tips.example", "ann@example.org"), b"Subject: x\r\n\r\nHi\r\n"
)
ENVELOPE = b"MAIL FROM:<b@tips.example>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n"
MESSAGE = LETTER.message + b".\r\n"
PIPELINING = Features(pipelining=True)
OK = Reply(250, b"2.0.0 ok")
GO = Reply(354, b"go")
NOBODY = Reply(550, b"5.1.1 nobody")
LATER = Reply(451, b"4.7.1 later")
NESTED = Reply(503, b"5.5.1 need RCPT")
BYE = Reply(421, b"4.3.2 closing")


def talk(dialogue: Dialogue, replies: list[Reply]) -> list[bytes]:
    """Tell the dialogue replies; return everything it says, its beginning first.

    As soon as it is ready, its message is handed over.
    """
    said = [dialogue.begin()]
    for reply in replies:
        words = dialogue.hear(reply)
        said.append(dialogue.hand_over() if dialogue.is_ready else words)
    return said


def test_with_pipelining_a_letter_costs_two_round_trips() -> None:
    """The envelope is one write, the message another."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)

    said = talk(dialogue, [OK, OK, GO, OK])

    assert [words for words in said if words] == [ENVELOPE, MESSAGE]
    assert dialogue.outcome == Accepted(250, "2.0.0 ok")
    assert not dialogue.leaves_open


def test_nothing_of_the_message_is_said_before_it_is_handed_over() -> None:
    """The relay waits; meanwhile the ledger writes down what is about to happen."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)
    dialogue.begin()

    said = [dialogue.hear(reply) for reply in (OK, OK, GO)]

    assert dialogue.is_ready
    assert not any(said)
    assert not dialogue.in_doubt
    assert dialogue.broken("gone", all_written=True) == Deferred(
        None, "the connection broke at DATA: gone", Command.DATA
    )
    assert dialogue.hand_over() == MESSAGE
    assert dialogue.in_doubt


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    """Four round trips, in the order of the standard."""
    dialogue = Dialogue(LETTER, Features(), reset=False)

    said = talk(dialogue, [OK, OK, GO, OK])

    assert b"".join(said[:3]) == ENVELOPE
    assert said[3] == MESSAGE
    assert dialogue.outcome == Accepted(250, "2.0.0 ok")


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ([NOBODY, NESTED, NESTED], Rejected(550, "5.1.1 nobody", Command.MAIL)),
        ([OK, NOBODY, NESTED], Rejected(550, "5.1.1 nobody", Command.RCPT)),
        ([OK, LATER, NESTED], Deferred(451, "4.7.1 later", Command.RCPT)),
        ([OK, OK, LATER], Deferred(451, "4.7.1 later", Command.DATA)),
        ([OK, OK, GO, LATER], Deferred(451, "4.7.1 later", Command.DATA)),
        ([OK, OK, GO, NOBODY], Rejected(550, "5.1.1 nobody", Command.DATA)),
    ],
)
def test_the_first_refusal_counts(replies: list[Reply], outcome: Outcome) -> None:
    """What follows in the same write only says that there was nobody to send to."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)

    talk(dialogue, replies)

    assert dialogue.outcome == outcome


def test_data_that_is_taken_after_a_refusal_is_ended_with_nothing() -> None:
    """RCPT refused, DATA answered 354 all the same: no byte of the message is said."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)

    said = talk(dialogue, [OK, NOBODY, GO, Reply(554, b"no recipients")])

    assert said[3] == b".\r\n"
    assert dialogue.outcome == Rejected(550, "5.1.1 nobody", Command.RCPT)


def test_an_unfinished_transaction_is_cleared_by_the_next_letter() -> None:
    """RSET goes out in the same write as the next envelope."""
    refused = Dialogue(LETTER, PIPELINING, reset=False)
    talk(refused, [OK, NOBODY, NESTED])
    assert refused.leaves_open
    following = Dialogue(LETTER, PIPELINING, reset=refused.leaves_open)

    said = talk(following, [OK, OK, OK, GO, OK])

    assert said[0] == b"RSET\r\n" + ENVELOPE
    assert following.outcome == Accepted(250, "2.0.0 ok")


@pytest.mark.parametrize("before", [[], [OK], [OK, OK]])
def test_a_goodbye_ends_the_letter_at_once(before: list[Reply]) -> None:
    """After 421 no reply to the other commands will come."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)

    talk(dialogue, [*before, BYE])

    assert isinstance(dialogue.outcome, Deferred)
    assert dialogue.outcome.code == 421
    assert dialogue.closing


def test_a_goodbye_to_what_clears_the_letter_before_is_none_of_the_next() -> None:
    """Relays close a connection with too many refusals at the first chance: RSET."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=True)

    talk(dialogue, [BYE])

    assert dialogue.closing
    assert dialogue.was_turned_away, "so that it starts afresh elsewhere"


@pytest.mark.parametrize(
    ("replies", "all_written", "outcome"),
    [
        ([], True, Deferred(None, "the connection broke at MAIL: gone", Command.MAIL)),
        (
            [OK],
            True,
            Deferred(None, "the connection broke at RCPT: gone", Command.RCPT),
        ),
        (
            [OK, OK],
            True,
            Deferred(None, "the connection broke at DATA: gone", Command.DATA),
        ),
        (
            [OK, OK, GO],
            False,
            Deferred(None, "the connection broke at DATA: gone", Command.DATA),
        ),
        ([OK, OK, GO], True, Uncertain("no answer after the message: gone")),
        ([OK, NOBODY], True, Rejected(550, "5.1.1 nobody", Command.RCPT)),
    ],
)
def test_only_a_message_that_is_wholly_handed_over_is_in_doubt(
    replies: list[Reply], all_written: bool, outcome: Outcome
) -> None:
    """Without its final dot no relay has the message (RFC 1047)."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)
    talk(dialogue, replies)

    assert dialogue.broken("gone", all_written=all_written) == outcome


def test_a_letter_that_the_relay_cannot_take_says_nothing() -> None:
    """Too large, or in need of SMTPUTF8: known from EHLO, before a word is said."""
    small = Dialogue(LETTER, Features(largest=5), reset=False)
    plain = Letter(Envelope("b@tips.example", "jösé@example.org", True), b"x\r\n")
    beyond_ascii = Dialogue(plain, PIPELINING, reset=False)

    assert (small.begin(), beyond_ascii.begin()) == (b"", b"")
    assert isinstance(small.outcome, Rejected)
    assert small.outcome.code == 552
    assert isinstance(beyond_ascii.outcome, Rejected)
    assert not beyond_ascii.outcome.ours


def test_a_strange_answer_to_the_message_leaves_it_in_doubt() -> None:
    """354 after the final dot is neither yes nor no."""
    dialogue = Dialogue(LETTER, PIPELINING, reset=False)

    talk(dialogue, [OK, OK, GO, GO])

    assert isinstance(dialogue.outcome, Uncertain)
    assert dialogue.closing


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"Hi\r\n", b"Hi\r\n.\r\n"),
        (b"Hi", b"Hi\r\n.\r\n"),
        (b".Hi\r\n.\r\n", b"..Hi\r\n..\r\n.\r\n"),
    ],
)
def test_dots_are_doubled(message: bytes, wire: bytes) -> None:
    """A line with a dot alone ends a message, so none of ours begins with one."""
    assert stuffed(message) == wire
