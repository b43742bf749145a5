"""What real letters say of their list, held against section B of the standards.

Not here: B5-B8 (the POST and the page behind the link) are in `test_leaving` of the
site, B17 (mail to the unsubscribe address) in `test_leaving_by_mail`. B3 is the
relay's, which signs; B16 is agreed with the providers.
"""

import re
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from newsletter import db, ledger
from newsletter.outcome import Accepted, Outcome
from newsletter.sender import tick
from newsletter.tables import Delivery, DeliveryStatus, Installation
from newsletter.transport import Letter, MemoryTransport
from subscribers import roster
from subscribers.errors import BadToken
from subscribers.tables import Subscriber
from subscribers.tokens import Purpose, TokenSigner
from tests.desks import SetClock, make_config, make_desk
from tests.factories import make_subscriber, make_tip
from tests.post import SENT_AT, Post, Received

Letters = tuple[Received, ...]
LIST_HEADERS = (
    "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
    "List-Archive", "List-Owner", "List-Post", "Precedence", "Feedback-ID",
)  # fmt: skip


@pytest.fixture(params=["post", "far_away"])
def every(request: pytest.FixtureRequest) -> Letters:
    """The letters of the ordinary newsletter, then those of the far-away one."""
    found: Post = request.getfixturevalue(request.param)
    return found.letters


def ways_out(letter: Received) -> tuple[str, str]:
    """Return the two URIs of List-Unsubscribe."""
    value = letter.fields["List-Unsubscribe"]
    assert re.fullmatch(r"<[^<>\s,]+>, <[^<>\s,]+>", value)
    web, mail = value.strip("<>").split(">, <")
    return web, mail


def token_of(letter: Received) -> str:
    """Return the token in the https way out."""
    return ways_out(letter)[0].rpartition("/")[2]


def test_b01_there_are_two_ways_out(every: Letters) -> None:
    """One https URI, then one mailto; never http."""
    for letter in every:
        web, mail = ways_out(letter)

        assert urlsplit(web).scheme == "https"
        assert urlsplit(mail).scheme == "mailto"
        assert letter.raw.count(b"\r\nList-Unsubscribe:") == 1
        assert b"http://" not in letter.head


def test_b01_where_nobody_reads_mail_there_is_one_way_out(samples: Letters) -> None:
    """The https URI alone, as nothing may be offered that is not processed (B17)."""
    for letter in samples:
        web = letter.fields["List-Unsubscribe"]

        assert re.fullmatch(r"<https://[^<>\s,]+>", web)
        assert letter.fields["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_b02_one_click_is_said_exactly(every: Letters) -> None:
    """On one line, to the letter."""
    for letter in every:
        line = b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        assert letter.raw.count(line) == 1


def test_b04_the_token_names_one_reader_and_tells_nobody(post: Post) -> None:
    """It verifies for unsubscribing alone, differs in each copy, and is opaque."""
    signer = TokenSigner(post.config.secrets)
    found = [token_of(letter) for letter in post.letters]

    assert len({*found}) == len(found)
    subjects = {signer.verify(Purpose.UNSUBSCRIBE, token).subject for token in found}
    assert len(subjects) == len({letter.fields["To"] for letter in post.letters})
    for letter, token in zip(post.letters, found, strict=True):
        _, address = parseaddr(letter.fields["To"])
        web, mail = ways_out(letter)
        assert mail.endswith(f"?subject=unsubscribe%20{token}")
        assert address not in unquote(web + mail)
        with pytest.raises(BadToken):
            signer.verify(Purpose.PREFERENCES, token)
        with pytest.raises(BadToken):
            signer.verify(Purpose.UNSUBSCRIBE, f"{token[:-2]}AA")


def test_b09_leaving_counts_at_once(engine: Engine, tmp_path: Path) -> None:
    """Somebody who leaves while an issue goes out gets no copy of it any more."""
    with db.transaction(engine) as session:
        session.add(Installation(uid="0f3c2a17", created_at=SENT_AT))
        make_tip(session)
        for name in ("ada", "bo", "cy"):
            make_subscriber(session, f"{name}@example.org")

    def leave(_letter: Letter) -> Outcome:
        with db.transaction(engine) as session:
            roster.remove(session, "cy@example.org", now=SENT_AT)
        return Accepted()

    transport = MemoryTransport(leave)
    tick(make_desk(engine, make_config(tmp_path), SetClock(SENT_AT), transport))

    reached = {each.envelope.rcpt_to for each in transport.sent}
    assert reached == {"ada@example.org", "bo@example.org"}
    with Session(engine) as session:
        statuses = session.exec(
            select(Delivery.status)
            .join(Subscriber)
            .where(Subscriber.address == "cy@example.org")
        ).all()
        assert statuses == [DeliveryStatus.SKIPPED]
        assert ledger.tally(session, 1).skipped == 1


def test_b10_the_way_out_outlives_its_secret(letters: Letters, post: Post) -> None:
    """A token has no date in it, and former secrets go on verifying."""
    renewed = TokenSigner(
        [b"the next secret, as long as it must be", *post.config.secrets]
    )

    for letter in letters:
        assert renewed.verify(Purpose.UNSUBSCRIBE, token_of(letter)).subject


def test_b11_the_way_out_is_in_plain_sight(every: Letters) -> None:
    """In both parts, in words, as large as what stands around it; the same link."""
    for letter in every:
        web, _ = ways_out(letter)
        (link,) = (each for each in letter.page.iter("a") if each.get("href") == web)

        assert link.text_content() == "Unsubscribe"
        assert f"Unsubscribe:\n{web}\n" in letter.text
        assert "display:none" not in link.get("style", "")
        size = next(
            int(found[1])
            for each in (link, *link.iterancestors())
            if (found := re.search(r"font-size:(\d+)px", each.get("style", "")))
        )
        assert size >= 14


def test_b12_the_list_has_one_lasting_name(every: Letters) -> None:
    """An optional phrase and <label.domain>, the same in each letter, no comment."""
    values = {letter.fields["List-Id"] for letter in every}
    (value,) = values

    assert re.fullmatch(r'([\w "]+ )?<[\w-]+(\.[\w-]+)+>', value, re.ASCII)
    assert len(value) <= 255


def test_b13_the_other_ways_are_addresses(every: Letters) -> None:
    """Help, owner and archive as one URI each; nobody posts to the list."""
    for letter in every:
        for name in ("List-Help", "List-Owner", "List-Archive"):
            assert re.fullmatch(r"<(https://|mailto:)[!-;=?-~]+>", letter.fields[name])
        assert letter.fields["List-Post"] == "NO"
        # Only people without a letter need to sign up.
        assert "List-Subscribe" not in letter.fields


def test_b14_vacation_programs_keep_quiet(post: Post) -> None:
    """An issue is bulk; a notice is made by a machine and of no list."""
    for letter in post.letters:
        assert letter.fields["Precedence"] == "bulk"
        assert "Auto-Submitted" not in letter.fields
    (notice,) = post.notices
    assert notice.fields["Auto-Submitted"] == "auto-generated"
    assert not {*LIST_HEADERS} & {*notice.fields}


def test_b15_complaints_are_counted_by_issue(every: Letters) -> None:
    """At most four fields, the sender last, and nothing that names one reader."""
    by_issue: dict[str, set[str]] = {}
    for letter in every:
        value = letter.fields["Feedback-ID"]
        fields = value.split(":")
        by_issue.setdefault(letter.slug, set()).add(value)

        assert len(fields) <= 4
        assert re.fullmatch(r"[a-z0-9]{5,15}", fields[-1])
    assert {len(values) for values in by_issue.values()} == {1}
    senders = {letter.fields["Feedback-ID"].rpartition(":")[2] for letter in every}
    assert len(senders) == 1
