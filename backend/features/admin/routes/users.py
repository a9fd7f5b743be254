"""HTTP endpoints for users, as admins see them."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.service import Accounts
from backend.features.admin import user_changes, users
from backend.features.admin.permissions import (
    CREATE_USERS,
    GET_USER,
    LIST_USERS,
    UPDATE_USERS,
    check_permissions,
    find_user,
)
from backend.features.admin.user_listing import find_page
from backend.features.admin.user_query import ListUsers
from backend.features.admin.users import NewUser
from backend.features.admin.wire import (
    ById,
    ChangeUser,
    CreateUser,
    NewUserData,
    OfUser,
    OneUser,
    SetRole,
    SetUserPassword,
    UserList,
    parse_changes,
    refuse_unknown,
    refuse_user_names,
)
from backend.features.sessions.dependencies import SilentlySignedIn
from backend.features.sessions.wire import UserOut
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.kernel.username import USERNAME_REFUSALS
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status, Success

routes = Routes(
    "admin: users",
    prefix=f"{AUTH}/admin",
    about="Finding, creating, changing and deleting users.",
)


@routes.get("/list-users", response_model=UserList, refusals=("YOU_ARE_NOT_ALLOWED_TO_LIST_USERS",))
def list_users(db: Db, current: SilentlySignedIn, query: Annotated[ListUsers, Query()]) -> UserList:
    """List, search, filter and sort users, page by page.

    `total` is exact up to 10,000; a larger total is an estimate.
    """
    check_permissions(current, LIST_USERS)
    user_query = query.to_query()
    rows, total = find_page(db, user_query)
    return UserList(
        users=[UserOut.of(user) for user in rows],
        total=total,
        limit=user_query.limit if "limit" in query.model_fields_set and query.limit else None,
        offset=user_query.offset or None,
    )


@routes.get(
    "/get-user",
    response_model=UserOut,
    refusals=("YOU_ARE_NOT_ALLOWED_TO_GET_USER", "USER_NOT_FOUND"),
)
def get_user(db: Db, current: SilentlySignedIn, query: Annotated[ById, Query()]) -> UserOut:
    """Return one user."""
    check_permissions(current, GET_USER)
    return UserOut.of(find_user(db, query.id))


@routes.post(
    "/create-user",
    response_model=OneUser,
    hashes=True,
    refusals=(
        "INVALID_EMAIL",
        *NEW_PASSWORD_REFUSALS,
        "FIELD_NOT_ALLOWED",
        *USERNAME_REFUSALS,
        "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE",
        "400 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS",
    ),
)
def create_user(
    work: Work, current: SilentlySignedIn, accounts: Accounts, body: CreateUser
) -> OneUser:
    """Create a user."""
    check_permissions(current, CREATE_USERS)
    more = body.data or NewUserData()
    refuse_unknown(more.model_extra)
    refuse_user_names(more, work.settings)
    new = NewUser(
        address=body.email,
        name=body.name,
        password=body.password or None,  # an empty one is none, as in Better Auth
        roles=more.role if body.role is None else body.role,
        image=more.image,
        email_verified=more.email_verified is True,
        username=more.username,
        display_username=more.display_username,
    )
    return OneUser(user=UserOut.of(users.create(work, accounts, current, new)))


@routes.post(
    "/update-user",
    response_model=UserOut,
    refusals=(
        "NO_DATA_TO_UPDATE",
        "FIELD_NOT_ALLOWED",
        "USER_ID_CANNOT_BE_UPDATED",
        "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER",
        "INVALID_EMAIL",
        *USERNAME_REFUSALS,
        "INVALID_ROLE_TYPE",
        "400 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE",
        "YOU_CANNOT_BAN_YOURSELF",
        "ANONYMOUS_USERS_CANNOT_BE_ADMINS",
        "LAST_ADMIN",
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS",
        "USER_NOT_FOUND",
    ),
)
def admin_update_user(work: Work, current: SilentlySignedIn, body: ChangeUser) -> UserOut:
    """Change a user."""
    check_permissions(current, UPDATE_USERS)
    changes = parse_changes(body.data, work.settings)
    return UserOut.of(user_changes.update(work, current, body.user_id, changes))


@routes.post(
    "/set-role",
    response_model=OneUser,
    refusals=(
        "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE",
        "ANONYMOUS_USERS_CANNOT_BE_ADMINS",
        "LAST_ADMIN",
        "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE",
        "USER_NOT_FOUND",
    ),
)
def set_role(work: Work, current: SilentlySignedIn, body: SetRole) -> OneUser:
    """Replace a user's roles, with immediate effect in all their sessions."""
    return OneUser(user=UserOut.of(user_changes.set_role(work, current, body.user_id, body.role)))


@routes.post(
    "/set-user-password",
    response_model=Status,
    hashes=True,
    refusals=(
        *NEW_PASSWORD_REFUSALS,
        "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD",
        "USER_NOT_FOUND",
    ),
)
def set_user_password(
    work: Work, current: SilentlySignedIn, accounts: Accounts, body: SetUserPassword
) -> Status:
    """Set a user's password. A reset mail is safer: then only the user knows the password."""
    users.set_password(work, accounts, current, body.user_id, body.new_password)
    return Status()


@routes.post(
    "/remove-user",
    response_model=Success,
    refusals=(
        "YOU_CANNOT_REMOVE_YOURSELF",
        "LAST_ADMIN",
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS",
        "USER_NOT_FOUND",
    ),
)
def remove_user(work: Work, current: SilentlySignedIn, accounts: Accounts, body: OfUser) -> Success:
    """Delete a user and all their data."""
    users.remove(work, accounts, current, body.user_id)
    return Success()
