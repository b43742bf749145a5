"""The database takes who is new, with the proof; who may not come in stays out."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from subscribers import erasure, roster, suppression
from subscribers.hashing import AddressHasher
from subscribers.import_report import ImportReport, RemarkKind
from subscribers.importing import BATCH, ImportOptions, import_csv
from subscribers.tables import (
    Consent,
    ConsentStep,
    SubscriberStatus,
    SuppressionReason,
)
from tests.factories import make_subscriber

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])


def take(session: Session, *lines: str, strict: bool = False) -> ImportReport:
    """Import a file of these lines, called people.csv."""
    file = io.BytesIO("\n".join(lines).encode())
    file.name = "lists/people.csv"
    return import_csv(
        session,
        file,
        source_label="the shop",
        hasher=HASHER,
        now=NOW,
        options=ImportOptions(strict=strict),
    )


def test_everybody_who_comes_in_has_a_proof(session: Session) -> None:
    """When, from which file, and how they agreed: their own words or the label."""
    make_subscriber(session, "zoe@example.org")

    take(
        session,
        "email,source,status",
        "ann@example.org,the fair,active",
        "bob@example.org,,unsubscribed",
        "zoe@example.org,again,active",
    )

    proofs = session.exec(select(Consent).order_by(Consent.id)).all()  # type: ignore[arg-type]
    ids = [roster.find(session, f"{name}@example.org").id for name in ("ann", "bob")]
    assert [proof.subscriber_id for proof in proofs] == ids
    assert {proof.step for proof in proofs} == {ConsentStep.IMPORTED}
    assert {proof.at for proof in proofs} == {NOW}
    assert {proof.page for proof in proofs} == {"people.csv"}
    assert [proof.wording for proof in proofs] == ["the fair", "the shop"]


def test_every_batch_has_its_proofs(session: Session) -> None:
    """As many as people, in the last batch too."""
    take(session, "email", *(f"r{n}@example.org" for n in range(BATCH + 5)))

    assert len(session.exec(select(Consent.id)).all()) == BATCH + 5


@pytest.mark.parametrize("reason", SuppressionReason)
def test_the_suppressed_stay_out(session: Session, reason: SuppressionReason) -> None:
    """Reported with the reason; it is no mistake of the file, and nothing is kept."""
    address_hash = HASHER.hash("ann@example.org")
    since = NOW - timedelta(days=30)
    suppression.suppress(session, address_hash, reason, now=since)

    report = take(session, "email", "ANN@example.org", "bob@example.org", strict=True)

    assert (report.read, report.added, report.suppressed) == (2, 1, 1)
    assert [person.address for person in roster.page(session)] == ["bob@example.org"]
    (remark,) = report.examples
    assert remark.kind is RemarkKind.SUPPRESSED
    assert remark.reason == (
        f"never to be mailed ({reason}) since 2026-10-23; a file brings nobody back"
    )


def test_no_file_brings_the_erased_back(session: Session) -> None:
    """Not even as somebody who is not mailed: they wanted nothing to be kept."""
    ann = make_subscriber(session, "ann@example.org", name="Ann")
    erasure.erase(session, ann.id or 0, hasher=HASHER, now=NOW)

    report = take(session, "email,status", "ann@example.org,unsubscribed")

    assert (report.suppressed, report.added_silent) == (1, 0)
    assert roster.page(session) == []


def test_a_difference_is_told_and_nothing_is_changed(session: Session) -> None:
    """Which detail, with both values; what the file does not say is no difference."""
    same = {"name": "Ann", "timezone": "Europe/Berlin"}
    make_subscriber(session, "ann@example.org", **same)
    make_subscriber(session, "bob@example.org", name="Bob", language="de")
    make_subscriber(session, "eve@example.org", signed_up_at=NOW - timedelta(days=1))
    before = roster.page(session)

    report = take(
        session,
        "email,name,timezone,language,signed_up_at",
        "ann@example.org,Ann,,,",
        "bob@example.org,Robert,UTC,de,",
        "eve@example.org,,,,2026-03-04",
    )

    assert roster.page(session) == before
    assert (report.already, report.different) == (1, 2)
    assert report.differing == {"name": 1, "timezone": 1, "signed_up_at": 1}
    bob = "name 'Bob' here, 'Robert' in the file, timezone unknown here, 'UTC' in the"
    assert [remark.reason for remark in report.examples] == [
        f"{bob} file",
        "signed_up_at 2026-11-21 08:00 here, 2026-03-04 00:00 in the file",
    ]


def test_what_a_file_says_of_dates_and_statuses_is_kept(session: Session) -> None:
    """To the second, and on both engines alike."""
    take(
        session,
        "email,status,status_at,signed_up_at",
        "ann@example.org,complained,2026-03-04 05:06:07+02:00,2026-01-02",
    )

    ann = roster.find(session, "ann@example.org")
    assert ann.status is SubscriberStatus.COMPLAINED
    assert ann.status_at == datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC)
    assert ann.signed_up_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert (ann.bounces, ann.created_at) == (0, NOW)
