"""The ledger forgets the words that name a person, and no letter."""

from sqlmodel import Session, select

from newsletter import ledger
from newsletter.tables import Delivery, DeliveryStatus
from subscribers.tables import SubscriberStatus
from tests.factories import make_delivery, make_issue, make_subscriber

REFUSED = "550 5.1.1 <ann@example.org>: nobody here"


def test_the_relays_words_go_and_the_letter_stays(session: Session) -> None:
    """Of one person, in every issue; its code, its status and its tries stay."""
    ann, bob = make_subscriber(session), make_subscriber(session)
    for week in ("2026-W46", "2026-W47"):
        issue = make_issue(session, slot=week)
        for who in (ann, bob):
            make_delivery(
                session,
                issue,
                who,
                status=DeliveryStatus.FAILED,
                code=550,
                attempts=2,
                reason=REFUSED,
            )

    ledger.forget(session, ann.id or 0)
    session.expire_all()

    letters = session.exec(select(Delivery)).all()
    assert len(letters) == 4
    for letter in letters:
        assert (letter.code, letter.attempts) == (550, 2)
        assert letter.reason == ("" if letter.subscriber_id == ann.id else REFUSED)


def test_only_of_the_erased_an_address_is_too_much(session: Session) -> None:
    """Of all others the operator wants to know what the relay said."""
    issue = make_issue(session)
    erased = make_subscriber(session, "erased 1", status=SubscriberStatus.ERASED)
    make_delivery(session, issue, reason=REFUSED)
    letter = make_delivery(session, issue, erased, reason="")
    assert ledger.naming_the_erased(session) == 0

    letter.reason = REFUSED
    session.flush()

    assert ledger.naming_the_erased(session) == 1
