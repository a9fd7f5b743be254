"""What people may say about themselves."""

from collections.abc import Mapping
from typing import Any

from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, plain_refusal
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work

_WITHOUT_DEFAULT = ("role", "banReason", "banExpires")
_PROTECTED = (*_WITHOUT_DEFAULT, "banned", "twoFactorEnabled", "isAnonymous")
"""Fields of a user that are not theirs to set; a request that names one is refused, not obeyed."""


def check_not_protected(extra: Mapping[str, Any], *, new: bool = False) -> None:
    """Refuse fields nobody may set on their own account; a falsy one counts as not said.

    Of a new account Better Auth passes over those that have a default, and so do we.
    """
    for field in _WITHOUT_DEFAULT if new else _PROTECTED:
        if extra.get(field):
            raise Refusal("FIELD_NOT_ALLOWED", f"{field} is not allowed to be set")


def update_profile(work: Work, user: User, changes: dict[str, Any]) -> None:
    """Change one's own name or picture; what is the same already is neither written nor recorded.

    `user` may be what is remembered: that nothing changes, the database must say.
    """
    if not changes:
        raise plain_refusal("No fields to update")
    if _is_already(user, changes) and _is_already(work.actor, changes):
        return
    detail = {"fields": ",".join(sorted(changes))}
    event = Event(EventKind.USER_UPDATED, user.id, user.id, detail)
    work.record(event, users.profile_change(user.id, changes, work.now()))


def _is_already(user: User, changes: dict[str, Any]) -> bool:
    return all(getattr(user, name) == value for name, value in changes.items())
