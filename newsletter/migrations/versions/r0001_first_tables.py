"""The first tables: people, tips, issues, the ledger, notices.

Revision: 0001
Follows: nothing
Locks: none; every table is new.
"""

import sqlalchemy as sa
from alembic import op

from newsletter import search

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the first tables."""
    _people_and_notices()
    _consent_and_leaving()
    _tips()
    _issues_and_ledger()
    _automatic_letters()
    _rates()


def _people_and_notices() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seat", sa.String(length=36), nullable=False),
        sa.Column("high_water", BIG_ID, nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "notice",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("mailed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_notice", "notice", ["kind", "key"], unique=True)
    op.create_table(
        "subscriber",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("signed_up_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("status_at", INSTANT, nullable=False),
        sa.Column("bounces", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("every_weeks", sa.Integer(), server_default="1", nullable=False),
        sa.Column("since_week", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_subscriber_status", "subscriber", ["status", "id"], unique=False
    )
    gone = sa.text("status NOT IN ('active', 'pending', 'erased')")
    op.create_index(
        "ix_subscriber_gone",
        "subscriber",
        ["status_at"],
        unique=False,
        sqlite_where=gone,
        postgresql_where=gone,
    )
    op.create_index(
        "ix_subscriber_paused",
        "subscriber",
        ["paused_until"],
        sqlite_where=sa.text("paused_until IS NOT NULL"),
        postgresql_where=sa.text("paused_until IS NOT NULL"),
    )


def _consent_and_leaving() -> None:
    op.create_table(
        "consent",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("page", sa.String(length=200), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("form_version", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consent_subscriber", "consent", ["subscriber_id", "id"])
    op.create_index("ix_consent_step", "consent", ["step", "at"])
    op.create_table(
        "departure",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("issue_id", BIG_ID, nullable=False),
        sa.Column("seconds_after_letter", sa.Integer(), nullable=True),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_departure_subscriber", "departure", ["subscriber_id", "id"])
    op.create_index("ix_departure_at", "departure", ["at"])
    op.create_index("ix_departure_state", "departure", ["state", "id"])
    op.create_index("ix_departure_network", "departure", ["network", "at"])
    op.create_index(
        "ix_departure_soon",
        "departure",
        ["at"],
        sqlite_where=sa.text("seconds_after_letter IS NOT NULL"),
        postgresql_where=sa.text("seconds_after_letter IS NOT NULL"),
    )
    op.create_table(
        "address_change",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("old_address", sa.String(length=320), nullable=False),
        sa.Column("new_address", sa.String(length=320), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_address_change_subscriber", "address_change", ["subscriber_id", "id"]
    )
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address_hash"),
    )


def _tips() -> None:
    op.create_table(
        "tip",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pin", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=True),
        sa.Column("archived_on", sa.Date(), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("origin", sa.String(length=500), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("origin"),
        sa.UniqueConstraint("slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tip_queue", "tip", ["status", "position"], unique=False)
    op.create_index("ix_tip_published", "tip", ["published_at", "id"], unique=False)
    for statement in search.statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table(
        "tip_comment",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tip_id", BIG_ID, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("reply_to", sa.String(length=200), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column(
            "status", sa.String(length=16), server_default="shown", nullable=False
        ),
        sa.Column(
            "author_key",
            sa.String(length=64),
            server_default=sa.text("''"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tip_id"],
            ["tip.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_tip_comment_origin", "tip_comment", ["tip_id", "origin"], unique=True
    )
    op.create_index("ix_tip_comment_shown", "tip_comment", ["tip_id", "status"])
    op.create_index(
        "ix_tip_comment_author", "tip_comment", ["author_key", "status"], unique=False
    )
    op.create_index(
        "ix_tip_comment_status", "tip_comment", ["status", "id"], unique=False
    )
    op.create_table(
        "tip_votes",
        sa.Column("tip_id", BIG_ID, nullable=False),
        sa.Column("useful", sa.Integer(), nullable=False),
        sa.Column("not_useful", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.PrimaryKeyConstraint("tip_id"),
    )
    op.create_table(
        "tip_label",
        sa.Column("tip_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tip_id"],
            ["tip.id"],
        ),
        sa.PrimaryKeyConstraint("tip_id", "kind", "slug"),
    )
    op.create_index("ix_tip_label_slug", "tip_label", ["kind", "slug"], unique=False)


def _issues_and_ledger() -> None:
    op.create_table(
        "issue",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("slot", sa.String(length=8), nullable=False),
        sa.Column("tip_id", BIG_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("subject", sa.String(length=998), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mail_domain", sa.String(length=255), nullable=False),
        sa.Column("enrolled", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("paused_because", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["tip_id"],
            ["tip.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_issue_tip", "issue", ["tip_id"], unique=False)
    op.create_index(
        "uq_issue_round",
        "issue",
        ["tip_id", "round"],
        unique=True,
        sqlite_where=sa.text("status <> 'cancelled'"),
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_index(
        "uq_issue_slot",
        "issue",
        ["slot"],
        unique=True,
        sqlite_where=sa.text("status <> 'cancelled'"),
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_index("uq_issue_slot_tip", "issue", ["slot", "tip_id"], unique=True)
    op.create_table(
        "delivery",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("issue_id", BIG_ID, nullable=False),
        sa.Column("tip_id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("dated_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("paced_attempt", sa.Integer(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["issue_id", "status", "due_at", "id"],
        unique=False,
    )
    waits_for_its_place = sa.text("paced_attempt IS NOT NULL AND status = 'pending'")
    op.create_index(
        "ix_delivery_paced",
        "delivery",
        ["issue_id", "status", "due_at", "paced_attempt"],
        unique=False,
        sqlite_where=waits_for_its_place,
        postgresql_where=waits_for_its_place,
    )
    op.create_index(
        "uq_delivery_issue", "delivery", ["issue_id", "subscriber_id"], unique=True
    )
    op.create_index(
        "uq_delivery_round",
        "delivery",
        ["subscriber_id", "tip_id", "round"],
        unique=True,
    )


def _automatic_letters() -> None:
    op.create_table(
        "automatic_letter",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=True),
        sa.Column("to_address", sa.String(length=320), nullable=False),
        sa.Column("to_hash", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
        sqlite_autoincrement=True,
    )
    waits = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_automatic_letter_due",
        "automatic_letter",
        ["due_at", "id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index(
        "ix_automatic_letter_to", "automatic_letter", ["to_hash", "created_at"]
    )
    op.create_index(
        "ix_automatic_letter_subscriber", "automatic_letter", ["subscriber_id"]
    )


def _rates() -> None:
    op.create_table(
        "rate_scope",
        sa.Column("scope", sa.String(length=255), nullable=False),
        sa.Column("taken_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("scope"),
    )
    op.create_table(
        "rate_count",
        sa.Column("minute", INSTANT, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute"),
    )
    op.create_table(
        "rate_day",
        sa.Column("sender", sa.String(length=255), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "began_at"),
    )
