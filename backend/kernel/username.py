"""Which user names are accepted, and the form in which they are stored.

Better Auth's rules (wire.md 5.7). Only ASCII letters, digits, `_` and `.` are allowed, so that no
two names look alike yet differ: no other script, no full-width letter, no dotless i, nothing
invisible.
"""

import re

from backend.kernel.refusals import Refusal

MIN_LENGTH, MAX_LENGTH = 3, 30  # UTF-16 units, as in JavaScript
USERNAME_REFUSALS = (
    "USERNAME_TOO_SHORT",
    "USERNAME_TOO_LONG",
    "INVALID_USERNAME",
    "USERNAME_IS_ALREADY_TAKEN",
)
"""The codes with which a chosen user name may be refused."""

_ALLOWED = re.compile(r"[a-zA-Z0-9_.]+")


def find_username_problem(username: str) -> str | None:
    """Return the code of what is wrong with a user name, or None."""
    length = len(username.encode("utf-16-le", "surrogatepass")) // 2
    if length < MIN_LENGTH:
        return "USERNAME_TOO_SHORT"
    if length > MAX_LENGTH:
        return "USERNAME_TOO_LONG"
    # Not `$`, which a line break at the end would pass.
    return None if _ALLOWED.fullmatch(username) else "INVALID_USERNAME"


def check_username(username: str, *, status: int | None = None) -> None:
    """Refuse an invalid user name, with 400 or another status."""
    problem = find_username_problem(username)
    if problem is not None:
        raise Refusal(problem, status=status)


def normalize_username(username: str) -> str:
    """Return a valid user name in lower case, as it is stored and compared."""
    return username.lower()
