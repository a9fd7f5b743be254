"""Updating one's own profile."""

from collections.abc import Mapping
from typing import Any

from backend.kernel.events import Event, EventKind
from backend.kernel.pictures import Picture, is_data_url, parse_picture
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.storage.queries import pictures, user_names, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_WITHOUT_DEFAULT = ("role", "banReason", "banExpires")
_PROTECTED = (*_WITHOUT_DEFAULT, "banned", "twoFactorEnabled", "isAnonymous")
"""Fields that users may not set on themselves; a request with one is refused."""


def check_not_protected(extra: Mapping[str, Any], *, new: bool = False) -> None:
    """Refuse protected fields; a falsy value counts as absent.

    For a new account those with a default are ignored, as Better Auth does.
    """
    for field in _WITHOUT_DEFAULT if new else _PROTECTED:
        if extra.get(field):
            raise Refusal("FIELD_NOT_ALLOWED", f"{field} is not allowed to be set")


def update_profile(work: Work, user: User, changes: dict[str, Any]) -> None:
    """Change one's own fields; unchanged values are neither written nor recorded.

    A picture in a data URL is stored apart, and `image` becomes its address (decision 0028).
    `user` may come from the cache, so the database confirms that nothing would change.
    """
    if not changes:
        raise refusal_without_code("No fields to update")
    picture = _find_picture(changes.get("image"))
    if picture is not None:
        address = f"{work.settings.base_url}/api/auth/picture/{picture.digest}"
        changes = {**changes, "image": address}
    if _is_unchanged(user, changes) and _is_unchanged(work.actor, changes):
        return
    username = changes.get("username")
    if username is not None and user_names.is_taken(work.db, username, except_id=user.id):
        raise Refusal("USERNAME_IS_ALREADY_TAKEN")
    if picture is not None:
        pictures.replace(work.db, user.id, picture)
    elif "image" in changes:
        pictures.delete_for_user(work.db, user.id)
    detail = {"fields": ",".join(sorted(changes))}
    event = Event(EventKind.USER_UPDATED, user.id, user.id, detail)
    work.record(event, users.build_profile_change(user.id, changes, work.now()))


def _find_picture(image: str | None) -> Picture | None:
    """Return the picture in a data URL; None for every other value, which is stored as it is."""
    try:
        return parse_picture(image) if image is not None and is_data_url(image) else None
    except ValueError:  # short, or the body would have been refused
        return None


def _is_unchanged(user: User, changes: dict[str, Any]) -> bool:
    return all(getattr(user, name) == value for name, value in changes.items())
