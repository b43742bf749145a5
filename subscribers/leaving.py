"""Leaving: at once, by whoever follows their link, and coming back as easily.

Many who leave within a minute, each right after their letter or all from one network,
were perhaps taken off by a machine that follows every link. They are off the list like
everybody, but their departures are *held*: `held` lists them for the operator, who
keeps or undoes them. Knows nothing of links and pages.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlmodel import Session, SQLModel, col

from subscribers import consent
from subscribers.consent import Trace
from subscribers.tables import (
    ConsentStep,
    Departure,
    DepartureState,
    DepartureWay,
    Subscriber,
    SubscriberStatus,
)

LONGEST_WHY = 500
# Somebody who complained stays so: to leave is less than to complain.
GONE = (
    SubscriberStatus.UNSUBSCRIBED,
    SubscriberStatus.COMPLAINED,
    SubscriberStatus.ERASED,
)
_PAGES = {
    DepartureWay.PAGE: "/u/",
    DepartureWay.ONE_CLICK: "/u/ (one-click)",
    DepartureWay.MAIL: "mail",
    DepartureWay.OPERATOR: "the operator",
}


@dataclass(frozen=True)
class BurstPolicy:
    """Which departures look like a machine's.

    Attributes:
        burst: so many of them, alike.
        soon: each so shortly after their letter; or all from one network.
        within: the time in which they came.
    """

    burst: int
    soon: timedelta
    within: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Left:
    """What came of somebody's wish to leave.

    Attributes:
        changed: whether they were on the list until now.
        address: where to, if so, a goodbye may go.
        state: held or final; as it stands, when they had left before.
        lot: when this began or widened a burst that the operator must hear of, the
            number of its first departure; else 0.
    """

    changed: bool
    address: str = ""
    state: DepartureState = DepartureState.FINAL
    lot: int = 0


def leave(
    session: Session,
    subscriber_id: int,
    *,
    way: DepartureWay,
    issue_id: int = 0,
    seconds_after_letter: float | None = None,
    network: str = "",
    policy: BurstPolicy | None = None,
    now: datetime,
) -> Left:
    """Take a person off the list; a second time changes nothing.

    Args:
        way: how.
        issue_id: whose letter had the link, or 0.
        seconds_after_letter: how long ago that letter went, if it is known.
        network: where the wish came from, shortened to its network.
        policy: which bursts are held; None for none.
    """
    address = _take_off(session, subscriber_id, now=now)
    if address is None:
        return Left(changed=False)
    seconds = _if_soon(seconds_after_letter, policy)
    burst = None
    if policy:
        burst = _burst(session, policy, seconds, network, now=now)
    state = DepartureState.HELD if burst else DepartureState.FINAL
    departure = {
        "subscriber_id": subscriber_id,
        "at": now,
        "way": way,
        "state": state,
        "issue_id": issue_id,
        "seconds_after_letter": seconds,
        "network": network,
        "why": "",
    }
    session.connection().execute(_DEPART, departure)
    left = ConsentStep.LEFT
    page = _PAGES[way]
    consent.note(session, subscriber_id, left, now=now, page=page, network=network)
    lot = _hold(session, burst) if burst else 0
    return Left(changed=True, address=address, state=state, lot=lot)


def come_back(
    session: Session,
    subscriber_id: int,
    *,
    trace: Trace,
    now: datetime,
) -> bool:
    """Put somebody who left back on the list, as they themselves wish.

    Args:
        trace: where they said so, and what they were shown.

    Returns:
        Whether they had left; who complained or was erased must sign up anew.
    """
    back = session.execute(
        update(Subscriber)
        .where(
            col(Subscriber.id) == subscriber_id,
            col(Subscriber.status) == SubscriberStatus.UNSUBSCRIBED,
        )
        .values(status=SubscriberStatus.ACTIVE, status_at=now)
        .returning(col(Subscriber.id))
        .execution_options(synchronize_session=False)
    )
    if back.first() is None:
        return False
    session.execute(
        update(Departure)
        .where(col(Departure.subscriber_id) == subscriber_id)
        .values(state=DepartureState.UNDONE)
        .execution_options(synchronize_session=False)
    )
    step = ConsentStep.CAME_BACK
    consent.note_trace(session, subscriber_id, step, trace, now=now)
    return True


def say_why(session: Session, subscriber_id: int, why: str) -> bool:
    """Keep why somebody left, with their last departure.

    A machine gives no reasons: a departure that was held is final with this.

    Returns:
        Whether they had left.
    """
    last = (
        select(col(Departure.id))
        .where(
            col(Departure.subscriber_id) == subscriber_id,
            col(Departure.state) != DepartureState.UNDONE,
        )
        .order_by(col(Departure.id).desc())
        .limit(1)
    )
    kept = session.execute(
        update(Departure)
        .where(col(Departure.id).in_(last.scalar_subquery()))
        .values(why=why.strip()[:LONGEST_WHY], state=DepartureState.FINAL)
        .returning(col(Departure.id))
        .execution_options(synchronize_session=False)
    )
    return kept.first() is not None


def _take_off(session: Session, subscriber_id: int, *, now: datetime) -> str | None:
    """Return the address of whom that took off the list, if it did."""
    who = {"who": subscriber_id, "since": now}
    address: str | None = session.connection().execute(_TAKE_OFF, who).scalar()
    return address


def _if_soon(seconds: float | None, policy: BurstPolicy | None) -> int | None:
    if policy is None or seconds is None or seconds > policy.soon.total_seconds():
        return None
    # The clocks of two machines may differ a little.
    return max(0, int(seconds))


def _burst(
    session: Session,
    policy: BurstPolicy,
    seconds: int | None,
    network: str,
    *,
    now: datetime,
) -> "_Burst | None":
    """Return the burst that one more departure is part of.

    A few rows are read, from an index, however many people leave at once.
    """
    kinds = [_SOON] if seconds is not None else []
    if network:
        kinds.append(_FROM_ONE_NETWORK)
    since = now - policy.within
    facts = {"since": since, "most": policy.burst - 1, "network": network}
    for kind in kinds:
        last = session.connection().execute(kind.last, facts).all()
        if len(last) == policy.burst - 1:
            has_news = any(row.state is DepartureState.FINAL for row in last)
            return _Burst(kind, facts, has_news=has_news)
    return None


def _hold(session: Session, burst: "_Burst") -> int:
    """Hold those of a burst that came before anybody could know; return its lot."""
    if not burst.has_news:
        return 0
    # Another transaction may be about to hold the same ones: it need not wait for us,
    # nor we for it.
    earlier = (
        session.connection().execute(burst.kind.final, burst.facts).scalars().all()
    )
    if not earlier:
        return 0
    session.execute(
        update(Departure)
        .where(col(Departure.id).in_(earlier))
        .values(state=DepartureState.HELD)
        .execution_options(synchronize_session=False)
    )
    first = (
        select(col(Departure.id))
        .where(col(Departure.state) == DepartureState.HELD)
        .order_by(col(Departure.id))
        .limit(1)
    )
    return int(session.execute(first).scalar_one())


# Made once and run as they are: hundreds of people may leave in a second, while their
# letters go out. Measured: building them anew took most of the time of a click.
_PEOPLE = SQLModel.metadata.tables[str(Subscriber.__tablename__)]
_DEPARTURES = SQLModel.metadata.tables[str(Departure.__tablename__)]
_TAKE_OFF = (
    update(_PEOPLE)
    .where(
        _PEOPLE.c.id == bindparam("who"),
        *(_PEOPLE.c.status != status for status in GONE),
    )
    .values(
        status=SubscriberStatus.UNSUBSCRIBED,
        status_at=bindparam("since"),
        paused_until=None,
    )
    .returning(_PEOPLE.c.address)
)
_DEPART = insert(_DEPARTURES).inline()


class _Kind:
    """What makes departures alike, and the questions for such ones."""

    def __init__(self, *alike: ColumnElement[bool]) -> None:
        at, state = _DEPARTURES.c.at, _DEPARTURES.c.state
        lately = (*alike, at > bindparam("since"))
        # The last few that count, newest first.
        self.last = (
            select(state)
            .where(*lately, state != DepartureState.UNDONE)
            .order_by(at.desc())
            .limit(bindparam("most"))
        )
        # All that are not held yet. Whoever said why is no machine.
        self.final = (
            select(_DEPARTURES.c.id)
            .where(*lately, state == DepartureState.FINAL, _DEPARTURES.c.why == "")
            .with_for_update(skip_locked=True)
        )


@dataclass(frozen=True, slots=True)
class _Burst:
    """A burst that was found; `has_news` when some of it are not held yet."""

    kind: _Kind
    facts: dict[str, Any]
    has_news: bool


_SOON = _Kind(_DEPARTURES.c.seconds_after_letter.is_not(None))
_FROM_ONE_NETWORK = _Kind(_DEPARTURES.c.network == bindparam("network"))
