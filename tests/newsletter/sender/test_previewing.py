"""A preview is the very message, and touches nobody."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from sqlalchemy import Engine

from newsletter import db
from newsletter.errors import UnmailableAddress
from newsletter.sender import As, Desk, Preview, deliver, preview
from newsletter.tips import library
from newsletter.transport import MemoryTransport
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import SECRET
from tests.factories import make_subscriber, make_tip
from tests.newsletter.sender.week import MOMENT, SLOT, found, open_week, row_counts

MakeDesk = Callable[..., Desk]
SIGNED_UP = datetime(2026, 3, 3, 12, tzinfo=UTC)
SIGNER = TokenSigner([SECRET.encode()])
TOKEN = re.compile(rb"/([upv])/([A-Za-z0-9_-]{39})")
PURPOSES = {
    b"u": Purpose.UNSUBSCRIBE,
    b"p": Purpose.PREFERENCES,
    b"v": Purpose.VIEW,
}


@pytest.fixture
def tip(engine: Engine) -> None:
    """A tip with enough in it to go wrong, and one reader."""
    found(engine)
    with db.transaction(engine) as session:
        make_tip(
            session,
            "wait",
            title="Wait: for the “second” sentence & more",
            body="First – words.\n\n- one\n- [two](https://www.example.com/?a=1&b=2)\n",
            author="Ада",
        )
        make_subscriber(
            session, "zoe@example.org", name="Zoë O'Neill", signed_up_at=SIGNED_UP
        )


def previewed(engine: Engine, desk: Desk, reader: As, **more: bool) -> Preview:
    """Return the preview of the tip for the week."""
    with db.transaction(engine) as session:
        found_tip = library.find(session, "wait")
    return preview(desk.config, found_tip, SLOT, reader, now=MOMENT, **more)


def anonymous(message: bytes) -> bytes:
    """Return *message* without what may differ from one copy to the next."""
    message = message.replace(b"=\r\n", b"")
    for _, token in TOKEN.findall(message):
        message = message.replace(token, b"TOKEN")
    return re.sub(rb"\r\nMessage-ID: [^\r]*", b"\r\nMessage-ID: X", message)


@pytest.mark.usefixtures("tip")
def test_what_is_previewed_is_what_they_get(
    engine: Engine, desk_with: MakeDesk
) -> None:
    """Byte for byte, but for the tokens and the Message-ID."""
    transport = MemoryTransport()
    desk = desk_with(transport)

    shown = previewed(engine, desk, As("zoe@example.org", "Zoë O'Neill", SIGNED_UP))
    deliver(desk, open_week(desk))

    (sent,) = transport.sent
    assert shown.letter.envelope == sent.envelope
    assert anonymous(shown.letter.message) == anonymous(sent.message)
    assert shown.letter.message != sent.message


@pytest.mark.usefixtures("tip")
def test_another_readers_preview_differs_in_nothing_but_that_reader(
    engine: Engine, desk: Desk
) -> None:
    """Name, address and day of signing up; everything else is the same for all."""
    zoe = previewed(engine, desk, As("zoe@example.org", "Zoë", SIGNED_UP))
    bob = previewed(engine, desk, As("bob@example.net", "Bob"))

    assert "Dear Zoë," in zoe.text
    assert "Dear Zoë," in zoe.html
    as_bob = zoe.html.replace("Zoë", "Bob").replace(" on 3 March 2026", "")
    assert as_bob == bob.html


@pytest.mark.usefixtures("tip")
def test_the_parts_are_those_of_the_message(engine: Engine, desk: Desk) -> None:
    """The files that `preview` writes say what the message says."""
    shown = previewed(engine, desk, As("zoe@example.org", "Zoë & Co <x>"))

    message = message_from_bytes(shown.letter.message, policy=policy.default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert html.get_content().splitlines() == shown.html.splitlines()
    assert text.get_content().splitlines() == shown.text.splitlines()
    assert message["Subject"] == shown.subject
    assert "Dear Zoë &amp; Co &lt;x&gt;," in shown.html


@pytest.mark.usefixtures("tip")
def test_a_preview_writes_nothing(engine: Engine, desk: Desk) -> None:
    """Not a row more in any table."""
    before = row_counts(engine)

    previewed(engine, desk, As("zoe@example.org"))

    assert row_counts(engine) == before


@pytest.mark.usefixtures("tip")
def test_its_links_are_signed_for_nobody(engine: Engine, desk: Desk) -> None:
    """They verify, so that the pages can be tried, and lead to no reader."""
    shown = previewed(engine, desk, As("zoe@example.org", "Zoë"))

    tokens = set(TOKEN.findall(shown.html.encode() + shown.text.encode()))
    assert {kind for kind, _ in tokens} == set(PURPOSES)
    for kind, token in tokens:
        subject = SIGNER.verify(PURPOSES[kind], token.decode())
        assert (subject.subject, subject.about) == (0, 0)


@pytest.mark.usefixtures("tip")
def test_a_mailed_copy_is_marked(engine: Engine, desk: Desk) -> None:
    """The subject begins with [Preview]; each copy has a Message-ID of its own."""
    copies = [
        previewed(engine, desk, As("boss@example.net"), marked=True) for _ in range(2)
    ]

    messages = [
        message_from_bytes(copy.letter.message, policy=policy.default)
        for copy in copies
    ]
    assert messages[0]["Subject"] == (
        "[Preview] Wait: for the “second” sentence & more"
    )
    assert messages[0]["Message-ID"] != messages[1]["Message-ID"]


@pytest.mark.usefixtures("tip")
def test_lint_looks_at_it(engine: Engine, desk_with: MakeDesk) -> None:
    """A good tip has no finding; a missing postal address is one."""
    good = previewed(engine, desk_with(), As("zoe@example.org"))
    bad = previewed(
        engine, desk_with(identity={"postal_address": ""}), As("zoe@example.org")
    )

    assert good.findings == ()
    assert ["postal address" in finding.message for finding in bad.findings] == [True]


@pytest.mark.usefixtures("tip")
def test_an_address_that_cannot_be_written_is_refused(
    engine: Engine, desk: Desk
) -> None:
    """The operator hears it before anything is shown."""
    with pytest.raises(UnmailableAddress):
        previewed(engine, desk, As("a,b@example.org"))
