"""What an admin changes about a user, and what follows from it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.features.admin.permissions import (
    BAN_USERS,
    SET_EMAIL,
    SET_ROLE,
    UPDATE_USERS,
    Admins,
    Permission,
    authorise_about,
    authorise_alone,
    check,
)
from backend.features.sessions.cache import CurrentSession
from backend.kernel.email_address import is_address, normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN, KNOWN
from backend.kernel.timestamps import iso, later
from backend.storage.queries import links, sessions, users
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
"""What it takes to change a column, beside the permission to update users."""
_OF_A_BAN = {"banned", "ban_reason", "ban_expires"}
_ABOUT_ADMINS = {"role", "banned", "ban_expires"}
"""What can leave nobody who may administer."""


def joined_roles(roles: Sequence[str]) -> str:
    """Return roles as they are stored, comma-joined; refuses any that there is not."""
    if not roles or not KNOWN.issuperset(roles):
        raise Refusal("YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE")
    return ",".join(dict.fromkeys(roles))


def set_role(work: Work, current: CurrentSession, user_id: str, roles: Sequence[str]) -> User:
    """Give a user other roles; they hold from the next request on, in every session."""
    check(current, SET_ROLE)
    return _change(work, current, user_id, {"role": joined_roles(roles)}, SET_ROLE)


def ban(
    work: Work, current: CurrentSession, user_id: str, reason: str | None, seconds: float | None
) -> User:
    """Keep a user out, for good or for some seconds, and end every session of theirs."""
    ends = later(work.now(), seconds) if seconds else None
    banned = {"banned": True, "ban_reason": reason or _DEFAULT_REASON, "ban_expires": ends}
    return _change(work, current, user_id, banned, BAN_USERS)


def unban(work: Work, current: CurrentSession, user_id: str) -> User:
    """Let a banned user in again."""
    return _change(work, current, user_id, {"banned": False}, BAN_USERS)


def update(work: Work, current: CurrentSession, user_id: str, changes: Mapping[str, Any]) -> User:
    """Change columns of a user, each with the permission it takes; a role comes as a list."""
    check(current, UPDATE_USERS)
    if not changes:
        raise Refusal("NO_DATA_TO_UPDATE")
    needed = [UPDATE_USERS, *(_PERMISSIONS[each] for each in changes if each in _PERMISSIONS)]
    check(current, *needed)
    if "role" in changes:
        changes = {**changes, "role": joined_roles(changes["role"])}
    return _change(work, current, user_id, changes, *needed)


def _change(
    work: Work, current: CurrentSession, user_id: str, said: Mapping[str, Any], *needed: Permission
) -> User:
    """Change a user; what is the same already is neither written nor recorded."""
    if _ABOUT_ADMINS & said.keys():
        before, admins = authorise_alone(work, current, user_id, *needed)
        changes = _completed(before, said, work.now())
        _keep_an_admin(admins, current, before, changes)
    else:
        before = authorise_about(work, current, user_id, *needed)
        changes = _completed(before, said, work.now())
    _end_access(work, before, changes)
    new = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not new:
        return before
    changed = _store(work, before, new)
    _record(work, current.user.id, before, changed, new)
    return changed


def _completed(before: User, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    changes = dict(said)
    if changes.get("banned") is True and not before.is_banned(now):
        # A new ban, with nothing of an earlier one: its end would be this one's too.
        changes["ban_reason"] = changes.get("ban_reason") or _DEFAULT_REASON
        changes.setdefault("ban_expires", None)
    if changes.get("banned") is False:
        changes |= {"ban_reason": None, "ban_expires": None}
    if "email" in changes:
        if not is_address(changes["email"]):
            raise Refusal("INVALID_EMAIL")
        changes["email"] = normal_form(changes["email"])
        if changes["email"] != before.email:  # nobody has proved to own the new one
            changes.setdefault("email_verified", False)
    return changes


def _keep_an_admin(
    admins: Admins, current: CurrentSession, before: User, changes: Mapping[str, Any]
) -> None:
    bans = _bans(before, changes)
    if bans and before.id == current.user.id:
        raise Refusal("YOU_CANNOT_BAN_YOURSELF")
    if bans or ADMIN not in changes.get("role", ADMIN).split(","):
        admins.keep_one(before.id)


def _bans(before: User, changes: Mapping[str, Any]) -> bool:
    """Tell whether these changes ban; to move the end of a ban that is over bans anew."""
    banned: bool = changes.get("banned", before.banned)
    return banned and bool({"banned", "ban_expires"} & changes.keys())


def _end_access(work: Work, before: User, changes: Mapping[str, Any]) -> None:
    # Before the change itself, with which the triggers of step 0004 would end the sessions too: we
    # must know whose they are, to forget them here at once.
    bans = _bans(before, changes)
    if bans:
        sessions.delete_all(work.db, before.id)
    if bans or changes.get("role", before.role) != before.role:
        sessions.delete_impersonations(work.db, before.id)


def _store(work: Work, before: User, changes: Mapping[str, Any]) -> User:
    now, others = work.now(), dict(changes)
    new = others.pop("email", before.email)
    if new != before.email:
        taken = users.is_taken(work.db, new)
        if taken or users.change_email(work.db, before.id, before.email, new, now) is None:
            raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", status=400)
        links.delete_of_user(work.db, before.id)  # they were mailed to the old address
    changed = users.update_profile(work.db, before.id, others, now)
    if changed is None:
        raise Refusal("USER_NOT_FOUND", status=404)
    return changed


def _record(work: Work, by: UUID, before: User, after: User, changes: Mapping[str, Any]) -> None:
    if after.role != before.role:
        detail = {"from": before.role, "to": after.role}
        work.record(Event(EventKind.ROLE_CHANGED, by, after.id, detail))
    if after.banned and _OF_A_BAN & changes.keys():
        until = iso(after.ban_expires) if after.ban_expires else "lifted"
        work.record(Event(EventKind.USER_BANNED, by, after.id, {"until": until}))
    if before.banned and not after.banned:
        work.record(Event(EventKind.USER_UNBANNED, by, after.id))
    if after.email != before.email:
        work.record(Event(EventKind.EMAIL_CHANGED, by, after.id))
    others = sorted(changes.keys() - _OF_A_BAN - {"role", "email"})
    if others:
        work.record(Event(EventKind.USER_UPDATED, by, after.id, {"fields": ",".join(others)}))
