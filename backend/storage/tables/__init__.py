"""The tables, as of the newest migration."""

from backend.storage.tables.audit import audit_events
from backend.storage.tables.metadata import metadata
from backend.storage.tables.sign_in import (
    accounts,
    backup_codes,
    oauth_states,
    one_time_codes,
    passkey_challenges,
    passkeys,
    sign_in_challenges,
    totp_steps,
    trusted_browsers,
    two_factors,
)
from backend.storage.tables.users import links, outbox, pictures, sessions, users

__all__ = [
    "accounts",
    "audit_events",
    "backup_codes",
    "links",
    "metadata",
    "oauth_states",
    "one_time_codes",
    "outbox",
    "passkey_challenges",
    "passkeys",
    "pictures",
    "sessions",
    "sign_in_challenges",
    "totp_steps",
    "trusted_browsers",
    "two_factors",
    "users",
]
