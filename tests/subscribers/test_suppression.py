"""An address that is never to be mailed stays so, whatever happens around it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from subscribers import suppression
from subscribers.errors import BadAddress, Suppressed
from subscribers.hashing import AddressHasher
from subscribers.tables import SubscriberStatus, SuppressionReason
from tests.factories import make_subscriber

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])
ANN = HASHER.hash("ann@example.org")


def test_an_address_is_suppressed_until_that_is_lifted(session: Session) -> None:
    """With its reason and its date; a second lift finds nothing."""
    assert suppression.is_suppressed(session, ANN) is None

    suppression.suppress(session, ANN, SuppressionReason.OPERATOR, now=NOW)
    line = suppression.find(session, ANN)

    assert line == suppression.SuppressionLine(SuppressionReason.OPERATOR, NOW)
    assert suppression.is_suppressed(session, ANN) is SuppressionReason.OPERATOR
    assert suppression.lift(session, ANN)
    assert suppression.is_suppressed(session, ANN) is None
    assert not suppression.lift(session, ANN)


def test_the_first_reason_stays_but_for_a_complaint(session: Session) -> None:
    """And so does its date: since when somebody may not be mailed is a fact."""
    later = NOW + timedelta(days=1)
    suppression.suppress(session, ANN, SuppressionReason.BOUNCED, now=NOW)

    suppression.suppress(session, ANN, SuppressionReason.ERASED, now=later)
    second = suppression.find(session, ANN)
    suppression.suppress(session, ANN, SuppressionReason.COMPLAINED, now=later)
    third = suppression.find(session, ANN)

    assert second == suppression.SuppressionLine(SuppressionReason.BOUNCED, NOW)
    assert third == suppression.SuppressionLine(SuppressionReason.COMPLAINED, NOW)


def test_a_new_secret_loses_no_suppression(session: Session) -> None:
    """The key comes from the oldest secret, so what was kept under it still matches."""
    suppression.suppress(session, ANN, SuppressionReason.ERASED, now=NOW)

    rotated = AddressHasher([b"the newest", b"a newer one", b"a secret of the tests"])

    found = suppression.is_suppressed(session, rotated.hash("ann@example.org"))
    assert found is SuppressionReason.ERASED


def test_an_address_is_checked_in_whatever_case(session: Session) -> None:
    """The error names the address, the reason, and what the operator may do."""
    suppression.check(session, "Ann@Example.org", hasher=HASHER)
    suppression.suppress(session, ANN, SuppressionReason.COMPLAINED, now=NOW)

    with pytest.raises(Suppressed, match="suppressed since 2026-11-22") as refused:
        suppression.check(session, "Ann@Example.org", hasher=HASHER)
    with pytest.raises(BadAddress):
        suppression.check(session, "ann", hasher=HASHER)

    assert (refused.value.address, refused.value.reason) == (
        "Ann@example.org",
        "complained",
    )
    assert "subscribers unsuppress Ann@example.org" in str(refused.value)


def test_they_are_counted_by_reason(session: Session) -> None:
    """Reasons without anybody are there, too."""
    for number in range(3):
        address_hash = HASHER.hash(f"r{number}@example.org")
        suppression.suppress(session, address_hash, SuppressionReason.LEFT, now=NOW)

    counts = suppression.count_by_reason(session)

    assert counts[SuppressionReason.LEFT] == 3
    assert sum(counts.values()) == 3
    assert set(counts) == set(SuppressionReason)


def test_who_is_mailed_all_the_same_is_found(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On whichever page of the list; who left may be suppressed as well."""
    monkeypatch.setattr(suppression, "BATCH", 2)
    for number in range(5):
        make_subscriber(session, f"r{number}@example.org")
    gone = SubscriberStatus.UNSUBSCRIBED
    make_subscriber(session, "gone@example.org", status=gone)
    none = suppression.mailed_all_the_same(session, HASHER)
    for address in ("r0@example.org", "r4@example.org", "gone@example.org"):
        reason = SuppressionReason.LEFT
        suppression.suppress(session, HASHER.hash(address), reason, now=NOW)

    assert none == 0
    assert suppression.mailed_all_the_same(session, HASHER) == 2
