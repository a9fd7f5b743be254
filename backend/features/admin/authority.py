"""Who may administer: what a role allows, and that somebody always can."""

from dataclasses import dataclass
from uuid import UUID

from backend.features.sessions.cache import Current
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN, grants
from backend.storage import sessions, users
from backend.storage.db import Db
from backend.storage.users import User
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


def check(current: Current, *needed: Permission) -> None:
    """Refuse unless the caller's role allows all of it, as the session was read.

    Whoever impersonates somebody has no rights of an admin, not even if that user becomes one.
    """
    impersonates = current.session.impersonated_by is not None
    for each in needed:
        if impersonates or not grants(current.user.roles, {each.resource: [each.action]}):
            raise Refusal(each.refusal)


def authorise(work: Work, current: Current, *needed: Permission) -> None:
    """Refuse unless the caller's role allows all of it, in this transaction too (ASVS 8.3.2)."""
    check(current, *needed)
    acting = users.find(work.db, current.user.id)
    for each in needed:
        if acting is None or not grants(acting.roles, {each.resource: [each.action]}):
            raise Refusal(each.refusal)


def lock_admins(work: Work) -> dict[UUID, User]:
    """Return everybody who can administer now; until the commit nobody joins or leaves them."""
    privileged, now = users.lock_privileged(work.db), work.now()
    return {u.id: u for u in privileged if ADMIN in u.roles and not u.is_banned(now)}


def take_turn(work: Work, current: Current) -> dict[UUID, User]:
    """Wait until no other admin changes who may do what, and be still an admin then.

    Returns everybody who can administer, as `lock_admins` does.
    """
    admins = lock_admins(work)
    if current.user.id not in admins:
        raise Refusal("ADMINS_ONLY")
    return admins


def keep_one(admins: dict[UUID, User], losing: UUID) -> None:
    """Refuse if nobody but this user could administer (ASVS 2.3.2)."""
    if set(admins) == {losing}:
        raise Refusal("LAST_ADMIN")


def before_removal(work: Work, user: User) -> None:
    """Refuse that the last admin goes; whom this user impersonates is left alone from now on."""
    keep_one(lock_admins(work), user.id)
    sessions.delete_impersonations(work.db, user.id)


def find_target(db: Db, named: str) -> User:
    """Find the user an admin's request is about, or refuse with 404."""
    try:
        found = users.find(db, UUID(named))
    except ValueError:
        found = None
    if found is None:
        raise Refusal("USER_NOT_FOUND", status=404)
    return found
