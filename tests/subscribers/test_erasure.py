"""Of somebody who was erased nothing is left but a number and a hash."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from subscribers import erasure, suppression
from subscribers.hashing import AddressHasher
from subscribers.tables import (
    AddressChange,
    Consent,
    ConsentStep,
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from tests.factories import make_subscriber

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ADD_A_ROW = (
    "INSERT INTO address_change (subscriber_id, old_address, new_address, asked_at) "
    "SELECT id, '', '', created_at FROM subscriber"
)
HASHER = AddressHasher([b"a secret of the tests"])


def make_known(session: Session, address: str = "Ann@example.org") -> Subscriber:
    """Put somebody on the list of whom there is everything that can be kept."""
    ann = make_subscriber(
        session,
        address,
        name="Ann Reader",
        timezone="Europe/Berlin",
        language="de",
        source="the fair",
        signed_up_at=NOW - timedelta(days=9),
        bounces=2,
        reminded_at=NOW - timedelta(days=8),
        paused_until=NOW + timedelta(days=8),
        every_weeks=2,
        since_week=2_900,
    )
    whose = {"subscriber_id": ann.id or 0}
    session.add(Consent(**whose, step=ConsentStep.ASKED, at=NOW, network="192.0.2.0"))
    session.add(
        Departure(
            **whose,
            at=NOW,
            way=DepartureWay.PAGE,
            state=DepartureState.FINAL,
            why="too many",
        )
    )
    for old, confirmed_at in (("old@example.org", NOW), ("typo@example.org", None)):
        session.add(
            AddressChange(
                **whose,
                old_address=old,
                new_address=address,
                asked_at=NOW,
                confirmed_at=confirmed_at,
            )
        )
    session.flush()
    return ann


def erase(
    session: Session, who: Subscriber, **more: SuppressionReason
) -> tuple[str, ...]:
    """Erase somebody, a day later."""
    now = NOW + timedelta(days=1)
    return erasure.erase(session, who.id or 0, hasher=HASHER, now=now, **more)


def why(session: Session, address: str) -> SuppressionReason | None:
    """Return why an address is suppressed."""
    return suppression.is_suppressed(session, HASHER.hash(address))


def test_every_column_but_those_that_count_is_as_of_somebody_new(
    session: Session,
) -> None:
    """Whatever columns there are: the row, and nothing that says whose it was."""
    ann = make_known(session)
    created_at = ann.created_at

    assert erase(session, ann)
    session.expire_all()
    row = session.exec(select(Subscriber)).one()

    assert row.status is SubscriberStatus.ERASED
    assert row.status_at == NOW + timedelta(days=1)
    assert row.created_at == created_at
    assert row.address == row.address_key == f"erased {row.id}"
    for name, empty in erasure.EMPTY.items():
        assert getattr(row, name) == empty, name
    assert set(Subscriber.model_fields) == erasure.KEPT | set(erasure.EMPTY)


def test_what_hangs_on_them_is_deleted_and_others_keep_theirs(session: Session) -> None:
    """Consent, departures and address changes of that person alone."""
    ann, bob = make_known(session), make_known(session, "bob@example.org")

    erase(session, ann)

    for kind in (Consent, Departure, AddressChange):
        left = {row.subscriber_id for row in session.exec(select(kind))}
        assert left == {bob.id}
    assert erasure.incomplete(session) == 0


def test_their_addresses_are_suppressed_those_they_had_before_too(
    session: Session,
) -> None:
    """An old list would bring them back by their old address; a typo was never theirs.

    In no row of any table is the address to be read.
    """
    hashes = erase(session, make_known(session))

    theirs = ("ann@example.org", "old@example.org")
    assert hashes == tuple(map(HASHER.hash, theirs))
    assert why(session, "ann@example.org") is SuppressionReason.ERASED
    assert why(session, "old@example.org") is SuppressionReason.ERASED
    assert why(session, "typo@example.org") is None
    for table in ("subscriber", "suppression", "consent", "departure"):
        rows = session.connection().execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
        assert "@" not in str(rows)


@pytest.mark.parametrize(
    ("status", "asked", "kept"),
    [
        (SubscriberStatus.ACTIVE, SuppressionReason.ERASED, SuppressionReason.ERASED),
        (SubscriberStatus.UNSUBSCRIBED, SuppressionReason.LEFT, SuppressionReason.LEFT),
        (
            SubscriberStatus.COMPLAINED,
            SuppressionReason.ERASED,
            SuppressionReason.COMPLAINED,
        ),
    ],
)
def test_who_complained_stays_known_as_such(
    session: Session,
    status: SubscriberStatus,
    asked: SuppressionReason,
    kept: SuppressionReason,
) -> None:
    """The reason is the caller's, but nothing is worth more than a complaint."""
    erase(
        session,
        make_subscriber(session, "ann@example.org", status=status),
        reason=asked,
    )

    assert why(session, "ann@example.org") is kept


def test_nobody_is_erased_twice(session: Session) -> None:
    """Nor is somebody who is not there; neither changes anything."""
    ann = make_subscriber(session, "ann@example.org")

    assert erase(session, ann)
    assert not erase(session, ann)
    assert not erasure.erase(session, 4_711, hasher=HASHER, now=NOW)
    assert sum(suppression.count_by_reason(session).values()) == 1


def test_two_stubs_have_two_names(session: Session) -> None:
    """Whoever signs up afresh gets a row of their own."""
    for _ in range(2):
        erase(session, make_subscriber(session, "ann@example.org"))

    assert len(session.exec(select(Subscriber)).all()) == 2


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE subscriber SET name = 'Ann'",
        "UPDATE subscriber SET signed_up_at = created_at",
        "UPDATE subscriber SET every_weeks = 2",
        "UPDATE subscriber SET address = 'ann@example.org'",
        ADD_A_ROW,
    ],
)
def test_whatever_was_left_behind_is_found(session: Session, harm: str) -> None:
    """A column that was not emptied, or a row that was not deleted."""
    erase(session, make_subscriber(session, "ann@example.org"))
    assert erasure.incomplete(session) == 0

    session.connection().execute(text(harm))

    assert erasure.incomplete(session) == 1
