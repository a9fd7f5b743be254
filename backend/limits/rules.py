"""Who may do what how often: every limit there is.

A rule counts in windows, each of which begins with the first call in it. The limits on calls of the
auth endpoints are Better Auth's.
"""

from dataclasses import dataclass
from typing import Literal

from limits import parse

Whom = Literal["account", "address", "admin", "device", "mailbox", "session", "user"]


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `amount` in `per` seconds, counted for each address, user or whoever `by` says."""

    amount: int
    per: int
    by: Whom

    def key(self, *whom: str) -> str:
        """Name the counter of one of them: who, and where things count apart, what they do."""
        return f"{self.by}/{self.amount}/{self.per}/{'/'.join(whom)}"


# Calls of an auth endpoint and of those below its path, each endpoint for itself. An address is an
# IPv4 address or a /64 of IPv6.
AUTH_CALLS = {
    "/sign-in": Rule(3, per=10, by="address"),
    "/sign-up": Rule(3, per=10, by="address"),
    "/change-password": Rule(3, per=10, by="address"),
    "/change-email": Rule(3, per=10, by="address"),
    "/request-password-reset": Rule(3, per=60, by="address"),
    "/send-verification-email": Rule(3, per=60, by="address"),
}
OTHER_AUTH_CALLS = Rule(100, per=10, by="address")
NOT_BY_ADDRESS = {"/get-session", "/ok"}

# What costs a hash besides, beyond Better Auth (STRICT). Links with a token in their path, such as
# `/reset-password/{token}`, cost none, and are opened by whoever reads the mail: a scanner before
# its owner.
STRICT_AUTH_CALLS = {
    "/verify-password": Rule(3, per=10, by="address"),
    "/delete-user": Rule(3, per=10, by="address"),
    "/reset-password": Rule(3, per=10, by="address"),
}
HASHES = Rule(3, per=10, by="user")  # of who is signed in, from whatever addresses they call
HASHES_FOR_OTHERS = Rule(10, per=10, by="admin")  # of passwords that an admin sets

# Calls with a session, each endpoint for itself; in replicas, sessions are counted by each alone.
SESSION_CHECKS = Rule(300, per=60, by="session")  # on all endpoints together, and in the panel
ADMIN_CALLS = Rule(300, per=60, by="admin")

# Wrong passwords: of all strangers together, of one browser in which the user has signed in before,
# and of all such browsers of one user together.
FAILURES_PER_ACCOUNT = Rule(10, per=300, by="account")
FAILURES_PER_DEVICE = Rule(10, per=300, by="device")
FAILURES_OF_DEVICES = Rule(20, per=300, by="user")

MAILS_PER_ADDRESS = Rule(3, per=3600, by="mailbox")  # of one kind, that a stranger can cause


def auth_rule(path: str, *, strict: bool) -> Rule | None:
    """Return how calls of an auth endpoint, its path below the base path, count by address."""
    if path in NOT_BY_ADDRESS:
        return None
    if strict and path in STRICT_AUTH_CALLS:
        return STRICT_AUTH_CALLS[path]
    first = path.lstrip("/").partition("/")[0]
    return AUTH_CALLS.get(f"/{first}", OTHER_AUTH_CALLS)


def protected_calls(setting: str) -> Rule:
    """Return how calls of an endpoint of the application's own count by user, from 10/minute."""
    written = parse(setting)
    return Rule(written.amount, per=written.get_expiry(), by="user")
