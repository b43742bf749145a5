"""What the ledger forgets of a person who is erased: the words, never a count."""

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from newsletter.tables import Delivery
from subscribers.tables import Subscriber, SubscriberStatus


def forget(session: Session, subscriber_id: int) -> None:
    """Empty what the relay said of this person's letters; it often names the address.

    The code that it said stays, as does every row: the counts of an issue stay true.
    """
    session.execute(
        update(Delivery)
        .where(col(Delivery.subscriber_id) == subscriber_id)
        .where(col(Delivery.reason) != "")
        .values(reason="")
        .execution_options(synchronize_session=False)
    )


def naming_the_erased(session: Session) -> int:
    """Return how many letters of erased people name an address: for `verify`."""
    found = (
        select(func.count())
        .select_from(Delivery)
        .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .where(
            col(Subscriber.status) == SubscriberStatus.ERASED,
            col(Delivery.reason).contains("@"),
        )
    )
    return session.scalar(found) or 0
