"""All refusals, with the codes and messages of Better Auth."""

from collections.abc import Mapping

CODES: Mapping[str, tuple[int, str]] = {
    "BAD_REQUEST": (400, "Invalid JSON in request body"),
    "VALIDATION_ERROR": (400, "Validation Error"),
    "INVALID_EMAIL": (400, "Invalid email"),
    "PASSWORD_TOO_SHORT": (400, "Password too short"),
    "PASSWORD_TOO_LONG": (400, "Password too long"),
    "PASSWORD_COMPROMISED": (
        400,
        "The password you entered has been compromised. Please choose a different password.",
    ),
    "MISSING_RESPONSE": (400, "Missing CAPTCHA response"),
    "INVALID_PASSWORD": (400, "Invalid password"),
    "INVALID_TOKEN": (400, "Invalid token"),
    "EMAIL_CAN_NOT_BE_UPDATED": (400, "Email can not be updated"),
    "EMAIL_ALREADY_VERIFIED": (400, "Email is already verified"),
    "EMAIL_MISMATCH": (400, "Email mismatch"),
    "CHANGE_EMAIL_DISABLED": (400, "Change email is disabled"),
    "CREDENTIAL_ACCOUNT_NOT_FOUND": (400, "Credential account not found"),
    "ACCOUNT_NOT_FOUND": (400, "Account not found"),
    "PROVIDER_NOT_SUPPORTED": (400, "Provider is not supported."),
    "PROVIDER_NOT_CONFIGURED": (
        400,
        "Account is not associated with a configured social provider.",
    ),
    "REFRESH_TOKEN_NOT_FOUND": (400, "Refresh token not found"),
    "ACCESS_TOKEN_NOT_FOUND": (400, "Access token not found"),
    "FAILED_TO_GET_ACCESS_TOKEN": (400, "Failed to get a valid access token"),
    "FAILED_TO_REFRESH_ACCESS_TOKEN": (400, "Failed to refresh access token"),
    "FAILED_TO_UNLINK_LAST_ACCOUNT": (400, "You can't unlink your last account"),
    "SESSION_EXPIRED": (400, "Session expired. Re-authenticate to perform this action."),
    "EMAIL_PASSWORD_SIGN_UP_DISABLED": (400, "Email and password sign up is not enabled"),
    "FIELD_NOT_ALLOWED": (400, "Field not allowed to be set"),
    "NO_DATA_TO_UPDATE": (400, "No data to update"),
    "USER_ID_CANNOT_BE_UPDATED": (400, "User id cannot be updated"),
    "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER": (
        400,
        "Password cannot be updated through update-user. "
        "Use the set-user-password endpoint instead",
    ),
    "USERNAME_TOO_SHORT": (400, "Username is too short"),
    "USERNAME_TOO_LONG": (400, "Username is too long"),
    "INVALID_USERNAME": (400, "Username is invalid"),
    "USERNAME_IS_ALREADY_TAKEN": (400, "Username is already taken. Please try another."),
    "INVALID_ROLE_TYPE": (400, "Invalid role type"),
    "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE": (
        400,
        "You are not allowed to set a non-existent role value",
    ),
    "YOU_CANNOT_BAN_YOURSELF": (400, "You cannot ban yourself"),
    "YOU_CANNOT_REMOVE_YOURSELF": (400, "You cannot remove yourself"),
    "OTP_NOT_ENABLED": (400, "OTP not enabled"),
    "OTP_NOT_CONFIGURED": (400, "OTP is not available"),
    "OTP_HAS_EXPIRED": (400, "OTP has expired"),
    "OTP_EXPIRED": (400, "OTP expired"),
    "INVALID_OTP": (400, "Invalid OTP"),
    "TOTP_NOT_ENABLED": (400, "TOTP not enabled"),
    "TOTP_ALREADY_ENABLED": (400, "TOTP is already enabled"),
    "TWO_FACTOR_NOT_ENABLED": (400, "Two factor isn't enabled"),
    "BACKUP_CODES_NOT_ENABLED": (400, "Backup codes aren't enabled"),
    "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE": (400, "Too many attempts. Please request a new code."),
    "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY": (
        400,
        "Anonymous users cannot sign in again anonymously",
    ),
    "ANONYMOUS_USERS_CANNOT_BE_ADMINS": (400, "Anonymous users cannot be admins"),
    "CHALLENGE_NOT_FOUND": (400, "Challenge not found"),
    "AUTHENTICATION_FAILED": (400, "Authentication failed"),
    "FAILED_TO_VERIFY_REGISTRATION": (400, "Failed to verify registration"),
    "LAST_ADMIN": (400, "The last admin cannot be removed, banned or demoted"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "TOKEN_EXPIRED": (401, "Token expired"),
    "INVALID_USER": (401, "Invalid user"),
    "INVALID_SESSION_TOKEN": (401, "Invalid session token"),
    "INVALID_EMAIL_OR_PASSWORD": (401, "Invalid email or password"),
    "INVALID_USERNAME_OR_PASSWORD": (401, "Invalid username or password"),
    "INVALID_CODE": (401, "Invalid code"),
    "INVALID_BACKUP_CODE": (401, "Invalid backup code"),
    "INVALID_TWO_FACTOR_COOKIE": (401, "Invalid two factor cookie"),
    "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY": (
        401,
        "You are not allowed to register this passkey",
    ),
    "USER_EMAIL_NOT_FOUND": (401, "User email not found"),
    "OAUTH_LINK_ERROR": (401, "account not linked"),
    "LINKING_NOT_ALLOWED": (401, "Account not linked - linking not allowed"),
    "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED": (
        401,
        "Account not linked - different emails not allowed",
    ),
    "EMAIL_NOT_VERIFIED": (403, "Email not verified"),
    "BANNED_USER": (
        403,
        "You have been banned from this application. "
        "Please contact support if you believe this is an error.",
    ),
    "TOO_MANY_ATTEMPTS": (403, "Too many attempts"),
    "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED": (
        403,
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
    ),
    "VERIFICATION_FAILED": (403, "Captcha verification failed"),
    "INVALID_ORIGIN": (403, "Invalid origin"),
    "MISSING_OR_NULL_ORIGIN": (403, "Missing or null Origin"),
    "INVALID_CALLBACK_URL": (403, "Invalid callbackURL"),
    "INVALID_REDIRECT_URL": (403, "Invalid redirectURL"),
    "INVALID_ERROR_CALLBACK_URL": (403, "Invalid errorCallbackURL"),
    "INVALID_NEW_USER_CALLBACK_URL": (403, "Invalid newUserCallbackURL"),
    "SESSION_NOT_FRESH": (403, "Session is not fresh"),
    "TWO_FACTOR_REQUIRED": (403, "Set up a second factor first"),
    "ADMINS_ONLY": (403, "Only admins can do this"),
    "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE": (403, "You are not allowed to change users role"),
    "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS": (403, "You are not allowed to create users"),
    "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS": (403, "You are not allowed to list users"),
    "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS": (
        403,
        "You are not allowed to list users sessions",
    ),
    "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS": (403, "You are not allowed to ban users"),
    "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS": (403, "You are not allowed to impersonate users"),
    "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS": (
        403,
        "You are not allowed to revoke users sessions",
    ),
    "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS": (403, "You are not allowed to delete users"),
    "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD": (403, "You are not allowed to set users password"),
    "YOU_ARE_NOT_ALLOWED_TO_GET_USER": (403, "You are not allowed to get user"),
    "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS": (403, "You are not allowed to update users"),
    "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL": (403, "You are not allowed to update users email"),
    "USER_IS_NOT_ANONYMOUS": (403, "User is not anonymous"),
    "YOU_CANNOT_IMPERSONATE_ADMINS": (403, "You cannot impersonate admins"),
    "NOT_FOUND": (404, "Not found"),
    "USER_NOT_FOUND": (404, "User not found"),
    "PASSKEY_NOT_FOUND": (404, "Passkey not found"),
    "PROVIDER_NOT_FOUND": (404, "Provider not found"),
    "ID_TOKEN_NOT_SUPPORTED": (404, "id_token not supported"),
    "FAILED_TO_GET_USER_INFO": (404, "Failed to get user info"),
    "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED": (
        405,
        "POST method requires deferSessionRefresh to be enabled in session config",
    ),
    "SOCIAL_ACCOUNT_ALREADY_LINKED": (409, "Social account already linked"),
    "METHOD_NOT_ALLOWED": (405, "The request method is not supported"),
    "REQUEST_TIMEOUT": (408, "The request took too long to arrive"),
    "PAYLOAD_TOO_LARGE": (413, "The request body is too large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Content-Type is not allowed"),
    "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": (422, "User already exists. Use another email."),
    "ACCOUNT_TEMPORARILY_LOCKED": (
        429,
        "Too many failed verification attempts. Your account is temporarily locked. "
        "Please try again later.",
    ),
    "REQUEST_HEADER_FIELDS_TOO_LARGE": (431, "The request line and headers are too large"),
    "UNKNOWN_ERROR": (500, "Something went wrong"),
    "INTERNAL_SERVER_ERROR": (500, "Internal Server Error"),
    "SERVICE_UNAVAILABLE": (
        503,
        "The service is busy or its database is unavailable. Please try again.",
    ),
}


class Refusal(Exception):
    """Refuses a request: the client gets status, code and message, and nothing is stored."""

    def __init__(
        self,
        code: str | None,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        known_status, known_message = CODES[code] if code is not None else (400, "")
        self.code = code
        self.status = status or known_status
        self.message = message or known_message
        self.headers = dict(headers or {})
        super().__init__(f"{self.status} {code or ''} {self.message}".strip())


class RecordedRefusal(Refusal):
    """Refuses, but keeps what was written: a wrong code that was counted before it was compared.

    `Work` commits. Counting in a second transaction would let parallel guesses in between.
    """

    @classmethod
    def of(cls, refusal: Refusal) -> "RecordedRefusal":
        """Return the same refusal, but keep what was written."""
        return cls(refusal.code, refusal.message, status=refusal.status, headers=refusal.headers)


def refusal_without_code(message: str, *, status: int = 400) -> Refusal:
    """Refuse with a message and no code, as Better Auth does for a few cases."""
    return Refusal(None, message, status=status)


def too_many_requests(retry_after: int) -> Refusal:
    """Refuse for `retry_after` seconds; Better Auth's client reads X-Retry-After (RFC 6585)."""
    seconds = str(max(1, retry_after))
    return Refusal(
        None,
        "Too many requests. Please try again later.",
        status=429,
        headers={"x-retry-after": seconds, "retry-after": seconds},
    )


def service_unavailable(retry_after: int) -> Refusal:
    """Refuse because the server is too busy; the client may retry after that many seconds."""
    return Refusal("SERVICE_UNAVAILABLE", headers={"retry-after": str(max(1, retry_after))})
