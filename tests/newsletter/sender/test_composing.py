"""One reader's letter: its address, its name, its links, the same on every try."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from newsletter.errors import BadTemplate, MissingSetting, UnmailableAddress
from newsletter.issues import IssueView
from newsletter.ledger import Claim
from newsletter.outcome import Command, Rejected
from newsletter.sender import Composer
from newsletter.sender.composing import envelope_sender, render_article
from newsletter.slots import Slot
from newsletter.tables import IssueStatus, TipStatus
from newsletter.tips.labels import Label
from newsletter.tips.views import TipView
from newsletter.transport import Letter
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import SECRET, make_config
from tests.newsletter.sender.week import MOMENT, SLOT, UID

CLAIM = Claim(
    delivery_id=48,
    issue_id=7,
    subscriber_id=31,
    address="zoe@example.org",
    name="Zoë",
    signed_up_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC),
    attempts=1,
    dated_at=MOMENT,
    lease_until=MOMENT,
)
TIP = TipView(
    id=3,
    slug="say-what-happens-next",
    title="Say what happens next",
    body="Words first.\n\n*Close the gap.*",
    summary="",
    author="Ada Reyes",
    tags=(Label("Waiting", "waiting"),),
    categories=(),
    position=1,
    pin=None,
    status=TipStatus.READY,
    written_on=None,
    archived_on=None,
    origin=None,
    updated_at=MOMENT,
    sent_in=(),
)
Compose = Callable[..., Letter | Rejected]


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """Compose the letter of a claim, as sections of settings say."""

    def composing(
        claim: Claim = CLAIM, **sections: dict[str, object]
    ) -> Letter | Rejected:
        config = make_config(tmp_path, sections)
        rendered = render_article(config, TIP, day=date(2026, 11, 24))
        issue = IssueView(
            id=7,
            slot=SLOT,
            tip_id=3,
            tip_slug=TIP.slug,
            tip_title=TIP.title,
            round=1,
            reason="next in queue",
            status=IssueStatus.SENDING,
            due_at=MOMENT,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            mail_domain="tips.example",
            enrolled=1,
            created_at=MOMENT,
            finished_at=None,
            paused_because="",
        )
        return Composer.of(config, issue, uid=UID).compose(claim)

    return composing


def test_envelope_and_headers_name_the_same_reader(compose: Compose) -> None:
    """RCPT TO is the address in To; MAIL FROM is where bounces go."""
    letter = compose(identity={"bounce_address": "bounces@tips.example"})

    assert isinstance(letter, Letter)
    assert letter.envelope.rcpt_to == "zoe@example.org"
    assert letter.envelope.mail_from == "bounces@tips.example"
    message = message_from_bytes(letter.message, policy=policy.default)
    assert str(message["To"]) == "Zoë <zoe@example.org>"
    assert message["Subject"] == "Say what happens next"


def test_the_message_id_belongs_to_one_delivery_of_one_installation(
    compose: Compose,
) -> None:
    """Slot, delivery and installation: unique, and made of nothing that changes."""
    letter, again = compose(), compose(CLAIM._replace(attempts=4))
    other = compose(CLAIM._replace(delivery_id=49))

    assert isinstance(letter, Letter)
    assert isinstance(other, Letter)
    assert b"\r\nMessage-ID: <2026-W48.48.0f3c2a17@tips.example>\r\n" in letter.message
    assert b"\r\nMessage-ID: <2026-W48.49.0f3c2a17@tips.example>\r\n" in other.message
    assert letter == again


def test_the_links_are_signed_for_this_reader(compose: Compose) -> None:
    """The one-click link verifies to the subscriber and the issue, and nobody else."""
    letter = compose()

    assert isinstance(letter, Letter)
    message = message_from_bytes(letter.message, policy=policy.default)
    link = str(message["List-Unsubscribe"]).split(">")[0].lstrip("<")
    token = link.removeprefix("https://tips.example/u/")
    subject = TokenSigner([SECRET.encode()]).verify(Purpose.UNSUBSCRIBE, token)
    assert (subject.subject, subject.about) == (31, 7)


def test_the_reader_sees_the_day_they_signed_up_in_the_newsletters_zone(
    compose: Compose,
) -> None:
    """Half past eleven in UTC is the next day in Berlin."""
    letter = compose(schedule={"timezone": "Europe/Berlin"})
    unknown = compose(CLAIM._replace(signed_up_at=None))

    assert isinstance(letter, Letter)
    assert isinstance(unknown, Letter)
    assert "signed up on 3 March 2026." in _text(letter)
    assert "signed up." in _text(unknown)


def _text(letter: Letter) -> str:
    message = message_from_bytes(letter.message, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_an_address_that_cannot_exist_is_refused_unless_allowed(
    compose: Compose,
) -> None:
    """Through a relay never; into files, for trials, always."""
    refused = compose(delivery={"allow_reserved": False})
    written = compose(delivery={"allow_reserved": False, "transport": "file"})

    assert isinstance(refused, Rejected)
    assert (refused.code, refused.command, refused.ours) == (553, Command.RCPT, False)
    assert isinstance(written, Letter)


def test_an_address_that_cannot_be_written_fails_for_its_reader(
    compose: Compose,
) -> None:
    """It comes back as a value, so that the others of the volley go on."""
    refused = compose(CLAIM._replace(address="a,b@example.org"))

    assert isinstance(refused, Rejected)
    assert refused.reason.startswith("5.1.3 ")
    assert not refused.ours


def test_an_address_beyond_ascii_asks_for_smtputf8(compose: Compose) -> None:
    """Only for its local part; the domain is in ASCII wherever it stands."""
    beyond = compose(CLAIM._replace(address="用户@bücher.example"))
    domain = compose(CLAIM._replace(address="ada@bücher.example"))

    assert isinstance(beyond, Letter)
    assert isinstance(domain, Letter)
    assert beyond.envelope.rcpt_to == "用户@xn--bcher-kva.example"
    assert beyond.envelope.smtputf8
    assert "<用户@xn--bcher-kva.example>\r\n".encode() in beyond.message
    assert domain.envelope.rcpt_to == "ada@xn--bcher-kva.example"
    assert not domain.envelope.smtputf8
    assert domain.message.isascii()


def test_without_a_secret_nothing_is_composed(compose: Compose) -> None:
    """An unsubscribe link that nobody can verify must never go out."""
    with pytest.raises(MissingSetting, match=r"newsletter\.secret"):
        compose(newsletter={"secret": ""})


def test_the_envelope_sender_is_ascii(tmp_path: Path) -> None:
    """Bounces go to the configured address, else to From; IDNs as A-labels."""
    plain = make_config(tmp_path).settings
    idn = make_config(
        tmp_path, {"identity": {"bounce_address": "b@bücher.example"}}
    ).settings
    odd = make_config(
        tmp_path, {"identity": {"bounce_address": "bücher@tips.example"}}
    ).settings

    assert envelope_sender(plain) == "tips@tips.example"
    assert envelope_sender(idn) == "b@xn--bcher-kva.example"
    with pytest.raises(UnmailableAddress, match="must be ASCII"):
        envelope_sender(odd)


def test_a_tip_is_rendered_with_everything_it_has(tmp_path: Path) -> None:
    """Author, tags and the day of the slot are in the email."""
    day = make_config(tmp_path).settings.schedule.timetable.day(Slot(2026, 48))

    rendered = render_article(make_config(tmp_path), TIP, day=day)

    for part in (rendered.html, rendered.text):
        assert "Ada Reyes" in part
        assert "24 November 2026" in part
    assert "https://tips.example/tags/waiting/" in rendered.html


def test_the_operators_templates_go_before_ours(tmp_path: Path) -> None:
    """A folder named in the settings, relative to them."""
    config = make_config(tmp_path, {"email": {"templates": "own"}})
    own = tmp_path / "own" / "email" / "tip"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Tip: {{ title }}")

    rendered = render_article(config, TIP, day=date(2026, 11, 24))

    assert rendered.subject == "Tip: Say what happens next"


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    """The operator reads which file is wrong, and what is wrong with it."""
    config = make_config(tmp_path, {"email": {"templates": "own"}})
    own = tmp_path / "own" / "email" / "tip"
    own.mkdir(parents=True)
    (own / "body.txt").write_text("{{ nonsense }}")

    with pytest.raises(BadTemplate, match=r"email/tip/body\.txt: 'nonsense'"):
        render_article(config, TIP, day=date(2026, 11, 24))
