"""Whoever asks gets all that is kept about them, and nothing about anybody else."""

import json
from datetime import UTC, datetime

from sqlmodel import Session

from subscribers import personal_data, suppression
from subscribers.hashing import AddressHasher
from subscribers.tables import Subscriber, SuppressionReason
from tests.factories import make_subscriber
from tests.subscribers.test_erasure import make_known

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])


def test_every_column_is_in_it(session: Session) -> None:
    """Whatever columns there are, but for the numbers of this database; as JSON."""
    ann = make_known(session)
    make_known(session, "bob@example.org")

    found = personal_data.everything(session, ann.id or 0, hasher=HASHER)
    person = json.loads(json.dumps(found))["person"]

    assert set(person) == set(Subscriber.model_fields) - {"id", "address_key"}
    assert person["address"] == "Ann@example.org"
    assert person["signed_up_at"] == "2026-11-13T08:00:00+00:00"
    assert (person["status"], person["every_weeks"]) == ("active", 2)
    assert "bob@example.org" not in json.dumps(found)


def test_what_hangs_on_them_is_in_it(session: Session) -> None:
    """The proof of consent, how they left, and the addresses they had."""
    found = personal_data.everything(
        session, make_known(session).id or 0, hasher=HASHER
    )

    (consent,), (departure,) = found["consent"], found["departures"]
    assert (consent["step"], consent["network"]) == ("asked", "192.0.2.0")
    assert (departure["way"], departure["why"]) == ("page", "too many")
    assert [change["old_address"] for change in found["address_changes"]] == [
        "old@example.org",
        "typo@example.org",
    ]
    assert found["suppression"] is None


def test_a_suppression_is_in_it(session: Session) -> None:
    """With its reason and date; the hash says nothing to anybody."""
    ann = make_subscriber(session, "ann@example.org")
    address_hash = HASHER.hash("ann@example.org")
    suppression.suppress(session, address_hash, SuppressionReason.LEFT, now=NOW)

    found = personal_data.everything(session, ann.id or 0, hasher=HASHER)

    assert found["suppression"] == {
        "reason": "left",
        "since": "2026-11-22T08:00:00+00:00",
    }


def test_of_nobody_there_is_nothing(session: Session) -> None:
    """An empty answer, no error."""
    assert personal_data.everything(session, 4_711, hasher=HASHER) == {}
