"""The table of people.

Foreign keys point here from the ledger, never back. Rows are never reused: SQLite is
told to count ids up for ever, since an old signed link must not open somebody else's
page after an erasure.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Index, SQLModel

from subscribers.columns import BigId, UtcDateTime, enum_type


class SubscriberStatus(StrEnum):
    """Where a person stands; only `active` people are mailed."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Subscriber(SQLModel, table=True):
    """One person: where to write to, how to greet, and whether we may.

    `address` is what mail goes to, with its local part as the person typed it;
    `address_key` is the same in one canonical case and makes it unique. `timezone` is
    an IANA name and `language` a BCP 47 tag; empty means the newsletter's own.
    `signed_up_at` and `source` tell the reader why they get the mail. `bounces` counts
    the letters in a row that came to nobody.
    """

    __table_args__ = (
        Index("ix_subscriber_status", "status", "id"),
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
