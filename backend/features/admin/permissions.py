"""Who may administer: what a role allows, and that somebody always can."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.features.sessions.cache import CurrentSession
from backend.kernel.randomness import uuid_or_none
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN, grants
from backend.storage.db import Db
from backend.storage.queries import sessions, users
from backend.storage.queries.users import User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class Permission:
    """One right of a role, and how it is refused to others."""

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


def check(current: CurrentSession, *needed: Permission) -> None:
    """Refuse unless the caller's role allows all of it, as the session was read.

    Whoever impersonates somebody has no rights of an admin, not even if that user becomes one.
    """
    impersonates = current.session.impersonated_by is not None
    for each in needed:
        if impersonates or not grants(current.user.roles, {each.resource: [each.action]}):
            raise Refusal(each.refusal)


def authorise(work: Work, current: CurrentSession, *needed: Permission) -> None:
    """Refuse unless the caller's role allows all of it, in this transaction too (ASVS 8.3.2).

    Until its commit they keep the role.
    """
    check(current, *needed)
    for each in needed:
        if not grants(work.actor.roles, {each.resource: [each.action]}):
            raise Refusal(each.refusal)


def authorise_about(work: Work, current: CurrentSession, named: str, *needed: Permission) -> User:
    """As `authorise`, for a request about a user: returns them, locked, or refuses with 404."""
    check(current, *needed)
    locked = work.lock_first(lambda db: users.lock(db, _with(named, current)))
    authorise(work, current, *needed)
    return _target(locked, named)


def authorise_alone(
    work: Work, current: CurrentSession, named: str, *needed: Permission
) -> tuple[User, "Admins"]:
    """As `authorise_about`; besides, until the commit nobody becomes an admin or ceases to be one.

    Returns all admins too.
    """
    check(current, *needed)
    locked = work.lock_first(lambda db: users.lock(db, _with(named, current), privileged=True))
    authorise(work, current, *needed)
    return _target(locked, named), Admins.among(locked, work.now())


@dataclass(frozen=True, slots=True)
class Admins:
    """Everybody who can administer, locked."""

    ids: frozenset[UUID]

    @classmethod
    def among(cls, locked: Sequence[User], now: datetime) -> "Admins":
        can = (user for user in locked if ADMIN in user.roles and not user.is_banned(now))
        return cls(frozenset(user.id for user in can))

    def keep_one(self, losing: UUID) -> None:
        """Refuse if nobody but this user could administer (ASVS 2.3.2)."""
        if self.ids == {losing}:
            raise Refusal("LAST_ADMIN")


def before_removal(work: Work, user: User) -> None:
    """Refuse that the last admin goes; whom this user impersonates is left alone from now on."""
    if ADMIN in user.roles:
        privileged = users.lock(work.db, (), privileged=True)
        Admins.among(privileged, work.now()).keep_one(user.id)
    sessions.delete_impersonations(work.db, user.id)


def find_target(db: Db, named: str) -> User:
    """Find the user an admin's request is about, or refuse with 404."""
    user_id = uuid_or_none(named)
    found = users.find(db, user_id) if user_id else None
    return _target([found] if found else [], named)


def _target(found: Sequence[User], named: str) -> User:
    wanted = uuid_or_none(named)
    for user in found:
        if user.id == wanted:
            return user
    raise Refusal("USER_NOT_FOUND", status=404)


def _with(named: str, current: CurrentSession) -> set[UUID]:
    target = uuid_or_none(named)
    return {current.user.id} | ({target} if target else set())
