"""Every way to say no, in the codes and words of Better Auth."""

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
    "EMAIL_CAN_NOT_BE_UPDATED": (400, "Email can not be updated"),
    "EMAIL_PASSWORD_SIGN_UP_DISABLED": (400, "Email and password sign up is not enabled"),
    "FIELD_NOT_ALLOWED": (400, "Field not allowed to be set"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "INVALID_EMAIL_OR_PASSWORD": (401, "Invalid email or password"),
    "BANNED_USER": (
        403,
        "You have been banned from this application. "
        "Please contact support if you believe this is an error.",
    ),
    "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED": (
        403,
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
    ),
    "INVALID_ORIGIN": (403, "Invalid origin"),
    "MISSING_OR_NULL_ORIGIN": (403, "Missing or null Origin"),
    "INVALID_CALLBACK_URL": (403, "Invalid callbackURL"),
    "INVALID_REDIRECT_URL": (403, "Invalid redirectURL"),
    "INVALID_ERROR_CALLBACK_URL": (403, "Invalid errorCallbackURL"),
    "INVALID_NEW_USER_CALLBACK_URL": (403, "Invalid newUserCallbackURL"),
    "SESSION_NOT_FRESH": (403, "Session is not fresh"),
    "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED": (
        405,
        "POST method requires deferSessionRefresh to be enabled in session config",
    ),
    "METHOD_NOT_ALLOWED": (405, "The request method is not known here"),
    "REQUEST_TIMEOUT": (408, "The request took too long to arrive"),
    "PAYLOAD_TOO_LARGE": (413, "The request body is too large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Content-Type is not allowed"),
    "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": (422, "User already exists. Use another email."),
    "REQUEST_HEADER_FIELDS_TOO_LARGE": (431, "The request line and headers are too large"),
    "INTERNAL_SERVER_ERROR": (500, "Internal Server Error"),
    "SERVICE_UNAVAILABLE": (503, "The service is busy or its database is away. Please try again."),
}


class Refusal(Exception):
    """A request is refused: the caller gets status, code and message, and nothing is stored."""

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


def plain_refusal(message: str, *, status: int = 400) -> Refusal:
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


def unavailable(retry_after: int) -> Refusal:
    """Refuse for now because we cannot serve; the caller may try again after that many seconds."""
    return Refusal("SERVICE_UNAVAILABLE", headers={"retry-after": str(max(1, retry_after))})
