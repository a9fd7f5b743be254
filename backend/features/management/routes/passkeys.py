"""HTTP endpoints with which an admin sees and removes somebody's passkeys."""

from typing import Annotated

from fastapi import Query

from backend.features.admin.permissions import (
    GET_USER,
    UPDATE_USERS,
    check_permissions,
    find_user,
)
from backend.features.mail.service import Mailer
from backend.features.management import passkeys
from backend.features.management.wire import (
    OfUserQuery,
    PasskeysOfUser,
    PasskeysRemoved,
    RemovePasskeys,
)
from backend.features.sessions.dependencies import Administrator
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.queries import passkeys as stored_passkeys
from backend.storage.work import Work
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get(
    "/passkeys", response_model=PasskeysOfUser, refusals=(GET_USER.refusal, "USER_NOT_FOUND")
)
def read_passkeys(
    current: Administrator,
    db: Db,
    settings: Settings,
    query: Annotated[OfUserQuery, Query()],
) -> PasskeysOfUser:
    """List the passkeys of a user, oldest first, without their keys."""
    check_permissions(current, GET_USER)
    user = find_user(db, query.user_id)
    rows = stored_passkeys.list_for_user(db, user.id)
    return PasskeysOfUser.of(rows, settings.relying_parties)


@routes.post(
    "/remove-passkeys",
    response_model=PasskeysRemoved,
    refusals=(UPDATE_USERS.refusal, "PASSKEY_NOT_FOUND", "USER_NOT_FOUND"),
)
def remove_passkeys(
    work: Work, mailer: Mailer, current: Administrator, body: RemovePasskeys
) -> PasskeysRemoved:
    """Remove one passkey of a user, or all of them. They are mailed a notice; sessions stay."""
    removed = passkeys.remove_as_admin(work, mailer, current, body.user_id, body.id)
    return PasskeysRemoved(removed=removed)
