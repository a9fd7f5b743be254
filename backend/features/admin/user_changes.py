"""Changes to a user by an admin, and their consequences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.features.accounts import pending_sign_ups
from backend.features.admin.permissions import (
    BAN_USERS,
    SET_EMAIL,
    SET_ROLE,
    UPDATE_USERS,
    Admins,
    Permission,
    authorise_exclusively,
    authorise_for_user,
    check_permissions,
)
from backend.features.sessions.cache import CurrentSession
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import BAN_REASON, Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN, ROLES
from backend.kernel.timestamps import add_seconds, format_timestamp
from backend.kernel.username import check_username, normalize_username
from backend.storage.queries import links, pictures, sessions, user_names, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_DEFAULT_REASON = "No reason"
_PERMISSIONS: Mapping[str, Permission] = {
    "role": SET_ROLE,
    "banned": BAN_USERS,
    "ban_reason": BAN_USERS,
    "ban_expires": BAN_USERS,
    "email": SET_EMAIL,
    "email_verified": SET_EMAIL,
}
"""Permissions that single columns need, besides the one to update users."""
_BAN_FIELDS = {"banned", "ban_reason", "ban_expires"}
_ADMIN_FIELDS = {"role", "banned", "ban_expires"}
"""Columns whose change could remove the last admin."""


def join_roles(roles: Sequence[str]) -> str:
    """Join roles with commas, as they are stored; refuses unknown ones."""
    if not roles or not ROLES.issuperset(roles):
        raise Refusal("YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE")
    return ",".join(dict.fromkeys(roles))


def choose_username(work: Work, username: str | None, *, of: UUID | None = None) -> str | None:
    """Return a user name in its normal form; refuses one that is invalid or not that user's."""
    if username is None:
        return None
    check_username(username)
    name = normalize_username(username)
    if user_names.is_taken(work.db, name, except_id=of):
        raise Refusal("USERNAME_IS_ALREADY_TAKEN")
    return name


def set_role(work: Work, current: CurrentSession, user_id: str, roles: Sequence[str]) -> User:
    """Set a user's roles; they apply from the next request on, in every session."""
    check_permissions(current, SET_ROLE)
    return _change(work, current, user_id, {"role": join_roles(roles)}, SET_ROLE)


def ban(
    work: Work, current: CurrentSession, user_id: str, reason: str | None, seconds: float | None
) -> User:
    """Ban a user, for good or for some seconds, and end their sessions."""
    ends = add_seconds(work.now(), seconds) if seconds else None
    changes = {"banned": True, "ban_reason": reason or _DEFAULT_REASON, "ban_expires": ends}
    return _change(work, current, user_id, changes, BAN_USERS)


def unban(work: Work, current: CurrentSession, user_id: str) -> User:
    """Lift a ban."""
    return _change(work, current, user_id, {"banned": False}, BAN_USERS)


def update(work: Work, current: CurrentSession, user_id: str, changes: Mapping[str, Any]) -> User:
    """Change columns of a user, each with its permission; `role` is a list."""
    check_permissions(current, UPDATE_USERS)
    if not changes:
        raise Refusal("NO_DATA_TO_UPDATE")
    permissions = [UPDATE_USERS, *(_PERMISSIONS[each] for each in changes if each in _PERMISSIONS)]
    check_permissions(current, *permissions)
    if "role" in changes:
        changes = {**changes, "role": join_roles(changes["role"])}
    return _change(work, current, user_id, changes, *permissions)


def _change(
    work: Work,
    current: CurrentSession,
    user_id: str,
    requested: Mapping[str, Any],
    *permissions: Permission,
) -> User:
    """Change a user; unchanged values are neither written nor recorded."""
    if _ADMIN_FIELDS & requested.keys():
        before, admins = authorise_exclusively(work, current, user_id, *permissions)
        changes = _complete(before, requested, work.now())
        _keep_last_admin(admins, current, before, changes)
    else:
        before = authorise_for_user(work, current, user_id, *permissions)
        changes = _complete(before, requested, work.now())
    changes = _resolve_username(work, before, changes)
    _end_access(work, before, changes)
    new = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not new:
        return before
    if "image" in new:  # a picture that the user has chosen
        pictures.delete_for_user(work.db, before.id)
    changed = _store(work, before, new)
    _record(work, current.user.id, before, changed, new)
    return changed


def _complete(before: User, requested: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    changes = dict(requested)
    if changes.get("banned") is True and not before.is_banned(now):
        # A new ban takes nothing from an earlier one, above all not its end.
        changes["ban_reason"] = changes.get("ban_reason") or _DEFAULT_REASON
        changes.setdefault("ban_expires", None)
    if changes.get("banned") is False:
        changes |= {"ban_reason": None, "ban_expires": None}
    if "email" in changes:
        if not is_email_address(changes["email"]):
            raise Refusal("INVALID_EMAIL")
        changes["email"] = normalize_email(changes["email"])
        if changes["email"] != before.email:  # the new one is unproven
            changes.setdefault("email_verified", False)
    return changes


def _resolve_username(work: Work, before: User, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with a valid user name; a verified account gets the one it waited for."""
    if "username" in changes:
        return {**changes, "username": choose_username(work, changes["username"], of=before.id)}
    if before.email_verified or not changes.get("email_verified"):
        return changes
    password_hash = users.find_password_hash(work.db, before.id)
    return {**pending_sign_ups.claim_username(work, before, password_hash, {}), **changes}


def _keep_last_admin(
    admins: Admins, current: CurrentSession, before: User, changes: Mapping[str, Any]
) -> None:
    bans = _is_ban(before, changes)
    if bans and before.id == current.user.id:
        raise Refusal("YOU_CANNOT_BAN_YOURSELF")
    if before.is_anonymous and ADMIN in changes.get("role", "").split(","):
        raise Refusal("ANONYMOUS_USERS_CANNOT_BE_ADMINS")  # they would be lost with the browser
    if bans or ADMIN not in changes.get("role", ADMIN).split(","):
        admins.ensure_one_remains(before.id)


def _is_ban(before: User, changes: Mapping[str, Any]) -> bool:
    """Tell whether these changes ban the user; moving the end of an ended ban bans again."""
    banned: bool = changes.get("banned", before.banned)
    return banned and bool({"banned", "ban_expires"} & changes.keys())


def _end_access(work: Work, before: User, changes: Mapping[str, Any]) -> None:
    # Before the change itself, whose triggers (migration 0004) would end the sessions too: deleting
    # them here drops them from this process's cache at once.
    bans = _is_ban(before, changes)
    if bans:
        sessions.delete_all(work.db, before.id)
    if bans or changes.get("role", before.role) != before.role:
        sessions.delete_impersonations(work.db, before.id)


def _store(work: Work, before: User, changes: Mapping[str, Any]) -> User:
    now, others = work.now(), dict(changes)
    new = others.pop("email", before.email)
    if new != before.email:
        taken = users.email_exists(work.db, new)
        if taken or users.change_email(work.db, before.id, before.email, new, now) is None:
            raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", status=400)
        links.delete_for_user(work.db, before.id)  # mailed to the old address
    changed = users.update_profile(work.db, before.id, others, now)
    if changed is None:
        raise Refusal("USER_NOT_FOUND", status=404)
    return changed


def _record(work: Work, by: UUID, before: User, after: User, changes: Mapping[str, Any]) -> None:
    if after.role != before.role:
        detail = {"from": before.role, "to": after.role}
        work.record(Event(EventKind.ROLE_CHANGED, by, after.id, detail))
    if after.banned and _BAN_FIELDS & changes.keys():
        until = format_timestamp(after.ban_expires) if after.ban_expires else "lifted"
        detail = {"until": until, BAN_REASON: after.ban_reason or _DEFAULT_REASON}
        work.record(Event(EventKind.USER_BANNED, by, after.id, detail))
    if before.banned and not after.banned:
        work.record(Event(EventKind.USER_UNBANNED, by, after.id))
    if after.email != before.email:
        work.record(Event(EventKind.EMAIL_CHANGED, by, after.id))
    others = sorted(changes.keys() - _BAN_FIELDS - {"role", "email"})
    if others:
        work.record(Event(EventKind.USER_UPDATED, by, after.id, {"fields": ",".join(others)}))
