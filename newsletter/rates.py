"""How many letters may leave now, counted in the database for all processes together.

All SQL about rates is here; the arithmetic is in `throttle`. Letters are counted when
they are taken, before they leave: a crash can lose a slice of what is allowed, and
never send more. A restart forgets nothing, and every machine sees the same figures.

Each call is meant for a short transaction of its own. Whoever takes letters locks the
row of the scope first, so that the figures below it are theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from newsletter.tables import RateCount, RateDay, RateScope
from newsletter.throttle import (
    MINUTE,
    SKEW,
    SLICE_PART,
    Bucket,
    Limits,
    WarmUp,
    Window,
    frees_at,
    minute_of,
    places,
)

ALL = ""
DAY = timedelta(days=1)
PER_SECOND = "smtp.max_per_second"
WARM_UP = "smtp.warm_up"


@dataclass(frozen=True)
class Rest:
    """Nothing may leave until `until`, because of the setting `because`."""

    until: datetime
    because: str


@dataclass(frozen=True)
class Grant:
    """Letters that may leave, and when it is worth asking for more.

    Attributes:
        taken_at: when they were taken; says where to give them back.
        day: the beginning of the sender's day that they count for, in a warm-up.
        rest: why there are fewer than wanted, and until when; None when there are not.
    """

    letters: int
    taken_at: datetime
    day: datetime | None = None
    rest: Rest | None = None


@dataclass(frozen=True)
class _Room:
    """What one limit of an hour or a day leaves; `until` when that is nothing."""

    letters: int
    setting: str
    until: datetime


def take(session: Session, limits: Limits, wanted: int, *, now: datetime) -> Grant:
    """Take letters out of what every limit leaves, and count them as used.

    Args:
        wanted: letters that are ready to go; a few more come along when a slice is
            larger, so that the next ones need not ask.
    """
    bucket = _bucket(session, limits.per_second, now=now)
    _count_as_of(session, now=now)
    day = _day_of(session, limits.warm_up, now=now) if limits.warm_up else None
    rooms = _rooms(session, limits, day, now=now)
    earned = bucket.earned(now=now) if limits.per_second else None
    letters = _share(limits, wanted, earned, rooms)
    if letters:
        if limits.per_second:
            bucket = bucket.take(letters, now=now)
            _write_down(session, ALL, bucket.taken_until)
        _count(session, letters, now=now)
        if limits.warm_up and day:
            _count_day(session, limits.warm_up, day.began_at, letters)
    rest = None
    if letters < wanted:
        rest = _fullest(rooms)
        if not rest and limits.per_second:
            soon = min(wanted - letters, limits.slice)
            rest = Rest(bucket.ready_at(soon, now=now), PER_SECOND)
    return Grant(letters, now, day.began_at if day else None, rest)


def give_back(session: Session, limits: Limits, grant: Grant, letters: int) -> None:
    """Return *letters* of a grant that did not leave to the hour and the day.

    Their moment in the rate a second is over; it is not made up for.
    """
    minute = minute_of(grant.taken_at)
    session.execute(
        update(RateCount)
        .where(col(RateCount.minute) == minute, col(RateCount.letters) >= letters)
        .values(letters=col(RateCount.letters) - letters)
        .execution_options(synchronize_session=False)
    )
    if limits.warm_up and grant.day:
        _count_day(session, limits.warm_up, grant.day, -letters)


def rest(session: Session, limits: Limits, *, now: datetime) -> Rest | None:
    """Return until when the hour, the day or the warm-up lets nothing leave.

    Only reads. None when something may leave now, as far as those are concerned.
    """
    day = _day_of(session, limits.warm_up, now=now) if limits.warm_up else None
    return _fullest(_rooms(session, limits, day, now=now))


def reserve(
    session: Session, domain: str, per_second: float, letters: int, *, now: datetime
) -> list[datetime]:
    """Reserve the next places in the rate of a domain, for a letter each.

    Returns:
        The instants at which they may leave; none is before *now*.
    """
    taken_until = _locked(session, domain, now)
    found = places(per_second, taken_until, letters + 1, now=now)
    _write_down(session, domain, found.pop())
    return found


def lock(session: Session, domain: str, *, now: datetime) -> datetime:
    """Let nobody else reserve places; return up to when those of a domain are given."""
    return _locked(session, domain, now)


def take_back(
    session: Session,
    domain: str,
    per_second: float,
    last: datetime | None,
    *,
    now: datetime,
) -> None:
    """Free the places of a domain behind the last one that a letter still waits for.

    To be called with the domain locked, so that *last* is still true.
    """
    free = places(per_second, last, 2, now=last)[1] if last else now
    if free < _locked(session, domain, now):
        _write_down(session, domain, free)


def reserve_all(
    session: Session,
    limits: Limits,
    wanted: Mapping[str, int],
    *,
    now: datetime,
) -> dict[str, list[datetime]]:
    """Reserve places for letters of several domains, in the order that never locks."""
    return {
        domain: reserve(
            session, domain, limits.per_domain[domain], wanted[domain], now=now
        )
        for domain in sorted(wanted)
    }


def _share(limits: Limits, wanted: int, earned: int | None, rooms: list[_Room]) -> int:
    """Return how many letters to take: what is wanted or a slice, within all limits."""
    left = [room.letters for room in rooms]
    part = min([limits.slice, *(room // SLICE_PART for room in left)])
    if earned is not None:
        left.append(earned)
    return max(0, min([max(wanted, part), *left]))


def _fullest(rooms: list[_Room]) -> Rest | None:
    """Return the rest of the limit that keeps everything back for longest."""
    full = [room for room in rooms if room.letters <= 0]
    if not full:
        return None
    last = max(full, key=lambda room: room.until)
    return Rest(last.until, last.setting)


def _rooms(
    session: Session, limits: Limits, day: RateDay | None, *, now: datetime
) -> list[_Room]:
    """Return what each limit of an hour, a day or the warm-up leaves."""
    rooms = [_room_of(session, window, now=now) for window in limits.windows]
    if limits.warm_up and day:
        earlier = _days_before(session, limits.warm_up, day)
        most = limits.warm_up.most(earlier)
        if most is not None:
            rooms.append(_Room(most - day.letters, WARM_UP, day.began_at + DAY))
    return rooms


def _room_of(session: Session, window: Window, *, now: datetime) -> _Room:
    since = minute_of(now) - window.minutes * MINUTE
    seen = col(RateCount.minute) >= since
    used = session.scalar(select(func.sum(col(RateCount.letters))).where(seen)) or 0
    if used < window.most:
        return _Room(window.most - used, window.setting, now)
    counts = session.execute(
        select(col(RateCount.minute), col(RateCount.letters))
        .where(seen)
        .order_by(col(RateCount.minute))
    )
    # Whoever only reads may find a future that a clock, set back since, has left.
    latest = minute_of(now + SKEW)
    found = [(min(row.minute, latest), row.letters) for row in counts]
    until = frees_at(window, found)
    return _Room(0, window.setting, until or now)


def _count_as_of(session: Session, *, now: datetime) -> None:
    """Count letters of the future as of now: the clock was set back since.

    They left before now, whatever it said then. So no limit is broken, and none holds
    longer than its hour or day.
    """
    ahead = col(RateCount.minute) > minute_of(now + SKEW)
    letters = session.scalar(select(func.sum(col(RateCount.letters))).where(ahead))
    if letters:
        session.execute(delete(RateCount).where(ahead))
        _count(session, letters, now=now)


def _count(session: Session, letters: int, *, now: datetime) -> None:
    """Add letters to their minute; at its first, forget what is older than a day."""
    minute = minute_of(now)
    counted = session.execute(
        update(RateCount)
        .where(col(RateCount.minute) == minute)
        .values(letters=col(RateCount.letters) + letters)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount:  # type: ignore[attr-defined]
        return
    session.execute(insert(RateCount).values(minute=minute, letters=letters))
    old = minute - DAY - 2 * SKEW
    session.execute(delete(RateCount).where(col(RateCount.minute) < old))


def _day_of(session: Session, warm_up: WarmUp, *, now: datetime) -> RateDay:
    """Return the sender's day that is going on, or one that would begin now.

    A day is 24 hours from its first letter, so that the next letters leave at the same
    hour on the next day, and not at midnight. A clock that was set back by less than a
    day goes on with the day that it knows.
    """
    found = session.execute(
        select(RateDay)
        .where(
            col(RateDay.sender) == warm_up.sender,
            col(RateDay.began_at) > now - DAY,
            col(RateDay.began_at) <= now + DAY,
        )
        .order_by(col(RateDay.began_at).desc())
        .limit(1)
    ).scalar_one_or_none()
    if found:
        session.expunge(found)
    return found or RateDay(sender=warm_up.sender, began_at=now, letters=0)


def _days_before(session: Session, warm_up: WarmUp, day: RateDay) -> int:
    """Count the sender's other days on which letters left."""
    return (
        session.scalar(
            select(func.count())
            .select_from(RateDay)
            .where(
                col(RateDay.sender) == warm_up.sender,
                col(RateDay.began_at) != day.began_at,
                col(RateDay.letters) > 0,
            )
        )
        or 0
    )


def _count_day(
    session: Session, warm_up: WarmUp, began_at: datetime, letters: int
) -> None:
    counted = session.execute(
        update(RateDay)
        .where(col(RateDay.sender) == warm_up.sender, col(RateDay.began_at) == began_at)
        .values(letters=col(RateDay.letters) + letters)
        .execution_options(synchronize_session=False)
    )
    if not counted.rowcount:  # type: ignore[attr-defined]
        day = {"sender": warm_up.sender, "began_at": began_at, "letters": letters}
        session.execute(insert(RateDay).values(**day))


def _bucket(session: Session, per_second: float, *, now: datetime) -> Bucket:
    """Lock the rate of all letters, and return it as a bucket."""
    full = Bucket.new(per_second, now=now) if per_second else None
    known = Bucket(per_second, _locked(session, ALL, full.taken_until if full else now))
    bucket = known.heeding(now=now)
    if bucket != known:
        _write_down(session, ALL, bucket.taken_until)
    return bucket


def _locked(session: Session, scope: str, beginning: datetime) -> datetime:
    """Lock a scope's row, and return up to when its letters are taken.

    A scope that is new begins at *beginning*. SQLite has one writer at a time anyway.
    """
    asked = (
        select(col(RateScope.taken_until))
        .where(col(RateScope.scope) == scope)
        .with_for_update()
    )
    found: datetime | None = session.execute(asked).scalar_one_or_none()
    if found is None:
        dialect = session.get_bind().dialect.name
        new = sqlite_insert if dialect == "sqlite" else pg_insert
        row = {"scope": scope, "taken_until": beginning}
        session.execute(new(RateScope).values(**row).on_conflict_do_nothing())
        return session.execute(asked).scalar_one()  # type: ignore[no-any-return]
    return found


def _write_down(session: Session, scope: str, taken_until: datetime) -> None:
    session.execute(
        update(RateScope)
        .where(col(RateScope.scope) == scope)
        .values(taken_until=taken_until)
        .execution_options(synchronize_session=False)
    )
