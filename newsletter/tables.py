"""The tables of the newsletter: tips, issues, and the ledger of deliveries.

Only shapes and constraints live here; the questions are asked in `tips`, `issues`,
`ledger` and `notices`. Promises 1 and 3 of the house (nobody twice, each week once) are
the unique indexes below, so that no code can break them.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Index, SQLModel, Text, text

from subscribers.columns import BigId, UtcDateTime, enum_type
from subscribers.tables import Subscriber


class TipStatus(StrEnum):
    """Whether a tip may be sent."""

    DRAFT = "draft"
    READY = "ready"
    RETIRED = "retired"


class LabelKind(StrEnum):
    """The two ways a tip is filed, as blogs know them."""

    TAG = "tag"
    CATEGORY = "category"


class IssueStatus(StrEnum):
    """How far an issue has come."""

    PLANNED = "planned"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class DeliveryStatus(StrEnum):
    """How far one letter has come; it only ever moves along these steps.

    pending -> claimed -> sending -> sent | failed | deferred | uncertain;
    claimed -> failed | deferred, when the relay refused the reader;
    claimed -> pending, when it is given back or lapsed: nothing touched the wire;
    claimed, sending -> pending, when no relay was reached; deferred -> claimed;
    uncertain -> pending, once, under `uncertain = "resend"`;
    pending, deferred, claimed -> skipped, when the person left or paused. Letters that
    never left are deleted when their issue is cancelled.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


class CommentStatus(StrEnum):
    """Whether readers see a comment; `held` waits for the operator."""

    HELD = "held"
    SHOWN = "shown"
    HIDDEN = "hidden"


class LetterKind(StrEnum):
    """What an automatic letter is about; each has a folder in ``templates/email``."""

    CONFIRM = "confirm"
    REMIND = "remind"
    KNOWN = "known"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    NEW_ADDRESS = "new_address"
    OLD_ADDRESS = "old_address"
    AGAIN = "again"
    CONTACT = "contact"


class NoticeKind(StrEnum):
    """What the operator is told about, once per kind and key."""

    RUNWAY_LOW = "runway_low"
    LIBRARY_EMPTY = "library_empty"
    SLOT_MISSED = "slot_missed"
    PIN_MISSED = "pin_missed"
    ISSUE_STARTED = "issue_started"
    ISSUE_FINISHED = "issue_finished"
    ISSUE_PAUSED = "issue_paused"
    CANNOT_START = "cannot_start"
    RELAY_AWAY = "relay_away"
    RELAY_LIMITS = "relay_limits"
    MAILBOX_AWAY = "mailbox_away"
    LEAVING_HELD = "leaving_held"
    SIGNUP_ATTACK = "signup_attack"
    COMMENT_HELD = "comment_held"


class Tip(SQLModel, table=True):
    """One piece of content, written once.

    `position` orders the queue, small first. `pin` asks for the week of that date.
    `archived_on` is the day it was sent elsewhere, before it came here: such a tip is
    in the archive and is never mailed. `origin` names where an import found it, so that
    importing again updates instead of doubling. `published_at` is set as long as the
    tip is on the public site: from its first issue on, or when it was sent elsewhere.
    """

    __table_args__ = (
        Index("ix_tip_queue", "status", "position"),
        Index("ix_tip_published", "published_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str = Field(max_length=200, unique=True)
    title: str = Field(max_length=300)
    body: str = Field(sa_type=Text)
    summary: str = Field(default="", sa_type=Text)
    author: str = Field(default="", max_length=200)
    position: int
    pin: date | None = None
    status: TipStatus = Field(sa_type=enum_type(TipStatus))
    written_on: date | None = None
    archived_on: date | None = None
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    origin: str | None = Field(default=None, max_length=500, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class TipLabel(SQLModel, table=True):
    """A tag or category of a tip; `slug` is its address on the site."""

    __tablename__ = "tip_label"
    __table_args__ = (Index("ix_tip_label_slug", "kind", "slug"),)

    tip_id: int = Field(primary_key=True, foreign_key="tip.id", sa_type=BigId)
    kind: LabelKind = Field(primary_key=True, sa_type=enum_type(LabelKind))
    slug: str = Field(primary_key=True, max_length=200)
    name: str = Field(max_length=200)
    position: int = 0


class TipComment(SQLModel, table=True):
    """What a reader said about a tip, kept as long as the tip: plain text, no address.

    `origin` is the comment's name where it was imported from, or a random one,
    `reply_to` the origin of the comment it answers. `author_key` is a keyed hash of the
    author's address, which tells whether they were shown before; empty when imported.
    """

    __tablename__ = "tip_comment"
    __table_args__ = (
        Index("uq_tip_comment_origin", "tip_id", "origin", unique=True),
        Index("ix_tip_comment_shown", "tip_id", "status"),
        Index("ix_tip_comment_author", "author_key", "status"),
        Index("ix_tip_comment_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    tip_id: int = Field(foreign_key="tip.id", sa_type=BigId)
    origin: str = Field(max_length=200)
    reply_to: str | None = Field(default=None, max_length=200)
    author: str = Field(default="", max_length=200)
    body: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=UtcDateTime)
    status: CommentStatus = Field(
        default=CommentStatus.SHOWN,
        sa_type=enum_type(CommentStatus),
        sa_column_kwargs={"server_default": CommentStatus.SHOWN.value},
    )
    author_key: str = Field(
        default="", max_length=64, sa_column_kwargs={"server_default": text("''")}
    )


class TipVotes(SQLModel, table=True):
    """How many readers said that a tip was useful, or not; not who."""

    __tablename__ = "tip_votes"

    tip_id: int = Field(primary_key=True, foreign_key="tip.id", sa_type=BigId)
    useful: int = 0
    not_useful: int = 0


class Issue(SQLModel, table=True):
    """One tip going out in one slot, with its subject and bodies frozen.

    `html` and `text` still have the holes that are filled for each reader. `round`
    counts how often the library has come round to this tip, from 1. `mail_domain` is
    the right side of every Message-ID of the issue, frozen so that a retry repeats it.
    """

    __table_args__ = (
        # A cancelled week may be filled again, by hand; a living one exists once.
        Index(
            "uq_issue_slot",
            "slot",
            unique=True,
            sqlite_where=text("status <> 'cancelled'"),
            postgresql_where=text("status <> 'cancelled'"),
        ),
        # Two weeks that are opened at the same moment cannot take the same tip.
        Index(
            "uq_issue_round",
            "tip_id",
            "round",
            unique=True,
            sqlite_where=text("status <> 'cancelled'"),
            postgresql_where=text("status <> 'cancelled'"),
        ),
        Index("uq_issue_slot_tip", "slot", "tip_id", unique=True),
        Index("ix_issue_tip", "tip_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slot: str = Field(max_length=8)
    tip_id: int = Field(foreign_key="tip.id", sa_type=BigId)
    round: int = 1
    reason: str = Field(max_length=200)
    status: IssueStatus = Field(sa_type=enum_type(IssueStatus))
    due_at: datetime = Field(sa_type=UtcDateTime)
    subject: str = Field(max_length=998)
    html: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    mail_domain: str = Field(max_length=255)
    enrolled: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_because: str = Field(default="", max_length=500)


class Delivery(SQLModel, table=True):
    """One issue to one subscriber: a row of the ledger.

    `due_at` is the instant from which it may be claimed; `lease_until` when a claim or
    a transaction that was never recorded is given up. `dated_at` is the Date of the
    message, kept for every retry; `doubts` counts the times its outcome was unknown.
    `round` is that of the issue; it becomes NULL when the delivery is skipped, which
    gives the reader's place in that round back. `paced_attempt` is the attempt, counted
    from 1, for which `due_at` is its place in the rate of its domain.
    """

    __table_args__ = (
        Index("uq_delivery_issue", "issue_id", "subscriber_id", unique=True),
        # The subscriber first: it is also the way to everything a person was sent.
        Index("uq_delivery_round", "subscriber_id", "tip_id", "round", unique=True),
        Index("ix_delivery_due", "issue_id", "status", "due_at", "id"),
        # Small: only letters that wait for their place in a domain's rate. SQLite
        # walks through all that are pending unless this one covers the question.
        Index(
            "ix_delivery_paced",
            "issue_id",
            "status",
            "due_at",
            "paced_attempt",
            sqlite_where=text("paced_attempt IS NOT NULL AND status = 'pending'"),
            postgresql_where=text("paced_attempt IS NOT NULL AND status = 'pending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    # Those of the issue: `enrol` reads it, and issues are never deleted. Foreign keys
    # are checked row by row; for a million on PostgreSQL the issue's alone was measured
    # at 2.4 s of 9. `newsletter verify` asks what they would have ensured.
    issue_id: int = Field(sa_type=BigId)
    tip_id: int = Field(sa_type=BigId)
    subscriber_id: int = Field(
        foreign_key=f"{Subscriber.__tablename__}.id", sa_type=BigId
    )
    round: int | None
    status: DeliveryStatus = Field(sa_type=enum_type(DeliveryStatus))
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    doubts: int = 0
    paced_attempt: int | None = None
    code: int | None = None
    reason: str = Field(default="", max_length=500)


class AutomaticLetter(SQLModel, table=True):
    """A letter that the program writes by itself to one person, waiting or sent.

    Written in the transaction that makes it necessary, so that a crash loses none.
    `uid` is the left side of its Message-ID, the same on every retry. `facts` is a JSON
    object of what its template says. `to_hash` is the address's keyed hash, which
    counts how much mail was asked for; `to_address` is emptied once it was sent.
    """

    __tablename__ = "automatic_letter"
    __table_args__ = (
        Index(
            "ix_automatic_letter_due",
            "due_at",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_automatic_letter_to", "to_hash", "created_at"),
        Index("ix_automatic_letter_subscriber", "subscriber_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: LetterKind = Field(sa_type=enum_type(LetterKind))
    uid: str = Field(max_length=64, unique=True)
    subscriber_id: int | None = Field(
        default=None, foreign_key=f"{Subscriber.__tablename__}.id", sa_type=BigId
    )
    to_address: str = Field(max_length=320)
    to_hash: str = Field(max_length=64)
    facts: str = Field(default="{}", sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=500)


class Notice(SQLModel, table=True):
    """Something the operator must know, said once per `kind` and `key`.

    `mailed_at` is set, and committed, just before it is mailed: at most one mail.
    """

    __table_args__ = (
        Index("uq_notice", "kind", "key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: NoticeKind = Field(sa_type=enum_type(NoticeKind))
    key: str = Field(max_length=200)
    message: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    mailed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RateScope(SQLModel, table=True):
    """Up to when the letters of a rate a second are taken, by all processes together.

    `scope` is "" for all letters, else a domain. Whoever takes letters locks the row.
    """

    __tablename__ = "rate_scope"

    scope: str = Field(primary_key=True, max_length=255)
    taken_until: datetime = Field(sa_type=UtcDateTime)


class RateCount(SQLModel, table=True):
    """How many letters were taken in a minute; kept for a day."""

    __tablename__ = "rate_count"

    minute: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    letters: int


class RateDay(SQLModel, table=True):
    """How many letters a sender was allowed in the 24 hours from `began_at` on.

    Kept for ever, one row for a day on which something was sent: the warm-up counts
    them.
    """

    __tablename__ = "rate_day"

    sender: str = Field(primary_key=True, max_length=255)
    began_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    letters: int


class Installation(SQLModel, table=True):
    """The one row that says which installation this database belongs to.

    Weeks before `created_at` were never this installation's to send. The rest is the
    fence's, which tells the live database from its copies: `seat` is the random id of
    the live one, empty as long as it never was; `high_water` only grows; `place` names
    the physical database.
    """

    id: int = Field(default=1, primary_key=True)
    uid: str = Field(max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seat: str = Field(default="", max_length=36)
    high_water: int = Field(default=0, sa_type=BigId)
    place: str = Field(default="", max_length=100)
