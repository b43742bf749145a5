"""The exports of other programs come in as they are, and nobody's wish is lost.

The files have the headers and the spellings of real exports; the people are invented.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from subscribers import roster
from subscribers.errors import ConsentUnknown
from subscribers.hashing import AddressHasher
from subscribers.importing import ImportOptions, import_csv
from subscribers.roster import Person
from subscribers.tables import SubscriberStatus

CORPUS = Path(__file__).parents[1] / "corpus" / "people"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])


def people(session: Session, name: str, source: str = "the old list") -> list[Person]:
    """Import a sample in which nothing may be doubtful; return who came in."""
    cp1252 = name == "by-hand.csv"
    report = import_csv(
        session,
        CORPUS / name,
        source_label=source,
        hasher=HASHER,
        now=NOW,
        options=ImportOptions(
            encoding="cp1252" if cp1252 else "utf-8",
            strict=True,
        ),
    )
    found = roster.page(session)
    assert report.examples == ()
    assert report.added + report.added_silent == report.read == len(found)
    return found


def standing(found: list[Person]) -> dict[str, str]:
    """Return where each person stands, by the first part of their address."""
    return {person.address.partition("@")[0]: person.status.value for person in found}


def test_mailchimp(session: Session) -> None:
    """Three files: who is subscribed, who left, and whose address is dead."""
    ana, bo = people(session, "mailchimp-subscribed.csv")

    assert (ana.name, ana.timezone) == ("Ana Silva, MD", "Europe/Lisbon")
    assert ana.signed_up_at == datetime(2021, 3, 16, 14, 40, 47, tzinfo=UTC)
    assert (bo.name, bo.status) == ("", SubscriberStatus.ACTIVE)


def test_mailchimp_who_left(session: Session) -> None:
    """They stay out here as well, since the day on which they left."""
    (lea,) = people(session, "mailchimp-unsubscribed.csv")

    assert lea.status is SubscriberStatus.UNSUBSCRIBED
    assert lea.status_at == datetime(2022, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_mailchimp_whose_address_is_dead(session: Session) -> None:
    """What Mailchimp calls cleaned."""
    (dee,) = people(session, "mailchimp-cleaned.csv")

    assert dee.status is SubscriberStatus.BOUNCED
    assert dee.status_at == datetime(2021, 10, 11, 12, 13, 14, tzinfo=UTC)


def test_listmonk(session: Session) -> None:
    """Its dates are Go's own, with an offset and the zone's name behind it."""
    anon, berta, never = people(session, "listmonk.csv")

    assert (anon.name, anon.status) == ("Anon Doe", SubscriberStatus.ACTIVE)
    assert anon.signed_up_at == datetime(2022, 9, 10, 11, 12, 13, 141516, tzinfo=UTC)
    assert berta.signed_up_at == datetime(2022, 9, 11, 11, 12, 13, tzinfo=UTC)
    assert never.status is SubscriberStatus.UNSUBSCRIBED


def test_ghost(session: Session) -> None:
    """Who gets no newsletter, and who deleted their account, is not mailed."""
    found = people(session, "ghost.csv")

    assert standing(found) == {
        "mr.egg": "active",
        "winston": "unsubscribed",
        "gone": "unsubscribed",
    }
    assert found[0].name == "Mr Egg"
    assert found[2].status_at == datetime(2023, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_buttondown(session: Session) -> None:
    """Its kinds of subscribers; it says itself where each came from."""
    found = people(session, "buttondown.csv", source="")

    assert standing(found) == {
        "reg": "active",
        "paid": "active",
        "asked": "pending",
        "out": "unsubscribed",
        "odd": "complained",
    }
    assert [person.source for person in found[:2]] == ["embedded_form", "api"]


def test_substack(session: Session) -> None:
    """Whether they pay is nothing to us; whether they want mail is."""
    found = people(session, "substack.csv")

    assert standing(found) == {
        "free": "active",
        "paid": "active",
        "silent": "unsubscribed",
    }
    assert found[0].signed_up_at == datetime(2024, 1, 15, 10, tzinfo=UTC)


def test_a_spreadsheet_by_hand(session: Session) -> None:
    """Semicolons, another encoding, empty lines at the end, a source of their own."""
    anna, jose = people(session, "by-hand.csv", source="")

    assert (anna.name, anna.language) == ("Müller; Anna", "de")
    assert (anna.timezone, anna.source) == ("Europe/Berlin", "Messe 2025")
    assert jose.name == "José"


def test_addresses_alone(session: Session) -> None:
    """With the mark that Windows puts before a text."""
    found = people(session, "addresses.csv")

    assert [person.address for person in found] == [
        "one@example.org",
        "two@example.org",
    ]


@pytest.mark.parametrize(
    "name", ["mailchimp-subscribed", "listmonk", "ghost", "substack", "addresses"]
)
def test_most_exports_do_not_say_how_anybody_agreed(
    session: Session, name: str
) -> None:
    """So the operator must; nothing is taken before."""
    with pytest.raises(ConsentUnknown, match="--source"):
        import_csv(
            session, CORPUS / f"{name}.csv", source_label="", hasher=HASHER, now=NOW
        )

    assert roster.page(session) == []


@pytest.mark.parametrize("sample", sorted(CORPUS.glob("*.csv")), ids=lambda p: p.stem)
def test_what_was_refused_of_a_sample_can_be_mended(
    session: Session, sample: Path
) -> None:
    """Whatever program it is from: spoilt, refused with its reason, mended, taken."""
    spoilt = sample.read_bytes().replace(b"@example", b"(at)example")
    rejects = io.StringIO()
    told = {
        "source_label": "the old list",
        "hasher": HASHER,
        "now": NOW,
        "options": ImportOptions(encoding="cp1252" if b"sep=" in spoilt else "utf-8"),
    }
    if sample.stem == "addresses":
        spoilt = spoilt.replace(b"\xef\xbb\xbf", b"")

    first = import_csv(session, io.BytesIO(spoilt), rejects=rejects, **told)  # type: ignore[arg-type]
    mended = rejects.getvalue().replace("(at)example", "@example")
    told["options"] = ImportOptions(strict=True)
    again = import_csv(session, io.BytesIO(mended.encode()), **told)  # type: ignore[arg-type]

    assert first.read == first.refused
    assert again.added + again.added_silent == first.refused
