"""Which endpoints a captcha guards."""

from backend.kernel.settings import Settings

_ENDPOINTS = ("/sign-up/email", "/sign-in/email", "/request-password-reset")
# With STRICT: other ways to make an account, to guess a password, or to have a mail sent.
_STRICT_ENDPOINTS = (
    "/sign-in/username",
    "/sign-in/magic-link",
    "/sign-in/anonymous",
    "/email-otp/send-verification-otp",
    "/email-otp/request-password-reset",
    "/forget-password/email-otp",
)


def list_endpoints(settings: Settings) -> tuple[str, ...]:
    """List the auth endpoints that need a token, by their paths below the base path."""
    if settings.captcha_provider == "none":
        return ()
    return (*_ENDPOINTS, *_STRICT_ENDPOINTS) if settings.strict else _ENDPOINTS
