"""What is accepted is kept, in order, and the answer is what it is told to be."""

from newsletter.outcome import Accepted, Command, Outcome, Rejected
from newsletter.transport import Envelope, Letter, MemoryTransport


def letter(to: str) -> Letter:
    """Return a letter to somebody."""
    return Letter(Envelope("tips@tips.example", to), b"Subject: Hello\r\n\r\nHi.\r\n")


def test_everything_is_accepted_and_kept() -> None:
    """By default nothing is ever refused."""
    transport = MemoryTransport()
    letters = [letter("ann@example.org"), letter("ben@example.org")]

    outcomes = transport.send(letters)
    transport.close()

    assert outcomes == [Accepted(), Accepted()]
    assert transport.sent == letters


def test_what_is_refused_is_not_kept() -> None:
    """Outcomes come back in the order of the letters."""
    refused = Rejected(550, "5.1.1 no such user", Command.RCPT)

    def answer(letter: Letter) -> Outcome:
        return refused if letter.envelope.rcpt_to.startswith("ann") else Accepted()

    transport = MemoryTransport(answer, width=2)
    ann, ben = letter("ann@example.org"), letter("ben@example.org")

    assert transport.width == 2
    assert transport.send([ann, ben]) == [refused, Accepted()]
    assert transport.sent == [ben]


def test_a_closed_transport_knows_nothing_of_what_it_was_given() -> None:
    """A run that failed leaves nothing behind for the next one."""
    transport = MemoryTransport(width=2)
    transport.start(1, letter("ann"))
    transport.turn(0.0)
    transport.hand_over(1)
    transport.start(2, letter("ben"))

    transport.close()

    assert (transport.busy, transport.room(9)) == (0, 2)
    assert transport.turn(0.0) == ([], [])
