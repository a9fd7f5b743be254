"""Every rate limit.

A rule counts in fixed windows; each begins with its first call. The limits on calls of the
auth endpoints are Better Auth's.
"""

from dataclasses import dataclass
from typing import Literal

from limits import parse

CountedBy = Literal["account", "address", "admin", "device", "mailbox", "session", "user"]


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `amount` in `per` seconds, for each address, user or other kind of `by`."""

    amount: int
    per: int
    by: CountedBy

    def key(self, *key_parts: str) -> str:
        """Return the key of one counter: whom it counts and, if counted separately, for what."""
        return f"{self.by}/{self.amount}/{self.per}/{'/'.join(key_parts)}"


# Calls of an auth endpoint or of one below its path; each endpoint counts separately. An address is
# an IPv4 address or a /64 of IPv6.
AUTH_CALLS = {
    "/sign-in": Rule(3, per=10, by="address"),
    "/sign-up": Rule(3, per=10, by="address"),
    "/change-password": Rule(3, per=10, by="address"),
    "/change-email": Rule(3, per=10, by="address"),
    "/two-factor": Rule(3, per=10, by="address"),
    "/request-password-reset": Rule(3, per=60, by="address"),
    "/send-verification-email": Rule(3, per=60, by="address"),
    "/sign-in/magic-link": Rule(5, per=60, by="address"),
    "/magic-link": Rule(5, per=60, by="address"),
    "/email-otp": Rule(3, per=60, by="address"),
    "/sign-in/email-otp": Rule(3, per=60, by="address"),
    "/forget-password": Rule(3, per=60, by="address"),
    "/api/admin/first-admin": Rule(3, per=10, by="address"),  # our own, outside the base path
}
OTHER_AUTH_CALLS = Rule(100, per=10, by="address")
NOT_BY_ADDRESS = {"/get-session", "/ok"}

# Other calls that cost a hash, or tell which user names exist, beyond Better Auth (STRICT). Links
# with a token in their path, such as `/reset-password/{token}`, cost none, and mail scanners open
# them before their owner does.
STRICT_AUTH_CALLS = {
    "/verify-password": Rule(3, per=10, by="address"),
    "/delete-user": Rule(3, per=10, by="address"),
    "/reset-password": Rule(3, per=10, by="address"),
    "/is-username-available": Rule(20, per=60, by="address"),
}
HASHES = Rule(3, per=10, by="user")  # of one user, from any address
HASHES_FOR_OTHERS = Rule(10, per=10, by="admin")  # of passwords that an admin sets

# Calls with a session, on all endpoints together; each replica counts for itself, and our own
# frontend's calls are not counted. The windows are short: a service that checks the session for
# each of its own requests fails for this user until the window ends.
SESSION_CHECKS = Rule(50, per=10, by="session")
SESSION_CHECKS_OF_ADMINS = Rule(300, per=10, by="session")  # a page of the panel takes up to 20
ADMIN_CALLS = Rule(100, per=10, by="admin")  # on each endpoint separately

# Wrong passwords: of all unknown browsers together, of one known browser (in which the user has
# signed in before), and of all known browsers of one user together.
FAILURES_PER_ACCOUNT = Rule(10, per=300, by="account")
FAILURES_PER_DEVICE = Rule(10, per=300, by="device")
FAILURES_OF_DEVICES = Rule(20, per=300, by="user")

ANONYMOUS_USERS = Rule(30, per=3600, by="address")  # made; with STRICT, beyond Better Auth
MAILED_CODES = Rule(5, per=600, by="user")  # as a second factor
SIGN_IN_MAILS = Rule(5, per=600, by="mailbox")  # per kind: strangers must not use up a day's
CODES_PER_MAILBOX = Rule(10, per=86_400, by="mailbox")  # per purpose; each allows three guesses
MAILS_PER_ADDRESS = Rule(3, per=3600, by="mailbox")  # per kind, of those that anybody can request


def auth_rule(path: str, *, strict: bool) -> Rule | None:
    """Return the rule by address for an auth endpoint; `path` is below the base path."""
    if path in NOT_BY_ADDRESS:
        return None
    if strict and path in STRICT_AUTH_CALLS:
        return STRICT_AUTH_CALLS[path]
    first = path.lstrip("/").partition("/")[0]
    return AUTH_CALLS.get(path) or AUTH_CALLS.get(f"/{first}", OTHER_AUTH_CALLS)


def session_checks(*, is_admin: bool) -> Rule:
    """Return the rule by session for calls with it, in the API and in the panel."""
    return SESSION_CHECKS_OF_ADMINS if is_admin else SESSION_CHECKS


def protected_calls(setting: str) -> Rule:
    """Return the rule by user for the application's own endpoints, from text such as 10/minute."""
    parsed = parse(setting)
    return Rule(parsed.amount, per=parsed.get_expiry(), by="user")
