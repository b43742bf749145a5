"""Against a real SMTP server: what each thing it may do comes to."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from socket import create_server

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.config import Security
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected, Uncertain
from newsletter.transport import Envelope, Letter, Relay, SmtpTransport, send_all
from tests.relay import CA_FILE, ScriptedRelay, Silence, Step, running

TEXT = b"Subject: Hello\r\nContent-Type: text/plain\r\n\r\nSmile first.\r\n"
Connect = Callable[..., SmtpTransport]


@pytest.fixture
def scripted() -> Iterator[ScriptedRelay]:
    """A relay without TLS or login that takes every letter."""
    with running() as relay:
        yield relay


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make transports to a relay, and say goodbye at the end."""
    with ExitStack() as stack:

        def connecting(scripted: ScriptedRelay, **changes: object) -> SmtpTransport:
            plain = Relay(
                "localhost",
                scripted.port,
                Security.NONE,
                timeout_seconds=10,
                hello_name="news.example",
            )
            transport = SmtpTransport(replace(plain, **changes))  # type: ignore[arg-type]
            stack.callback(transport.close)
            return transport

        yield connecting


def letter(to: str = "ann@example.org", message: bytes = TEXT) -> Letter:
    """Return a letter to somebody."""
    return Letter(Envelope("bounces@tips.example", to), message)


def send(transport: SmtpTransport, to: str = "ann@example.org") -> Outcome:
    """Send one letter and return how it went."""
    (outcome,) = send_all(transport, [letter(to)])
    return outcome


def test_a_letter_arrives_as_it_is(scripted: ScriptedRelay, connect: Connect) -> None:
    """Envelope and bytes are as they were handed over; the relay's words are kept."""
    assert send(connect(scripted)) == Accepted(250, "2.0.0 queued")

    (received,) = scripted.received
    assert received.mail_from == "bounces@tips.example"
    assert received.rcpt_to == "ann@example.org"
    assert received.message == TEXT


def test_a_connection_carries_many_letters_and_ends_politely(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """One hello, three letters, one goodbye; the transport can be used again after."""
    transport = connect(scripted)
    for _ in range(3):
        assert isinstance(send(transport), Accepted)
    transport.close()

    assert scripted.conversations == 1
    assert scripted.said[1] == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]
    assert isinstance(send(transport), Accepted)
    assert scripted.conversations == 2


@pytest.fixture
def transport(scripted: ScriptedRelay, connect: Connect) -> SmtpTransport:
    """A transport to the scripted relay."""
    return connect(scripted)


lines = st.lists(
    st.text(st.sampled_from(".aB =\t"), max_size=9).map(str.encode), max_size=9
)


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines)
def test_the_bytes_arrive_identical(
    scripted: ScriptedRelay, transport: SmtpTransport, lines: list[bytes]
) -> None:
    """Whatever lines a message has, dots at their beginning above all."""
    message = b"Subject: Dots\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)

    (outcome,) = send_all(transport, [letter(message=message)])

    assert isinstance(outcome, Accepted)
    assert scripted.received[-1].message == message


def test_a_line_with_a_single_dot_does_not_end_the_letter(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """Nor can it smuggle a second letter in behind the first."""
    smuggled = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<all@example.net>\r\nDATA\r\n"
    message = TEXT + b".\r\n..\r\n...\r\n" + smuggled

    send_all(connect(scripted), [letter(message=message)])

    assert [received.message for received in scripted.received] == [message]


def test_a_message_without_a_last_newline_gets_one(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """The final dot must stand on a line of its own."""
    (outcome,) = send_all(connect(scripted), [letter(message=TEXT.rstrip())])

    assert isinstance(outcome, Accepted)
    assert scripted.received[0].message == TEXT


@pytest.mark.parametrize(
    ("step", "reply", "outcome"),
    [
        (
            Step.RCPT,
            "550 5.1.1 no such user",
            Rejected(550, "5.1.1 no such user", Command.RCPT),
        ),
        (
            Step.RCPT,
            "550-5.1.1 nobody\r\n550 5.1.1 has that name",
            Rejected(550, "5.1.1 nobody 5.1.1 has that name", Command.RCPT),
        ),
        (
            Step.RCPT,
            "451 4.7.1 greylisted",
            Deferred(451, "4.7.1 greylisted", Command.RCPT),
        ),
        (
            Step.RCPT,
            "552 5.5.3 too many recipients",
            Deferred(552, "5.5.3 too many recipients", Command.RCPT),
        ),
        (
            Step.MAIL,
            "550 5.1.8 bad sender",
            Rejected(550, "5.1.8 bad sender", Command.MAIL),
        ),
        (Step.MAIL, "452 4.3.1 full", Deferred(452, "4.3.1 full", Command.MAIL)),
        (
            Step.DATA,
            "554 5.5.1 no valid recipients",
            Rejected(554, "5.5.1 no valid recipients", Command.DATA),
        ),
        (
            Step.END,
            "554 5.7.1 looks like spam",
            Rejected(554, "5.7.1 looks like spam", Command.DATA),
        ),
        (
            Step.END,
            "451 4.3.0 try later",
            Deferred(451, "4.3.0 try later", Command.DATA),
        ),
        (Step.END, "552 5.3.4 too big", Rejected(552, "5.3.4 too big", Command.DATA)),
    ],
)
def test_a_refusal_is_an_outcome_and_the_next_letter_is_fine(
    scripted: ScriptedRelay, connect: Connect, step: Step, reply: str, outcome: Outcome
) -> None:
    """Wherever the relay says no, the same connection carries the next letter."""
    scripted.answer(step, reply, times=1)
    transport = connect(scripted)

    assert send(transport, "ann@example.org") == outcome
    assert send(transport, "ben@example.org") == Accepted(250, "2.0.0 queued")

    assert [received.rcpt_to for received in scripted.received] == ["ben@example.org"]
    assert scripted.conversations == 1
    assert ("RSET" in scripted.said[1]) == (step is not Step.END)


@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA, Step.END])
def test_421_closes_the_connection_and_the_next_letter_opens_another(
    scripted: ScriptedRelay, connect: Connect, step: Step
) -> None:
    """The letter waits, nothing is lost, and nobody talks to a dead line."""
    scripted.answer(step, "421 4.3.2 shutting down", times=1)
    transport = connect(scripted)

    outcome = send(transport)

    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.reason) == (421, "4.3.2 shutting down")
    assert isinstance(send(transport), Accepted)
    assert scripted.conversations == 2


@pytest.mark.parametrize("farewell", ["421 4.4.2 idle too long", Silence.HANG_UP])
def test_a_connection_that_the_relay_gave_up_meanwhile_costs_no_letter_a_try(
    scripted: ScriptedRelay, connect: Connect, farewell: str | Silence
) -> None:
    """Relays close what was idle for minutes; the letter leaves on a new connection."""
    transport = connect(scripted)
    assert isinstance(send(transport), Accepted)
    scripted.answer(Step.MAIL, farewell, times=1)

    assert isinstance(send(transport), Accepted)

    assert scripted.conversations == 2
    assert len(scripted.received) == 2


def test_a_relay_that_always_closes_is_tried_once_more_only(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """A fresh connection that is closed at MAIL defers the letter."""
    transport = connect(scripted)
    send(transport)
    scripted.answer(Step.MAIL, "421 4.7.0 too fast")

    assert send(transport) == Deferred(421, "4.7.0 too fast", Command.MAIL)
    assert scripted.conversations == 2


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
def test_a_line_that_breaks_before_the_message_defers(
    scripted: ScriptedRelay, connect: Connect, step: Step
) -> None:
    """The relay cannot have the letter, so it is tried again."""
    scripted.answer(step, Silence.HANG_UP, times=1)
    transport = connect(scripted)

    outcome = send(transport)

    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.command) == (None, Command(step.value))
    assert f"the connection broke at {step}" in outcome.reason
    assert isinstance(send(transport), Accepted)


def test_a_line_that_breaks_within_the_message_defers(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """The final dot was never handed over; the message is too long for any buffer."""
    scripted.answer(Step.TEXT, Silence.HANG_UP, times=1)
    message = TEXT + (b"x" * 70 + b"\r\n") * 500_000

    (outcome,) = send_all(connect(scripted), [letter(message=message)])

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.DATA
    assert scripted.received == []


def test_a_line_that_breaks_after_the_final_dot_leaves_us_uncertain(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """The relay may have it, as this one has; nobody can know (RFC 1047)."""
    scripted.answer(Step.END, Silence.HANG_UP, times=1)
    transport = connect(scripted)

    outcome = send(transport)

    assert isinstance(outcome, Uncertain)
    assert "no answer after the message" in outcome.reason
    assert len(scripted.received) == 1
    assert isinstance(send(transport), Accepted)
    assert scripted.conversations == 2


@pytest.mark.parametrize(
    ("step", "kind"), [(Step.RCPT, Deferred), (Step.END, Uncertain)]
)
def test_a_relay_that_says_nothing_is_waited_for_and_then_left(
    scripted: ScriptedRelay, connect: Connect, step: Step, kind: type[Outcome]
) -> None:
    """After the time that was set, not for ever; before the dot it is certain."""
    scripted.answer(step, Silence.STALL, times=1)
    transport = connect(scripted, timeout_seconds=0.3)
    start = time.monotonic()

    assert isinstance(send(transport), kind)

    assert 0.2 < time.monotonic() - start < 5
    assert isinstance(send(transport), Accepted)


@pytest.mark.parametrize("reply", ["hello there", "999 what", "199 wait", "250 fine"])
def test_a_wrong_kind_of_yes_to_data_is_no_yes(
    scripted: ScriptedRelay, connect: Connect, reply: str
) -> None:
    """Only 354 lets the message follow; no letter counts as sent that never left."""
    scripted.answer(Step.DATA, reply, times=1)
    transport = connect(scripted)

    outcome = send(transport)

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.DATA
    assert "does not speak SMTP" in outcome.reason
    assert isinstance(send(transport), Accepted)


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT])
@pytest.mark.parametrize("reply", ["hello there", "601 what"])
def test_what_is_no_reply_at_all_defers(
    scripted: ScriptedRelay, connect: Connect, step: Step, reply: str
) -> None:
    """Nonsense is neither a yes nor a crash."""
    scripted.answer(step, reply, times=1)

    outcome = send(connect(scripted))

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command(step.value)


@pytest.mark.parametrize("reply", ["hello there", "601 what", "354 go on"])
def test_nonsense_after_the_final_dot_leaves_us_uncertain(
    scripted: ScriptedRelay, connect: Connect, reply: str
) -> None:
    """It was all handed over and what came back says nothing."""
    scripted.answer(Step.END, reply, times=1)
    transport = connect(scripted)

    assert isinstance(send(transport), Uncertain)
    assert isinstance(send(transport), Accepted)


def test_nobody_listening_is_the_relay_away(connect: Connect) -> None:
    """No attempt of any letter: the outcome says that nobody was reached."""
    with create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    outcome = send(connect(ScriptedRelay(port=port)))

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.CONNECT
    assert outcome.code is None
    assert f"localhost:{port} cannot be reached" in outcome.reason


def test_a_relay_that_turns_us_away_at_hello_is_away(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """Whatever it says before MAIL concerns no reader."""
    scripted.answer(Step.HELLO, "421 4.3.2 too busy")

    outcome = send(connect(scripted))

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.CONNECT


def test_with_the_right_login_letters_leave(connect: Connect) -> None:
    """Once for each connection."""
    with running(login=("tips", "hunter2")) as scripted:
        transport = connect(scripted, username="tips", password="hunter2")

        assert isinstance(send(transport), Accepted)
        assert isinstance(send(transport), Accepted)
        transport.close()

    assert scripted.said[1].count("AUTH") == 1


@pytest.mark.parametrize("password", ["wrong", "fälsch"])
def test_a_wrong_login_is_a_refusal_of_us(connect: Connect, password: str) -> None:
    """At LOGIN, and so no reader is ever failed for it; nothing was sent."""
    with running(login=("tips", "hunter2")) as scripted:
        outcome = send(connect(scripted, username="tips", password=password))

    assert isinstance(outcome, Rejected)
    assert outcome.ours
    assert (outcome.code, outcome.command) == (535, Command.LOGIN)
    assert outcome.reason.startswith("5.7.8 ")
    assert password not in outcome.reason
    assert scripted.received == []


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "250 come in"])
def test_other_answers_to_the_login_defer(connect: Connect, reply: str) -> None:
    """A temporary failure waits; a wrong kind of yes lets no letter count as sent."""
    with running(login=("tips", "hunter2")) as scripted:
        scripted.answer(Step.LOGIN, reply)
        outcome = send(connect(scripted, username="tips", password="hunter2"))

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.LOGIN


def test_without_the_login_that_the_relay_wants_we_are_refused(
    connect: Connect,
) -> None:
    """530 to MAIL is about us."""
    with running(login=("tips", "hunter2")) as scripted:
        outcome = send(connect(scripted))

    assert outcome == Rejected(530, "5.7.0 log in first", Command.MAIL)
    assert isinstance(outcome, Rejected)
    assert outcome.ours


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_with_its_authority_the_relay_is_trusted(
    connect: Connect, security: Security
) -> None:
    """The operator's own authority is enough; after STARTTLS comes a second hello."""
    with running(tls=security) as scripted:
        transport = connect(scripted, security=security, ca_file=CA_FILE)

        assert isinstance(send(transport), Accepted)
        transport.close()

    hellos = scripted.said[1].count("EHLO")
    assert hellos == (2 if security is Security.STARTTLS else 1)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("host", "ca_file", "words"),
    [
        ("localhost", None, "shows no good certificate: unable to get local issuer"),
        ("127.0.0.1", CA_FILE, "certificate is not valid for"),
        ("localhost", Path("nowhere.pem"), "No such file"),
    ],
)
def test_a_relay_that_cannot_prove_itself_gets_nothing(
    connect: Connect, security: Security, host: str, ca_file: Path | None, words: str
) -> None:
    """An unknown authority, another name, or no authority to check with at all."""
    with running(tls=security) as scripted:
        transport = connect(scripted, security=security, host=host, ca_file=ca_file)
        outcome = send(transport)

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.CONNECT
    assert words in outcome.reason
    assert "MAIL" not in [verb for said in scripted.said.values() for verb in said]


def test_without_tls_nothing_is_sent_in_the_clear(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """STARTTLS that is not offered ends the conversation before login and letter."""
    transport = connect(
        scripted, security=Security.STARTTLS, username="tips", password="hunter2"
    )

    outcome = send(transport)

    assert isinstance(outcome, Deferred)
    assert outcome.command is Command.CONNECT
    assert "STARTTLS" in outcome.reason
    assert scripted.said[1] == ["EHLO"]


def test_several_connections_carry_several_letters_at_once(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """Four letters on four connections, outcomes in their order, and used again."""
    names = [f"reader{number}@example.org" for number in range(4)]
    scripted.answer(Step.RCPT, "550 5.1.1 nobody", to=names[1])
    transport = connect(scripted, connections=4)
    while transport.room(4) < 4:
        transport.turn(0.1)

    for _ in range(2):
        outcomes = send_all(transport, [letter(name) for name in names])
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [Accepted, Rejected, Accepted, Accepted]

    assert scripted.conversations == 4
    to = sorted(received.rcpt_to for received in scripted.received)
    assert to == sorted([names[0], names[2], names[3]] * 2)
    conversations = {received.conversation for received in scripted.received}
    assert len(conversations) >= 3


def test_letters_are_on_the_wire_at_the_same_time(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """One that the relay keeps waiting does not keep the others waiting."""
    scripted.answer(Step.RCPT, Silence.STALL, to="slow@example.org")
    transport = connect(scripted, connections=3, timeout_seconds=0.5)
    letters = [letter("slow@example.org"), letter(), letter("ben@example.org")]
    start = time.monotonic()

    outcomes = send_all(transport, letters)

    assert [type(o) for o in outcomes] == [Deferred, Accepted, Accepted]
    assert time.monotonic() - start < 5


def test_fewer_letters_than_connections_need_fewer(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """No connection is opened for nobody, and sending nothing opens none."""
    transport = connect(scripted, connections=4)

    assert send_all(transport, []) == []
    assert isinstance(send(transport), Accepted)

    assert scripted.conversations == 1


def test_a_message_beyond_size_is_refused_before_it_is_sent(connect: Connect) -> None:
    """The relay said how much it takes (RFC 1870); it refuses us, not the reader."""
    with running(longest=1_000) as scripted:
        transport = connect(scripted)
        (outcome,) = send_all(transport, [letter(message=TEXT + b"x" * 1_000)])
        assert isinstance(send(transport), Accepted)
        transport.close()

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.command) == (552, Command.MAIL)
    assert outcome.ours
    assert scripted.said[1].count("DATA") == 1


def test_an_address_beyond_ascii_leaves_where_smtputf8_is_offered(
    connect: Connect,
) -> None:
    """Address and message arrive as they are."""
    envelope = Envelope("bounces@tips.example", "jörg@example.org", smtputf8=True)
    message = "To: jörg@example.org\r\n\r\nGrüße\r\n".encode()

    with running(smtputf8=True) as scripted:
        (outcome,) = send_all(connect(scripted), [Letter(envelope, message)])

    assert isinstance(outcome, Accepted)
    assert scripted.received[0].rcpt_to == "jörg@example.org"
    assert scripted.received[0].message == message


def test_an_address_beyond_ascii_fails_where_it_is_not(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """This relay will never reach that reader; it is not a refusal of us."""
    envelope = Envelope("bounces@tips.example", "jörg@example.org", smtputf8=True)
    transport = connect(scripted)

    (outcome,) = send_all(transport, [Letter(envelope, TEXT)])

    assert isinstance(outcome, Rejected)
    assert outcome.command is Command.RCPT
    assert not outcome.ours
    assert outcome.reason == "5.6.7 the relay offers no SMTPUTF8"
    assert isinstance(send(transport), Accepted)


def test_we_say_hello_with_the_name_that_is_set(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """A relay that looks it up finds the operator's host, not "localhost"."""
    send(connect(scripted))

    assert scripted.hello_names == ["news.example"]


def test_checking_a_relay_opens_and_closes(
    scripted: ScriptedRelay, connect: Connect
) -> None:
    """It says hello and goodbye and sends nothing."""
    connect(scripted).check()

    assert scripted.said[1] == ["EHLO", "QUIT"]


@pytest.mark.parametrize("password", ["wrong", "fälsch"])
def test_checking_a_relay_says_what_is_wrong(connect: Connect, password: str) -> None:
    """A refused login is an OSError with the relay's words, for `newsletter doctor`."""
    with (
        running(login=("tips", "hunter2")) as scripted,
        pytest.raises(OSError, match=r"5\.7\.8"),
    ):
        connect(scripted, username="tips", password=password).check()


def test_a_relay_is_called_by_host_and_port() -> None:
    """As logs and errors name it."""
    assert Relay("mail.example", 587, Security.STARTTLS).name == "mail.example:587"


def test_a_transport_that_is_gone_leaves_no_descriptor_open() -> None:
    """A worker has a transport for each shard, and lives for months."""
    relay = Relay("localhost", 1, Security.NONE)

    def descriptors() -> int:
        gc.collect()
        return len([*Path("/dev/fd").iterdir()])

    before = descriptors()
    for _ in range(20):
        SmtpTransport(relay).close()

    assert descriptors() <= before
