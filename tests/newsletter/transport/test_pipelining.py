"""The envelope in one write, against a relay that takes and refuses at every step."""

import struct
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socket import SO_LINGER, SOL_SOCKET, create_server, socket

import pytest

from newsletter.config import Security
from newsletter.outcome import Accepted, Deferred, Rejected, Uncertain
from newsletter.transport import (
    Done,
    Envelope,
    Letter,
    Relay,
    SmtpTransport,
    send_all,
)
from tests.relay import CA_FILE, ScriptedRelay, Silence, Step, running

TEXT = b"Subject: Hello\r\n\r\n.Smile first.\r\n" + b"On and on.\r\n" * 9_000


@pytest.fixture
def scripted() -> Iterator[ScriptedRelay]:
    """A relay that offers PIPELINING."""
    with running(pipelining=True) as relay:
        yield relay


@pytest.fixture
def transport(scripted: ScriptedRelay) -> Iterator[SmtpTransport]:
    """A transport with two connections to the relay, which must answer quickly."""
    relay = Relay(
        "localhost", scripted.port, Security.NONE, timeout_seconds=2.0, connections=2
    )
    transport = SmtpTransport(relay)
    yield transport
    transport.close()


def letters(*names: str) -> list[Letter]:
    """Return a letter to each."""
    return [
        Letter(Envelope("b@tips.example", f"{name}@example.org"), TEXT)
        for name in names
    ]


def test_letters_arrive_as_they_are(
    scripted: ScriptedRelay, transport: SmtpTransport
) -> None:
    """Twenty of them, each larger than a socket takes at once, on two connections."""
    names = [f"reader{number}" for number in range(20)]

    outcomes = send_all(transport, letters(*names))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {received.message for received in scripted.received} == {TEXT}
    assert len(scripted.received) == 20
    assert scripted.conversations <= 2


def test_letters_arrive_as_they_are_through_tls() -> None:
    """The same, behind STARTTLS, where a socket has its own idea of being ready."""
    with running(pipelining=True, tls="starttls") as secure:
        relay = Relay(
            "localhost",
            secure.port,
            Security.STARTTLS,
            ca_file=CA_FILE,
            connections=2,
        )
        transport = SmtpTransport(relay)

        outcomes = send_all(transport, letters(*(f"r{number}" for number in range(20))))

        transport.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {received.message for received in secure.received} == {TEXT}
    assert len(secure.received) == 20


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA, Step.END])
@pytest.mark.parametrize(
    ("reply", "kind"), [("550 5.1.1 no", Rejected), ("451 4.3.0 later", Deferred)]
)
def test_a_refusal_ends_one_letter_and_no_other(
    scripted: ScriptedRelay,
    transport: SmtpTransport,
    step: Step,
    reply: str,
    kind: type[Rejected] | type[Deferred],
) -> None:
    """Whatever was said behind the refused command, the next letter is whole."""
    scripted.answer(
        step, reply, to="ben@example.org" if step is Step.RCPT else "", times=1
    )

    first, *others = [
        outcome
        for name in ("ben", "cleo", "dan")
        for outcome in send_all(transport, letters(name))
    ]

    assert isinstance(first, kind)
    assert first.reason == reply[4:]
    assert all(isinstance(outcome, Accepted) for outcome in others)
    assert [received.message for received in scripted.received] == [TEXT, TEXT]


@pytest.mark.parametrize("silence", [Silence.HANG_UP, Silence.STALL])
@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Step.MAIL, Deferred),
        (Step.RCPT, Deferred),
        (Step.DATA, Deferred),
        (Step.END, Uncertain),
    ],
)
def test_silence_is_in_doubt_only_behind_the_message(
    scripted: ScriptedRelay,
    transport: SmtpTransport,
    silence: Silence,
    step: Step,
    kind: type[Deferred] | type[Uncertain],
) -> None:
    """Closed or stalled at each step; the next letter finds another connection."""
    scripted.answer(step, silence, times=1)

    (first,) = send_all(transport, letters("ben"))
    (second,) = send_all(transport, letters("cleo"))

    assert isinstance(first, kind)
    assert isinstance(second, Accepted)


def test_one_stalled_connection_holds_up_nobody(
    scripted: ScriptedRelay, transport: SmtpTransport
) -> None:
    """While one letter waits for its answer, the other connection goes on."""
    scripted.answer(Step.RCPT, Silence.STALL, to="slow@example.org")
    while transport.room(2) < 2:
        transport.turn(0.1)
    slow, *others = letters("slow", *(f"reader{number}" for number in range(10)))
    transport.start(99, slow)

    done: list[int] = []
    waiting = deque(enumerate(others))
    while len(done) < len(others):
        if waiting and transport.room(1):
            transport.start(*waiting.popleft())
        ready, ended = transport.turn(0.1)
        for key in ready:
            transport.hand_over(key)
        done += [one.key for one in ended]

    assert sorted(done) == list(range(10))
    assert transport.busy == 1


def wait_for(transport: SmtpTransport, wanted: set[int]) -> list[Done]:
    """Turn until the letters of these keys are ready; return what ended meanwhile."""
    seen: set[int] = set()
    ended: list[Done] = []
    while not wanted <= seen:
        ready, done = transport.turn(0.1)
        seen |= {*ready}
        ended += done
    return ended


def test_an_envelope_goes_out_behind_a_message(scripted: ScriptedRelay) -> None:
    """One connection carries two letters: the second is ready when the first is done.

    So a letter costs one round trip; its own message still waits to be handed over.
    """
    transport = SmtpTransport(Relay("localhost", scripted.port, Security.NONE))
    while not transport.room(1):
        transport.turn(0.1)
    first, second, third = letters("ann", "ben", "cleo")
    transport.start(1, first)
    wait_for(transport, {1})
    assert transport.room(1) == 0, "nothing may stand behind a message that waits"

    transport.hand_over(1)
    assert transport.room(1) == 1
    transport.start(2, second)
    assert transport.room(1) == 0
    (done,) = wait_for(transport, {2})

    assert done.key == 1
    assert isinstance(done.outcome, Accepted)
    assert len(scripted.received) == 1
    transport.hand_over(2)
    transport.start(3, third)
    (done,) = wait_for(transport, {3})
    assert done.key == 2
    transport.close()


def test_a_wait_ends_with_its_reply_and_with_nothing_else(
    scripted: ScriptedRelay,
) -> None:
    """A message is waited for twice as long; the next envelope prolongs nothing."""
    clock = [0.0]
    scripted.answer(Step.END, Silence.STALL)
    relay = Relay("localhost", scripted.port, Security.NONE, timeout_seconds=10.0)
    transport = SmtpTransport(relay, monotonic=lambda: clock[0])
    while not transport.room(1):
        transport.turn(0.1)
    first, second = letters("ann", "ben")
    transport.start(1, first)
    wait_for(transport, {1})
    transport.hand_over(1)
    transport.turn(0.1)

    clock[0] = 19.0
    transport.start(2, second)
    before = transport.turn(0.1).done
    clock[0] = 21.0
    after = transport.turn(0.1).done
    transport.close()

    assert before == []
    assert [(done.key, type(done.outcome)) for done in after] == [(1, Uncertain)]


def test_a_dropped_letter_never_leaves(
    scripted: ScriptedRelay, transport: SmtpTransport
) -> None:
    """Somebody unsubscribes while the relay waits: it hears no byte of the message."""
    while not transport.room(1):
        transport.turn(0.1)
    ann, ben = letters("ann", "ben")
    transport.start(1, ann)
    wait_for(transport, {1})

    transport.drop(1)

    assert transport.busy == 0
    assert isinstance(send_all(transport, [ben])[0], Accepted)
    assert [received.rcpt_to for received in scripted.received] == ["ben@example.org"]


def test_a_relay_that_allows_one_connection_gets_everything_on_it(
    scripted: ScriptedRelay, transport: SmtpTransport
) -> None:
    """The second connection is refused; that is no trouble as long as one is open."""
    assert isinstance(send_all(transport, letters("ann"))[0], Accepted)
    scripted.answer(Step.HELLO, "421 4.7.0 too many connections")

    outcomes = send_all(transport, letters("ben", "cleo", "dan"))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert transport.trouble is None


def test_a_relay_that_comes_back_is_tried_again_after_a_while() -> None:
    """No storm of connections while it is away; one try when the wait is over."""
    clock = [0.0]
    with running(pipelining=True) as scripted:
        port = scripted.port
    transport = SmtpTransport(
        Relay("127.0.0.1", port, Security.NONE, timeout_seconds=2.0),
        monotonic=lambda: clock[0],
    )

    (first,) = send_all(transport, letters("ann"))
    (too_soon,) = send_all(transport, letters("ann"))
    assert isinstance(first, Deferred)
    assert too_soon == first

    clock[0] += 1.0
    assert transport.room(1) == 0
    assert transport.trouble is None, "it is being tried again"
    while transport.trouble is None:
        transport.turn(0.1)
    clock[0] += 1.5
    assert transport.room(1) == 0
    assert transport.trouble is not None, "the second wait is longer"
    transport.close()


def test_a_transport_can_be_closed_while_it_opens_connections(
    scripted: ScriptedRelay,
) -> None:
    """Nothing of what was on its way stays behind."""
    relay = Relay("localhost", scripted.port, Security.NONE, connections=20)
    transport = SmtpTransport(relay)

    transport.room(20)
    transport.close()

    assert transport.busy == 0
    assert isinstance(send_all(transport, letters("ann"))[0], Accepted)
    transport.close()


def hang_up_after_one(server: socket) -> list[bytes]:
    """Take one message, say so, and reset the connection with the rest unread."""
    taken: list[bytes] = []
    for _ in range(2):
        peer, _ = server.accept()
        with peer, peer.makefile("rb") as lines:
            peer.sendall(b"220 hasty.test\r\n")
            lines.readline()
            peer.sendall(b"250-hasty.test\r\n250 PIPELINING\r\n")
            while not lines.readline().startswith(b"DATA"):
                pass
            peer.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
            taken.append(b"".join(iter(lines.readline, b".\r\n")))
            peer.sendall(b"250 2.0.0 taken\r\n")
            peer.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    return taken


def test_a_message_that_was_taken_is_not_in_doubt_when_the_relay_hangs_up() -> None:
    """The next envelope cannot be written any more, but the answer can be read."""
    with create_server(("localhost", 0)) as server, ThreadPoolExecutor() as threads:
        hasty = threads.submit(hang_up_after_one, server)
        port = server.getsockname()[1]
        transport = SmtpTransport(Relay("localhost", port, Security.NONE))
        first, second = letters("ann", "ben")
        while not transport.room(1):
            transport.turn(0.1)
        transport.start(1, first)
        wait_for(transport, {1})
        transport.hand_over(1)
        ended = transport.turn(0.0).done
        time.sleep(0.3)
        transport.start(2, second)

        (done,) = [*ended, *wait_for(transport, {2})]
        transport.hand_over(2)
        while transport.busy:
            transport.turn(0.1)

        assert done.key == 1
        assert isinstance(done.outcome, Accepted)
        assert len(hasty.result()) == 2
        transport.close()
