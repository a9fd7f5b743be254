"""The tables, as of the newest migration."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
    text,
)

from backend.storage.utc_datetime import UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
    }
)

_IMPERSONATED = text("impersonated_by IS NOT NULL")
_SIGNED_IN = text("kind IN ('sign_in', 'sign_up')")


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

two_factors = Table(  # the second factors of a user, and the wrong codes in a row
    "two_factors",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("totp_secret", LargeBinary),  # encrypted; none: no authenticator app
    Column("totp_confirmed", Boolean, nullable=False),  # false: enrolment was only begun
    Column("mail_codes", Boolean, nullable=False),
    Column("password_by_mail", Boolean, nullable=False),  # it was last reset with a mailed link
    Column("before_verification", Boolean, nullable=False, server_default=false()),
    Column("failed_attempts", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

backup_codes = Table(  # a used one is deleted
    "backup_codes",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
)

totp_steps = Table(  # the time steps whose code has been used
    "totp_steps",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
)

trusted_browsers = Table(  # where a sign-in needs no second factor
    "trusted_browsers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),
    Column("ip_address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_challenges = Table(  # sign-ins that wait for a second factor
    "sign_in_challenges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),
    Column("method", Text, nullable=False),  # the first step
    Column("remembered", Boolean, nullable=False),
    Column("mail_codes", Boolean, nullable=False),  # whether they may answer it
    Column("attempts", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("anonymous_user_id", Uuid),  # who was there without an account, and becomes the user
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

one_time_codes = Table(  # mailed to be typed; the newest for a subject counts
    "one_time_codes",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # what it is for: a challenge, a session ...
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),  # none: a decoy
    Column("digest", LargeBinary(32), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # in COSE's form
    Column("sign_count", BigInteger, nullable=False),
    Column("device_type", Text, nullable=False),  # singleDevice, multiDevice
    Column("backed_up", Boolean, nullable=False),
    Column("transports", Text),  # separated by commas
    Column("aaguid", Text),  # the authenticator's model
    Column("rp_id", Text, nullable=False),  # the domain it works on
    Column("before_verification", Boolean, nullable=False),  # as of two_factors
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Index(None, "user_id"),
)

passkey_challenges = Table(  # what an authenticator signs; a used one is deleted
    "passkey_challenges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),  # of the browser's cookie
    Column("purpose", Text, nullable=False),  # registration, authentication
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),  # none: not known yet
    Column("challenge", LargeBinary, nullable=False),
    Column("rp_id", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7: sorts by time
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor_id", Uuid),  # no foreign keys: the trail outlives the user
    Column("subject_id", Uuid),
    Column("ip_address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("impersonated_by", Uuid),  # the admin who acted as the actor
    Index(None, "subject_id", "id"),
    Index(None, "kind", "id"),
    Index(None, "ip_address", "id"),
    Index(None, "request_id"),
    Index(  # what people do to themselves is found by the subject
        None,
        "actor_id",
        "id",
        postgresql_where=text("actor_id IS NOT NULL AND actor_id IS DISTINCT FROM subject_id"),
        sqlite_where=text("actor_id IS NOT NULL AND actor_id IS NOT subject_id"),
    ),
    Index(
        None,
        "impersonated_by",
        "id",
        postgresql_where=_IMPERSONATED,
        sqlite_where=_IMPERSONATED,
    ),
    Index(
        "audit_events_signed_in_idx",
        "subject_id",
        "id",
        postgresql_where=_SIGNED_IN,
        sqlite_where=_SIGNED_IN,
    ),
)
