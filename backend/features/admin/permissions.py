"""Permissions of admins, and the rule that one admin always remains."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.features.sessions.cache import CurrentSession
from backend.kernel.randomness import parse_uuid
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN, has_permissions
from backend.storage.db import Db
from backend.storage.queries import sessions, users
from backend.storage.queries.users import User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission, and the code of its refusal."""

    resource: str
    action: str
    refusal: str


CREATE_USERS = Permission("user", "create", "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS")
LIST_USERS = Permission("user", "list", "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS")
GET_USER = Permission("user", "get", "YOU_ARE_NOT_ALLOWED_TO_GET_USER")
UPDATE_USERS = Permission("user", "update", "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS")
SET_EMAIL = Permission("user", "set-email", "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL")
SET_ROLE = Permission("user", "set-role", "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
SET_PASSWORD = Permission("user", "set-password", "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD")
BAN_USERS = Permission("user", "ban", "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS")
DELETE_USERS = Permission("user", "delete", "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS")
IMPERSONATE = Permission("user", "impersonate", "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS")
LIST_SESSIONS = Permission("session", "list", "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS")
REVOKE_SESSIONS = Permission("session", "revoke", "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS")


def check_permissions(current: CurrentSession, *permissions: Permission) -> None:
    """Refuse unless the caller's role, as read with the session, has these permissions.

    During an impersonation there are none, not even if the user becomes an admin.
    """
    impersonates = current.session.impersonated_by is not None
    _require(() if impersonates else current.user.roles, permissions)


def authorise(work: Work, current: CurrentSession, *permissions: Permission) -> None:
    """Refuse unless the caller's role has these permissions, in this transaction too (ASVS 8.3.2).

    The role is locked until the commit.
    """
    check_permissions(current, *permissions)
    _require(work.actor.roles, permissions)


def authorise_for_user(
    work: Work, current: CurrentSession, user_id: str, *permissions: Permission
) -> User:
    """Like `authorise`, for a request about a user: returns them, locked, or refuses with 404."""
    check_permissions(current, *permissions)
    locked = work.begin_with_lock(lambda db: users.lock(db, _ids_to_lock(user_id, current)))
    authorise(work, current, *permissions)
    return _pick_user(locked, user_id)


def authorise_exclusively(
    work: Work, current: CurrentSession, user_id: str, *permissions: Permission
) -> tuple[User, "Admins"]:
    """Like `authorise_for_user`; also locks and returns the set of admins."""
    check_permissions(current, *permissions)
    locked = work.begin_with_lock(
        lambda db: users.lock(db, _ids_to_lock(user_id, current), privileged=True)
    )
    authorise(work, current, *permissions)
    return _pick_user(locked, user_id), Admins.among(locked, work.now())


@dataclass(frozen=True, slots=True)
class Admins:
    """All users who can administer, locked."""

    ids: frozenset[UUID]

    @classmethod
    def among(cls, locked: Sequence[User], now: datetime) -> "Admins":
        able = (user for user in locked if ADMIN in user.roles and not user.is_banned(now))
        return cls(frozenset(user.id for user in able))

    def ensure_one_remains(self, losing: UUID) -> None:
        """Refuse if this user is the only admin (ASVS 2.3.2)."""
        if self.ids == {losing}:
            raise Refusal("LAST_ADMIN")


def before_removal(work: Work, user: User) -> None:
    """Refuse to delete the last admin; end the user's impersonations."""
    if ADMIN in user.roles:
        privileged = users.lock(work.db, (), privileged=True)
        Admins.among(privileged, work.now()).ensure_one_remains(user.id)
    sessions.delete_impersonations(work.db, user.id)


def find_user(db: Db, user_id: str) -> User:
    """Find the user an admin's request is about, or refuse with 404."""
    target = parse_uuid(user_id)
    user = users.find(db, target) if target else None
    return _pick_user([user] if user else [], user_id)


def _require(roles: Iterable[str], permissions: Sequence[Permission]) -> None:
    for permission in permissions:
        if not has_permissions(roles, {permission.resource: [permission.action]}):
            raise Refusal(permission.refusal)


def _pick_user(candidates: Sequence[User], user_id: str) -> User:
    target = parse_uuid(user_id)
    for user in candidates:
        if user.id == target:
            return user
    raise Refusal("USER_NOT_FOUND", status=404)


def _ids_to_lock(user_id: str, current: CurrentSession) -> set[UUID]:
    target = parse_uuid(user_id)
    return {current.user.id} | ({target} if target else set())
