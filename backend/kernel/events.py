"""The events of the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """What happened. Stored and logged under these names, which therefore never change."""

    SIGN_UP = "sign_up"
    SIGN_UP_FAILED = "sign_up_failed"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    SESSION_HANDED_OVER = "session_handed_over"
    SESSION_REVOKED = "session_revoked"
    USER_UPDATED = "user_updated"
    USER_DELETION_REQUESTED = "user_deletion_requested"
    USER_DELETED = "user_deleted"
    DATA_EXPORTED = "data_exported"
    PASSWORD_CHECK_FAILED = "password_check_failed"  # noqa: S105  an event, not a password
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    MAGIC_LINK_REQUESTED = "magic_link_requested"
    VERIFICATION_REQUESTED = "verification_requested"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGE_CONFIRMED = "email_change_confirmed"
    EMAIL_CHANGED = "email_changed"
    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_UNLINKED = "account_unlinked"
    ACCOUNT_LINK_FAILED = "account_link_failed"
    PROVIDER_TOKENS_READ = "provider_tokens_read"
    ANONYMOUS_USER_LINKED = "anonymous_user_linked"
    USER_CREATED = "user_created"
    ROLE_CHANGED = "role_changed"
    USER_BANNED = "user_banned"
    USER_UNBANNED = "user_unbanned"
    PASSWORD_SET = "password_set"  # noqa: S105
    IMPERSONATION_STARTED = "impersonation_started"
    IMPERSONATION_ENDED = "impersonation_ended"
    TWO_FACTOR_ENABLED = "two_factor_enabled"
    TWO_FACTOR_DISABLED = "two_factor_disabled"
    TWO_FACTOR_CHALLENGED = "two_factor_challenged"
    TWO_FACTOR_LOCKED = "two_factor_locked"
    BACKUP_CODES_GENERATED = "backup_codes_generated"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    SIGN_IN_CODE_REQUESTED = "sign_in_code_requested"
    EMAIL_CODE_REFUSED = "email_code_refused"
    RATE_LIMITED = "rate_limited"
    ADMIN_CREATED = "admin_created"
    FIRST_ADMIN_REFUSED = "first_admin_refused"
    USERS_IMPORTED = "users_imported"
    USERS_EXPORTED = "users_exported"
    DATABASE_RESTORED = "database_restored"


BAN_REASON = "ban_reason"
"""The detail with what an admin wrote about a person.

Deleting the user removes it from the trail. The log, from which nothing is removed, never gets it.
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit trail, without its time and request.

    `actor` did it to `subject`; both are user ids, or None for a stranger. `detail` holds a few
    facts and never a secret.
    """

    kind: EventKind
    actor: UUID | None = None
    subject: UUID | None = None
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)
