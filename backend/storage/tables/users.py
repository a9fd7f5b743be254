"""Users, their sessions, and what is mailed to them."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    false,
    text,
)

from backend.storage.tables.metadata import metadata
from backend.storage.utc_datetime import UtcDateTime

_IMPERSONATED = text("impersonated_by IS NOT NULL")

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # in its normal form
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("email_contested", Boolean, nullable=False, server_default=false()),  # decision 0023
    Column("name", Text, nullable=False),
    Column("image", Text),
    Column("password_hash", Text),  # none: this user signs in by other means
    Column("username", String(30)),  # in its normal form
    Column("display_username", Text),  # as its owner writes it
    Column("two_factor_enabled", Boolean, nullable=False, server_default=false()),
    Column("is_anonymous", Boolean, nullable=False, server_default=false()),
    Column("role", Text, nullable=False, server_default="user"),
    Column("banned", Boolean, nullable=False, server_default=false()),
    Column("ban_reason", Text),
    Column("ban_expires", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("users_username_key", "username", unique=True),
    Index(None, "name", "id"),
    Index(None, "role", "id"),
    Index(None, "created_at", "id"),
    Index(None, "updated_at", "id"),
    Index(
        "users_banned_idx", "id", postgresql_where=text("banned"), sqlite_where=text("banned = 1")
    ),
    Index(
        "users_is_anonymous_idx",
        "id",
        postgresql_where=text("is_anonymous"),
        sqlite_where=text("is_anonymous = 1"),
    ),
)  # and, on PostgreSQL with pg_trgm, those of storage/postgres/trigrams.py

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("session_token", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the token
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ip_address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("remembered", Boolean, nullable=False),  # false: ends with the browser, never refreshed
    Column("impersonated_by", Uuid),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    Index(None, "ip_address", "id"),
    Index(None, "impersonated_by", postgresql_where=_IMPERSONATED, sqlite_where=_IMPERSONATED),
)

links = Table(  # what was mailed to be clicked: reset, verification, change of address ...
    "links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),  # none: a decoy
    Column("email", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

outbox = Table(  # a mail is a row, written together with what caused it
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("message_id", Text, nullable=False),  # the same at every attempt
    Column("sealed", LargeBinary),  # encrypted: it holds live links; gone once sent
    Column("state", Text, nullable=False),  # waiting, sent, held, given_up, decoy
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime),  # when it may be tried next; set while it waits
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("last_error", Text),
    Index(None, "due_at"),
    Index(None, "recipient"),  # what we hold about somebody is shown and deleted by address
)

pictures = Table(  # small ones, apart from the users: those are read at every session check
    "pictures",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of the content, in hexadecimal
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index(None, "digest"),
)
