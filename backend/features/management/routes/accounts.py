"""HTTP endpoints with which an admin sees and removes somebody's accounts at providers."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.ways_in import list_ways_in
from backend.features.admin.permissions import (
    GET_USER,
    UPDATE_USERS,
    check_permissions,
    find_user,
)
from backend.features.mail.service import Mailer
from backend.features.management import accounts
from backend.features.management.routes.account_wire import AccountsOfUser, UnlinkAccountOfUser
from backend.features.management.wire import OfUserQuery
from backend.features.sessions.dependencies import Administrator
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get(
    "/accounts", response_model=AccountsOfUser, refusals=(GET_USER.refusal, "USER_NOT_FOUND")
)
def read_accounts(
    current: Administrator,
    db: Db,
    settings: Settings,
    query: Annotated[OfUserQuery, Query()],
) -> AccountsOfUser:
    """List the ways in of a user: a password, and accounts at providers. Never their tokens."""
    check_permissions(current, GET_USER)
    user = find_user(db, query.user_id)
    return AccountsOfUser.of(list_ways_in(db, user), settings)


@routes.post(
    "/unlink-account",
    response_model=Status,
    refusals=(
        UPDATE_USERS.refusal,
        "FAILED_TO_UNLINK_LAST_ACCOUNT",
        "ACCOUNT_NOT_FOUND",
        "USER_NOT_FOUND",
    ),
)
def admin_unlink_account(
    work: Work, mailer: Mailer, current: Administrator, body: UnlinkAccountOfUser
) -> Status:
    """Remove a user's account at a provider. They are mailed a notice; sessions stay."""
    accounts.unlink_as_admin(work, mailer, current, body.user_id, body.account_id)
    return Status()
