"""Which week is it, and at what instant does its tip go out.

Pure: no clock is read and no database asked. A slot is an ISO week in the newsletter's
time zone; a timetable knows at which wall-clock moment of that week the tip goes out,
and what that is in UTC on either side of a daylight-saving change.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.errors import BadSlot

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, order=True)
class Slot:
    """One weekly sending moment, named by its ISO week: ``2026-W47``."""

    year: int
    week: int

    @classmethod
    def parse(cls, value: str) -> "Slot":
        """Read ``2026-W47``.

        Raises:
            BadSlot: the text has another form, or that year has no such week.

        Source: ISO 8601 week dates.
        """
        text = value.strip().upper()
        year, _, week = text.partition("-W")
        if not (text.isascii() and year.isdigit() and week.isdigit()):
            raise BadSlot(value=value, reason="it is not a year and a week")
        try:
            return cls.of(date.fromisocalendar(int(year), int(week), 1))
        except ValueError as error:
            raise BadSlot(value=value, reason=str(error).lower()) from error

    @classmethod
    def of(cls, day: date) -> "Slot":
        """Return the slot of the ISO week that *day* lies in."""
        year, week, _ = day.isocalendar()
        return cls(year, week)

    @property
    def monday(self) -> date:
        """The first day of the week."""
        return date.fromisocalendar(self.year, self.week, 1)

    def shift(self, weeks: int) -> "Slot":
        """Return the slot *weeks* later; earlier when negative."""
        return Slot.of(self.monday + timedelta(weeks=weeks))

    def weeks_since(self, earlier: "Slot") -> int:
        """Return how many weeks *earlier* lies before this slot."""
        return (self.monday - earlier.monday).days // 7

    def __str__(self) -> str:
        return f"{self.year}-W{self.week:02}"


@dataclass(frozen=True)
class Timetable:
    """When the weekly tip goes out.

    Attributes:
        weekday: 0 for Monday to 6 for Sunday.
        at: wall-clock time in *zone*.
        zone: the newsletter's time zone.
        catch_up: how long after its moment a slot may still be opened.
        skip_dates: sending days, in *zone*, on which nothing goes out.
    """

    weekday: int
    at: time
    zone: ZoneInfo
    catch_up: timedelta
    skip_dates: frozenset[date] = field(default_factory=frozenset)

    def day(self, slot: Slot) -> date:
        """Return the calendar day, in the newsletter's zone, of *slot*'s moment."""
        return slot.monday + timedelta(days=self.weekday)

    def moment(self, slot: Slot) -> datetime:
        """Return the UTC instant at which *slot* goes out.

        A wall-clock time that a clock change leaves out is moved on by the length of
        the gap; one that comes twice means the first. That is what ``fold=0`` does.

        Source: PEP 495 (fold); RFC 5545 §3.3.5 (the same two rules for calendars).
        """
        local = datetime.combine(self.day(slot), self.at, tzinfo=self.zone)
        return local.astimezone(UTC)

    def is_skipped(self, slot: Slot) -> bool:
        """Tell whether the operator asked that nothing goes out in *slot*."""
        return self.day(slot) in self.skip_dates

    def slot_at(self, now: datetime) -> Slot:
        """Return the slot of the week that *now* lies in, whatever its moment."""
        return Slot.of(now.astimezone(self.zone).date())

    def latest(self, now: datetime) -> Slot:
        """Return the newest slot whose moment has come."""
        slot = self.slot_at(now)
        return slot if self.moment(slot) <= now else slot.shift(-1)

    def may_open(self, slot: Slot, now: datetime) -> bool:
        """Tell whether *slot* is due and not yet too late at *now*."""
        moment = self.moment(slot)
        return not self.is_skipped(slot) and moment <= now <= moment + self.catch_up

    def coming(self, first: Slot) -> Iterator[Slot]:
        """Yield *first* and the slots after it that are not skipped, without end."""
        slot = first
        while True:
            if not self.is_skipped(slot):
                yield slot
            slot = slot.shift(1)
