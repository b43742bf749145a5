"""The headers of real letters, held against section A of the standards, by its ids.

Every letter was sent by the real sender and read as the bytes that a mail server got.
Not here yet: A18's null MX, which needs a name server.
"""

import re
import socket
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db
from newsletter.config import Security, Settings
from newsletter.demo import MailServer
from newsletter.message.fields import one_line
from newsletter.outcome import Accepted, Command, Deferred, Outcome
from newsletter.render import Level, lint
from newsletter.sender import tick
from newsletter.tables import Delivery, DeliveryStatus, Installation
from newsletter.transport import (
    Envelope,
    Letter,
    MemoryTransport,
    Relay,
    SmtpTransport,
    send_all,
)
from subscribers.tables import Subscriber
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_subscriber, make_tip
from tests.hostile import PEOPLE, TIPS
from tests.post import SENT_AT, Post, Received, loopback
from tests.relay import running

Letters = tuple[Received, ...]
OURS = [
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Archive",
    "List-Owner", "List-Post", "Precedence", "Feedback-ID", "Content-Language",
    "MIME-Version", "Content-Type",
]  # fmt: skip
# Programs read these as they stand; an encoded word in them is garbage.
STRUCTURED = {*OURS} - {"From", "To", "Subject"}


@pytest.fixture(params=["post", "far_away"])
def every(request: pytest.FixtureRequest) -> Letters:
    """The letters of the ordinary newsletter, then those of the far-away one."""
    found: Post = request.getfixturevalue(request.param)
    return found.letters


def decoded(value: str) -> str:
    """Read encoded words as RFC 2047 says."""
    return str(make_header(decode_header(value)))


def found_newsletter(engine: Engine, *addresses: str) -> None:
    """Found an installation with one tip and a reader at each address."""
    with db.transaction(engine) as session:
        session.add(Installation(uid="0f3c2a17", created_at=SENT_AT))
        make_tip(session)
        for address in addresses:
            make_subscriber(session, address)


def test_everything_that_was_handed_over_arrived(post: Post) -> None:
    """Every tip reached every reader; what follows speaks of all of them."""
    assert len(post.letters) == len(PEOPLE) * len(TIPS)
    assert len(post.handed) == len(post.letters) + len(post.notices)


def test_a01_headers_come_once(every: Letters) -> None:
    """Exactly one From and Date, at most one of the others; nothing else at all."""
    for letter in every:
        assert letter.message.keys() == OURS


def test_a02_the_date_is_true(every: Letters) -> None:
    """A numeric zone, the right weekday, and the time of composing."""
    for letter in every:
        line = letter.fields["Date"]
        moment = parsedate_to_datetime(line)

        assert re.fullmatch(r"\w{3}, \d{2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", line)
        assert line.startswith(f"{moment:%a}, ")
        assert moment == SENT_AT


def test_a03_message_ids_are_of_the_senders_domain(every: Letters) -> None:
    """One left@right, whose right side is the domain of From."""
    for letter in every:
        _, sender = parseaddr(letter.fields["From"])
        left, _, right = letter.fields["Message-ID"].strip("<>").partition("@")

        assert re.fullmatch(r"[\w.-]+", left, re.ASCII)
        assert right == sender.partition("@")[2]
        assert "." in right


def test_a04_message_ids_are_unique(letters: Letters) -> None:
    """No two copies share one."""
    assert len({each.fields["Message-ID"] for each in letters}) == len(letters)


def test_a04_a_retry_has_the_same_message_id(engine: Engine, tmp_path: Path) -> None:
    """A letter that is tried again is the first one, to the last byte."""
    found_newsletter(engine, "ada@example.org")
    tried: list[bytes] = []

    def not_at_first(letter: Letter) -> Outcome:
        tried.append(letter.message)
        first = len(tried) == 1
        return Deferred(451, "4.7.1 later", Command.RCPT) if first else Accepted()

    clock = SetClock(SENT_AT)
    transport = MemoryTransport(not_at_first)
    desk = make_desk(engine, make_config(tmp_path), clock, transport)
    tick(desk)
    clock.now += desk.retry.waits[0]
    tick(desk)

    assert len(tried) == 2
    assert tried[0] == tried[1]


def test_a05_from_is_one_named_mailbox(every: Letters) -> None:
    """With a display name, the address of the settings, and a full domain."""
    for letter in every:
        (sender,) = letter.message["From"].addresses

        assert sender.display_name
        assert sender.username == "tips"
        assert sender.domain.endswith(".example")


def test_a06_replies_reach_a_person(every: Letters, far_away: Post) -> None:
    """There is no Sender, and Reply-To is the mailbox that the settings name."""
    for letter in every:
        (reply_to,) = letter.message["Reply-To"].addresses

        assert "Sender" not in letter.message
        assert not re.search(r"no-?reply", reply_to.addr_spec)
    assert far_away.letters[0].fields["Reply-To"].startswith("a-person-who-reads-")


def test_a07_to_is_the_one_reader(post: Post) -> None:
    """To and the envelope name the same one person; nobody else is named."""
    for letter in post.handed:
        received = Received("", letter.message)
        (to,) = received.message["To"].addresses

        assert to.addr_spec == letter.envelope.rcpt_to
        assert not {"Cc", "Bcc"} & {*received.message.keys()}


def test_a08_the_subject_is_the_title(one_of_each: Letters) -> None:
    """Nothing is added, and nothing is left unfilled or empty."""
    for letter in one_of_each:
        subject = decoded(letter.fields["Subject"])

        assert subject == one_line(TIPS[letter.slug]["title"])
        assert "qz7hole" not in subject


def test_a08_lint_stops_a_false_reply(one_of_each: Letters) -> None:
    """A title that looks like a reply or a forwarded mail is an error."""
    html, text = one_of_each[0].html, one_of_each[0].text

    for title in ("Re: your question", "Fwd: news", ""):
        (found, *_) = lint(title, html, text, Settings())
        assert found.level is Level.ERROR


def test_a09_lines_are_short_enough(every: Letters) -> None:
    """998 octets at most; over 78 only what has no place to be folded at."""
    for letter in every:
        for line in letter.raw.split(b"\r\n"):
            assert len(line) <= 998
            if len(line) > 78:
                name, _, value = line.rpartition(b": ")
                assert b" " not in value.strip()
                assert name.decode() in STRUCTURED | {""}


def test_a10_lines_end_as_they_must(post: Post) -> None:
    """CRLF alone, no NUL; what arrived is what was handed over, byte for byte."""
    for letter in post.letters:
        rest = letter.raw.replace(b"\r\n", b"")

        assert not {b"\r", b"\n", b"\0"} & {bytes([octet]) for octet in {*rest}}
    handed = {each.message for each in post.handed}
    assert handed == {each.raw for each in (*post.letters, *post.notices)}


def test_a11_leading_dots_survive_the_wire(tmp_path: Path, letters: Letters) -> None:
    """They are doubled in DATA; our own bodies never have one in the first place."""
    dotted = b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\n"
    envelope = Envelope("tips@tips.example", "ada@example.org")
    with MailServer(tmp_path / "received", tmp_path / "rendered") as server:
        transport = loopback(server)
        (outcome,) = send_all(transport, [Letter(envelope, dotted)])
        transport.close()
    (arrived,) = server.received.iterdir()

    assert isinstance(outcome, Accepted)
    assert arrived.read_bytes() == dotted
    assert not [each for each in letters if b"\r\n." in each.raw]


def test_a12_encoded_words_are_legal(every: Letters) -> None:
    """ASCII, 75 columns a word and 76 a line, whole characters, never in quotes."""
    for letter in every:
        assert letter.head.isascii()
        for line in letter.head.decode().split("\r\n"):
            words = re.findall(r"=\?[\w-]+\?[bq]\?[^? ]*\?=", line)
            assert len(words) == len(re.findall(r"=\?utf", line))
            for word in words:
                assert len(word) <= 75
                assert len(line) <= 76
                # Each can be read without the others.
                assert "\ufffd" not in decoded(word)
                assert not re.search(rf'"[^"]*{re.escape(word)}[^"]*"', line)
                assert not re.search(rf"<[^>]*{re.escape(word)}[^>]*>", line)


def test_a12_names_come_back_as_they_were(letters: Letters) -> None:
    """Whatever a reader is called, receivers see that name and one address."""
    names = {one_line(each["name"]) for each in PEOPLE}
    found = {decoded(parseaddr(each.fields["To"])[0]) for each in letters}

    assert found == names


def test_a13_structured_headers_are_never_encoded(every: Letters) -> None:
    """However long, URIs and ids stand as they are, and are not folded inside."""
    for letter in every:
        for name in STRUCTURED:
            assert "=?" not in letter.fields[name]
    parser = BytesHeaderParser(policy=policy.default)
    longest = max(every, key=lambda each: len(each.head))
    assert "=?" not in parser.parsebytes(longest.raw)["List-Unsubscribe"]


def test_a14_parameters_are_ascii(every: Letters) -> None:
    """There is no file name, and no parameter beyond charset and boundary."""
    for letter in every:
        for part in letter.message.walk():
            assert part.get_filename() is None
            names = {name for name, _ in part["Content-Type"].params.items()}
            assert names <= {"charset", "boundary"}


def test_a15_an_idn_domain_is_written_in_ascii(post: Post) -> None:
    """In To and in the envelope, as A-labels; no letter needs SMTPUTF8."""
    wire = "nameless@xn--bcher-kva.example"

    assert not [each for each in post.handed if each.envelope.smtputf8]
    assert wire in {each.envelope.rcpt_to for each in post.handed}
    assert wire in {each.fields["To"] for each in post.letters}


def test_a15_an_address_that_needs_smtputf8_fails_alone(
    engine: Engine, tmp_path: Path
) -> None:
    """Where the relay does not offer it; everybody else gets the letter."""
    found_newsletter(engine, "ada@example.org", "zoë@example.org", "bo@example.org")
    with running(smtputf8=False) as relay:
        transport = SmtpTransport(Relay("localhost", relay.port, Security.NONE))

        tick(make_desk(engine, make_config(tmp_path), SetClock(SENT_AT), transport))

        transport.close()
    assert [each.rcpt_to for each in relay.received] == [
        "ada@example.org", "bo@example.org",
    ]  # fmt: skip
    with Session(engine) as session:
        query = select(Delivery).join(Subscriber)
        failed = session.exec(
            query.where(Subscriber.address == "zoë@example.org")
        ).one()
        assert failed.status is DeliveryStatus.FAILED
        assert "SMTPUTF8" in failed.reason


def test_a16_nothing_is_injected_by_people(every: Letters) -> None:
    """A line break in a name or title neither adds a header nor ends the headers."""
    for letter in every:
        names = re.findall(rb"(?m)^([^\s:]+):", letter.head)

        assert [name.decode() for name in names] == OURS
        assert not re.search(r"[\u2028\u2029\u202a-\u202e]", str(letter.fields))
        for address in letter.message["To"].addresses:
            assert isinstance(address, Address)
            assert "evil" not in address.domain


@pytest.mark.parametrize("evil", ["x\r\nBcc: y", "x\ny", "x\0", "x\u2028y"])
@pytest.mark.parametrize(
    "key", ["identity.from_name", "newsletter.name", "newsletter.list_id"]
)
def test_a16_nothing_is_injected_by_settings(key: str, evil: str) -> None:
    """A control character in what becomes a header is refused."""
    section, _, name = key.partition(".")

    with pytest.raises(ValidationError, match=r"must (be one line|look like a host)"):
        Settings.model_validate({section: {name: evil}})


def test_a17_nothing_leaks(every: Letters) -> None:
    """No trace headers, no program's version, no name of this machine."""
    for letter in every:
        assert not re.search(
            rb"(?mi)^(Return-Path|Received|X-|User-Agent)", letter.head
        )
        here = re.escape(f"@{socket.gethostname()}").encode()
        assert not re.search(here + rb"\b|localhost", letter.head)


def test_a18_reserved_names_are_never_mailed(engine: Engine, tmp_path: Path) -> None:
    """Without the setting for trials, example.org and the like fail, unsent."""
    reserved = ("a@example.org", "b@x.test", "c@y.invalid", "d@z.localhost")
    found_newsletter(engine, *reserved)
    config = make_config(tmp_path, {"delivery": {"allow_reserved": False}})
    transport = MemoryTransport()

    tick(make_desk(engine, config, SetClock(SENT_AT), transport))

    assert transport.sent == []
    with Session(engine) as session:
        deliveries = session.exec(select(Delivery)).all()
    assert [each.status for each in deliveries] == [DeliveryStatus.FAILED] * 4
    assert {each.code for each in deliveries} == {553}
