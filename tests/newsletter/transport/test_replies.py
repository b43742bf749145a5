"""Replies are read from whatever pieces they come in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.transport.replies import NotSmtp, ReplyReader

SEVERAL = (
    b"250-relay.test\r\n250-PIPELINING\r\n250 SIZE 100\r\n"
    b"354 go ahead\r\n250\n451-4.7.1 come\r\n451 4.7.1 later\r\n"
)
REPLIES = [
    (250, "relay.test PIPELINING SIZE 100"),
    (354, "go ahead"),
    (250, ""),
    (451, "4.7.1 come 4.7.1 later"),
]


@given(st.lists(st.integers(0, len(SEVERAL)), max_size=12))
def test_replies_do_not_depend_on_how_they_are_cut(cuts: list[int]) -> None:
    """Several lines, several replies at once, split in the middle of a line."""
    reader = ReplyReader()
    edges = [0, *sorted(cuts), len(SEVERAL)]

    found = [
        (reply.code, reply.text)
        for start, end in pairwise(edges)
        for reply in reader.feed(SEVERAL[start:end])
    ]

    assert found == REPLIES


@pytest.mark.parametrize(
    "words", [b"hello\r\n", b"99 no\r\n", b"1000 no\r\n", b"199 wait\r\n", b"\r\n"]
)
def test_what_is_no_reply_is_refused(words: bytes) -> None:
    """Whatever listens there, it is no relay."""
    with pytest.raises(NotSmtp, match="does not speak SMTP"):
        ReplyReader().feed(words)


@pytest.mark.parametrize("piece", [b"x" * 300, b"more\r\n250-" * 40])
def test_a_reply_without_end_is_given_up(piece: bytes) -> None:
    """A relay that never ends its line, or its lines, costs no memory."""
    reader = ReplyReader()
    reader.feed(b"250-")

    def listen() -> None:
        for _ in range(1_000):
            reader.feed(piece)

    with pytest.raises(NotSmtp, match="has no end"):
        listen()


def test_odd_bytes_in_a_reply_are_shown_as_well_as_can_be() -> None:
    """Words in another encoding do not break the conversation."""
    (reply,) = ReplyReader().feed(b"550 5.1.1 unbekannt:\0M\xfcller\r\n")

    assert reply.text == "5.1.1 unbekannt: M\ufffdller"
