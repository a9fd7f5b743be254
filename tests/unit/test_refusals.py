"""All refusals, with Better Auth's messages."""

import pytest

from backend.kernel.refusals import (
    CODES,
    Refusal,
    refusal_without_code,
    service_unavailable,
    too_many_requests,
)

# Of Better Auth's own table; what is not here is ours.
BETTER_AUTHS = {
    "INVALID_EMAIL": (400, "Invalid email"),
    "PASSWORD_TOO_SHORT": (400, "Password too short"),
    "PASSWORD_TOO_LONG": (400, "Password too long"),
    "EMAIL_CAN_NOT_BE_UPDATED": (400, "Email can not be updated"),
    "EMAIL_PASSWORD_SIGN_UP_DISABLED": (400, "Email and password sign up is not enabled"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "INVALID_EMAIL_OR_PASSWORD": (401, "Invalid email or password"),
    "INVALID_ORIGIN": (403, "Invalid origin"),
    "MISSING_OR_NULL_ORIGIN": (403, "Missing or null Origin"),
    "INVALID_CALLBACK_URL": (403, "Invalid callbackURL"),
    "INVALID_REDIRECT_URL": (403, "Invalid redirectURL"),
    "INVALID_ERROR_CALLBACK_URL": (403, "Invalid errorCallbackURL"),
    "INVALID_NEW_USER_CALLBACK_URL": (403, "Invalid newUserCallbackURL"),
    "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED": (
        403,
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
    ),
    "SESSION_NOT_FRESH": (403, "Session is not fresh"),
    "BANNED_USER": (
        403,
        "You have been banned from this application. "
        "Please contact support if you believe this is an error.",
    ),
    "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED": (
        405,
        "POST method requires deferSessionRefresh to be enabled in session config",
    ),
    "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": (422, "User already exists. Use another email."),
    "PASSWORD_COMPROMISED": (
        400,
        "The password you entered has been compromised. Please choose a different password.",
    ),
}


@pytest.mark.parametrize("code", BETTER_AUTHS)
def test_a_code_has_better_auths_status_and_words(code):
    assert CODES[code] == BETTER_AUTHS[code]


def test_every_code_refuses():
    assert all(400 <= status < 600 and message for status, message in CODES.values())


def test_a_refusal_knows_its_status_and_message():
    refusal = Refusal("INVALID_EMAIL")
    assert (refusal.status, refusal.message) == (400, "Invalid email")


def test_both_may_be_said_otherwise():
    refusal = Refusal("FIELD_NOT_ALLOWED", "role is not allowed to be set", status=403)
    assert (refusal.status, refusal.message) == (403, "role is not allowed to be set")


def test_an_unknown_code_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        Refusal("NO_SUCH_CODE")


def test_a_plain_refusal_has_a_message_and_no_code():
    refusal = refusal_without_code("No fields to update")
    assert (refusal.status, refusal.code, refusal.message) == (400, None, "No fields to update")


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0, "1"), (-3, "1")])
def test_too_many_requests_tells_when_to_come_back(seconds, header):
    refusal = too_many_requests(seconds)
    assert refusal.status == 429
    assert refusal.headers == {"x-retry-after": header, "retry-after": header}


def test_unavailable_tells_when_to_come_back():
    assert (service_unavailable(2).status, service_unavailable(2).headers) == (
        503,
        {"retry-after": "2"},
    )


def test_two_refusals_do_not_share_their_headers():
    service_unavailable(2).headers["x"] = "y"
    assert service_unavailable(2).headers == {"retry-after": "2"}
