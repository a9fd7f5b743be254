"""The texts of the audit trail: each kind of event and its details."""

from collections.abc import Mapping
from typing import Any

KINDS = {
    "sign_up": "Signed up",
    "sign_up_failed": "Sign-up refused",
    "sign_in": "Signed in",
    "sign_in_failed": "Sign-in failed",
    "sign_out": "Signed out",
    "session_handed_over": "Session used in another browser",
    "session_revoked": "Session ended",
    "user_updated": "Profile changed",
    "user_deletion_requested": "Account deletion requested",
    "user_deleted": "Account deleted",
    "data_exported": "Data exported",
    "password_check_failed": "Wrong password",
    "password_changed": "Password changed",
    "password_reset_requested": "Password reset requested",
    "password_reset": "Password reset",
    "password_set": "Password set by an admin",
    "verification_requested": "Verification email requested",
    "email_verified": "Address verified",
    "email_change_requested": "Email change requested",
    "email_change_confirmed": "Email change confirmed",
    "account_linked": "Account at a provider linked",
    "account_unlinked": "Way in removed",
    "account_link_failed": "Linking refused",
    "provider_tokens_read": "Provider's tokens read",
    "anonymous_user_linked": "Anonymous user linked",
    "email_changed": "Address changed",
    "user_created": "Account created by an admin",
    "role_changed": "Role changed",
    "user_banned": "Banned",
    "user_unbanned": "Ban lifted",
    "impersonation_started": "Impersonation started",
    "impersonation_ended": "Impersonation ended",
    "magic_link_requested": "Link to sign in asked for",
    "two_factor_enabled": "Second factor added",
    "two_factor_disabled": "Second factor removed",
    "two_factor_challenged": "Second factor asked for",
    "two_factor_locked": "Locked after wrong codes",
    "backup_codes_generated": "New backup codes",
    "passkey_added": "Passkey added",
    "passkey_renamed": "Passkey renamed",
    "passkey_removed": "Passkey removed",
    "passkey_copied": "Copied passkey refused",
    "sign_in_code_requested": "Sign-in code requested",
    "email_code_refused": "Wrong mailed code",
    "rate_limited": "Rate limited",
    "admin_created": "First admin created",
    "first_admin_refused": "First admin refused",
    "users_imported": "Users imported",
    "users_exported": "User list exported",
    "database_restored": "Database restored",
}
"""The label of each kind of event, in the order in which a filter offers them."""
_REASONS = {
    "banned": "the account is banned",
    "unverified": "the address is not verified",
    "expired": "it had expired",
    "taken": "the address is taken",
    "second_factor": "the code was wrong",
    "passkey": "the passkey was refused",
    "wrong code": "the code was wrong",
    "too many attempts": "too many codes were tried",
    "username taken": "the user name is taken",
    "wrong link": "the link was wrong or had ended",
    "there is an admin": "there is an admin already",
    # ---- at a provider, by Better Auth's codes and those of OAuth 2.0
    "access_denied": "it was cancelled at the provider",
    "user_cancelled_authorize": "it was cancelled at the provider",
    "state_mismatch": "in another browser, too late, or a second time",
    "state_not_found": "the provider's answer has no state",
    "invalid_callback_request": "the provider's answer cannot be read",
    "no_code": "the provider's answer has no code",
    "invalid_code": "the provider did not confirm it",
    "unable_to_get_user_info": "the provider did not say reliably who it was",
    "issuer_mismatch": "another provider has answered",
    "issuer_missing": "the provider's answer does not name it",
    "email_not_found": "the provider told no address",
    "email_does_not_match": "the account there has another address",
    "account_not_linked": "the address is not verified on both sides",
    "account_already_linked_to_different_user": "the account there belongs to another user",
    "unable_to_link_account": "the address is not verified there",
    "unable_to_create_user": "the address was taken in that moment",
    "signup_disabled": "nobody can sign up",
    "oauth_provider_not_found": "the settings do not name the provider any more",
    "server_error": "the provider had an error",
    "temporarily_unavailable": "the provider was away",
    "not_admin": "they are no administrator",
}
SEVERITIES = {
    "sign_in": "good",
    "sign_up": "good",
    "sign_in_failed": "bad",
    "sign_up_failed": "bad",
    "password_check_failed": "bad",
    "email_code_refused": "bad",
    "rate_limited": "bad",
    "two_factor_locked": "bad",
    "passkey_copied": "bad",
    "admin_created": "warn",
    "first_admin_refused": "bad",
    "account_linked": "good",
    "account_unlinked": "warn",
    "account_link_failed": "bad",
    "passkey_added": "good",
    "passkey_removed": "warn",
    "two_factor_enabled": "good",
    "two_factor_disabled": "warn",
    "user_banned": "warn",
    "user_deleted": "warn",
    "role_changed": "warn",
    "database_restored": "warn",
    "impersonation_started": "warn",
}
"""How an event looks in a list: good, bad, or a warning (warn)."""
CAPTION = "Events"
WHO = "Who"
COLUMNS = ("What", WHO, "From", "When")
BY = "by"
NOBODY = "no account"
GONE = "a deleted user"
_DETAILS = {
    "reason": "Why",
    "method": "How",
    "provider": "Provider",
    "second_factor": "Second factor",
    "known": "Account exists",
    "within_limit": "Mail written",
    "sessions": "Sessions ended",
    "links": "Links ended",
    "accounts": "Accounts",
    "damaged": "Damaged snapshots",
    "asOf": "As of",
    "path": "Path",
    "what": "Attempts at",
    "users": "Users",
    "is_estimate": "Estimated",
    "filters": "Filters",
    "fields": "Changed",
    "from": "Before",
    "to": "After",
    "until": "Until",
    "ban_reason": "Reason",
    "role": "Role",
    "has_password": "Has a password",
    "by_themselves": "Done by the user",
    "by": "By",
}
YES, NO = "yes", "no"
_FOR_GOOD = "the ban is lifted"


def kind_label(kind: str) -> str:
    """Return the label of a kind of event; an unknown kind keeps its name."""
    return KINDS.get(kind) or kind.replace("_", " ").capitalize()


def reason(detail: Mapping[str, Any]) -> str:
    """Return why it happened; empty if the event does not say, or the reason is unknown."""
    return _REASONS.get(str(detail.get("reason", "")), "")


def detail(name: str, value: Any) -> tuple[str, str]:
    """Return the label and the value of a detail; an unknown one keeps its name."""
    label = _DETAILS.get(name) or name.replace("_", " ").capitalize()
    if isinstance(value, bool):
        return label, YES if value else NO
    if name == "reason":
        return label, _REASONS.get(str(value), str(value))
    if (name, value) == ("until", "lifted"):
        return label, _FOR_GOOD
    return label, f"{value:,}" if isinstance(value, int) else str(value)
