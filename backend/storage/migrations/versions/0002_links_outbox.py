"""Mailed links, the outbox, and the indexes for admins' lists of users and audit events."""

import sqlalchemy as sa
from alembic import op

from backend.storage.postgres.trigrams import create_trigram_indexes
from backend.storage.utc_datetime import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_links()
    _create_outbox()
    _index_lists()
    if op.get_bind().dialect.name == "postgresql":
        create_trigram_indexes(op.get_bind(), {"email": "email", "name": "lower(name)"})


def _index_lists() -> None:
    for column in ("name", "role", "created_at", "updated_at"):
        op.create_index(f"users_{column}_id_idx", "users", [column, "id"])
    op.create_index(
        "users_banned_idx",
        "users",
        ["id"],
        postgresql_where=sa.text("banned"),
        sqlite_where=sa.text("banned = 1"),  # to SQLite another word than "banned"
    )
    impersonated = sa.text("impersonated_by IS NOT NULL")
    op.create_index(
        "sessions_impersonated_by_idx",
        "sessions",
        ["impersonated_by"],
        postgresql_where=impersonated,
        sqlite_where=impersonated,
    )
    op.create_index("audit_events_kind_id_idx", "audit_events", ["kind", "id"])
    op.create_index("audit_events_ip_address_id_idx", "audit_events", ["ip_address", "id"])
    op.create_index("audit_events_request_id_idx", "audit_events", ["request_id"])
    # Events on oneself are found by the subject: an index of all actors would be large.
    to_others = "actor_id IS NOT NULL AND actor_id IS {} subject_id"
    op.create_index(
        "audit_events_actor_id_id_idx",
        "audit_events",
        ["actor_id", "id"],
        postgresql_where=sa.text(to_others.format("DISTINCT FROM")),
        sqlite_where=sa.text(to_others.format("NOT")),
    )


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE")),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
    )
    op.create_index("links_user_id_idx", "links", ["user_id"])
    op.create_index("links_expires_at_idx", "links", ["expires_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("outbox_due_at_idx", "outbox", ["due_at"])
    op.create_index("outbox_recipient_idx", "outbox", ["recipient"])
