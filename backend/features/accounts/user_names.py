"""User names, as they are chosen: valid, and in their normal form (wire.md 5.7)."""

from collections.abc import Mapping
from typing import Any

from backend.kernel.username import check_username, find_username_problem, normalize_username


def choose_at_sign_up(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the columns of a new user; each of the two fields stands in for the other.

    A `display_username` that is no valid user name is only shown.
    """
    username, display = given.get("username"), given.get("display_username") or None
    if "username" not in given and display and not find_username_problem(display):
        username = display
    if username is None:
        return {"username": None, "display_username": display}
    check_username(username)
    return {"username": normalize_username(username), "display_username": display or username}


def choose_for_update(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns to change; None removes a value."""
    changes = dict(given)
    if changes.get("username") is not None:
        check_username(changes["username"])
        changes["username"] = normalize_username(changes["username"])
    return changes
