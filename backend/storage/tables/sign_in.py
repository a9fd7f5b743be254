"""What people sign in with, and sign-ins that are under way."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    false,
)

from backend.storage.tables.metadata import metadata
from backend.storage.utc_datetime import UtcDateTime

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
    Column("provider_id", Text),  # if that was an account at a provider
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

accounts = Table(  # whom a provider calls a user; passwords are in users
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("issuer", Text, nullable=False),  # who says so; empty: imported, not seen since
    Column("account_id", Text, nullable=False),  # what the issuer calls this person
    Column("scopes", Text, nullable=False),  # what the person has granted, separated by spaces
    Column("access_token", LargeBinary),  # these three are encrypted
    Column("refresh_token", LargeBinary),
    Column("id_token", LargeBinary),
    Column("access_token_expires_at", UtcDateTime),
    Column("refresh_token_expires_at", UtcDateTime),
    Column("before_verification", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("accounts_provider_key", "provider_id", "account_id", "issuer", unique=True),
    Index(None, "user_id"),
)

oauth_states = Table(  # sign-ins that are at a provider; a used one is deleted
    "oauth_states",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state_digest", LargeBinary(32), nullable=False, unique=True),
    Column("provider_id", Text, nullable=False),
    Column("origin", Text, nullable=False),  # where the browser keeps the state
    Column("forwarded", Boolean, nullable=False, server_default=false()),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),  # who links an account
    Column("session_id", Uuid),  # in which session
    Column("sealed", LargeBinary, nullable=False),  # what only the state opens
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)
