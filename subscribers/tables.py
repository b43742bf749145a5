"""The tables of people: who they are, what they agreed to, and how they left.

Foreign keys point here from the ledger, never back. Rows are never reused: SQLite is
told to count ids up for ever, since an old signed link must not open somebody else's
page after an erasure.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Index, SQLModel, Text, text

from subscribers.columns import BigId, UtcDateTime, enum_type


class SubscriberStatus(StrEnum):
    """Where a person stands; only `active` people are mailed.

    Of somebody `erased` nothing is left but the number that the ledger counts.
    """

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


class ConsentStep(StrEnum):
    """What a person did, or had done, about getting this mail."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    IMPORTED = "imported"
    ADDED = "added"
    CHANGED = "changed"
    PAUSED = "paused"
    LEFT = "left"
    CAME_BACK = "came_back"


class DepartureWay(StrEnum):
    """How somebody left."""

    PAGE = "page"
    ONE_CLICK = "one_click"
    MAIL = "mail"
    OPERATOR = "operator"


class DepartureState(StrEnum):
    """Whether a departure counts.

    Whoever left gets no more mail in any of them but `undone`; `held` waits for the
    operator, since a machine rather than a person seems to have followed the link.
    """

    FINAL = "final"
    HELD = "held"
    UNDONE = "undone"


class SuppressionReason(StrEnum):
    """Why an address is never mailed again unless its owner asks for it."""

    ERASED = "erased"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPERATOR = "operator"


# Those who left, however. A partial index needs the very words of the question; and
# SQLite would take ix_subscriber_status and sort, if it said which they are.
GONE = "status NOT IN ('active', 'pending', 'erased')"


class Subscriber(SQLModel, table=True):
    """One person: where to write to, how to greet, and whether we may.

    `address` is what mail goes to, with its local part as the person typed it;
    `address_key` is the same in one canonical case and makes it unique. `timezone` is
    an IANA name and `language` a BCP 47 tag; empty means the newsletter's own.
    `signed_up_at` and `source` tell the reader why they get the mail. `bounces` counts
    the letters in a row that came to nobody. `reminded_at` is when somebody who never
    confirmed was asked once more. As long as `paused_until` is set no tip goes to them;
    it is cleared when it has passed. They get a tip every `every_weeks` weeks, counted
    from the week `since_week`, an ordinal as `week_ordinal` gives it.
    """

    __table_args__ = (
        Index("ix_subscriber_status", "status", "id"),
        # Costs nothing for those who stay.
        Index(
            "ix_subscriber_gone",
            "status_at",
            sqlite_where=text(GONE),
            postgresql_where=text(GONE),
        ),
        # Few pause; whose pause has passed is asked several times a minute.
        Index(
            "ix_subscriber_paused",
            "paused_until",
            sqlite_where=text("paused_until IS NOT NULL"),
            postgresql_where=text("paused_until IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    address: str = Field(max_length=320)
    address_key: str = Field(max_length=320, unique=True)
    name: str = Field(default="", max_length=200)
    timezone: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=35)
    status: SubscriberStatus = Field(sa_type=enum_type(SubscriberStatus))
    source: str = Field(default="", max_length=200)
    signed_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    status_at: datetime = Field(sa_type=UtcDateTime)
    bounces: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    every_weeks: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    since_week: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Consent(SQLModel, table=True):
    """One step of the proof that a person wanted this mail; never changed afterwards.

    `page` is where it was done; `network` the address it came from, shortened to its
    network. `wording` is what the person was shown, `form_version` which form it was.
    """

    __table_args__ = (
        Index("ix_consent_subscriber", "subscriber_id", "id"),
        # How many people asked lately is what shows an attack.
        Index("ix_consent_step", "step", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    subscriber_id: int = Field(foreign_key="subscriber.id", sa_type=BigId)
    step: ConsentStep = Field(sa_type=enum_type(ConsentStep))
    at: datetime = Field(sa_type=UtcDateTime)
    page: str = Field(default="", max_length=200)
    network: str = Field(default="", max_length=64)
    wording: str = Field(default="", sa_type=Text)
    form_version: str = Field(default="", max_length=32)


class Departure(SQLModel, table=True):
    """Somebody left: when, how, with which issue's link, and whether it counts.

    `issue_id` is the issue whose letter had the link, or 0. `seconds_after_letter` is
    kept only of those who left right after that letter, as machines do.
    """

    __table_args__ = (
        Index("ix_departure_subscriber", "subscriber_id", "id"),
        Index("ix_departure_at", "at"),
        Index("ix_departure_state", "state", "id"),
        # Each departure asks for the last few like it, in the middle of a burst.
        Index("ix_departure_network", "network", "at"),
        Index(
            "ix_departure_soon",
            "at",
            sqlite_where=text("seconds_after_letter IS NOT NULL"),
            postgresql_where=text("seconds_after_letter IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    subscriber_id: int = Field(foreign_key="subscriber.id", sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    way: DepartureWay = Field(sa_type=enum_type(DepartureWay))
    state: DepartureState = Field(sa_type=enum_type(DepartureState))
    issue_id: int = Field(default=0, sa_type=BigId)
    seconds_after_letter: int | None = None
    network: str = Field(default="", max_length=64)
    why: str = Field(default="", max_length=500)


class AddressChange(SQLModel, table=True):
    """A person's wish to be written to elsewhere; confirmed from the new address."""

    __tablename__ = "address_change"
    __table_args__ = (
        Index("ix_address_change_subscriber", "subscriber_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    subscriber_id: int = Field(foreign_key="subscriber.id", sa_type=BigId)
    old_address: str = Field(max_length=320)
    new_address: str = Field(max_length=320)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Suppression(SQLModel, table=True):
    """An address that is never mailed again, as a keyed hash, and why.

    It outlasts the person's erasure and any import. Nobody can read the address from
    it, not even with the database in hand, as long as the secret is elsewhere.
    """

    address_hash: str = Field(primary_key=True, max_length=64)
    reason: SuppressionReason = Field(sa_type=enum_type(SuppressionReason))
    since: datetime = Field(sa_type=UtcDateTime)
