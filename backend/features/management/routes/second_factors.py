"""HTTP endpoints with which an admin sees and removes somebody's second factors."""

from typing import Annotated

from fastapi import Query

from backend.features.admin.permissions import (
    GET_USER,
    UPDATE_USERS,
    check_permissions,
    find_user,
)
from backend.features.mail.service import Mailer
from backend.features.management import second_factors
from backend.features.management.wire import OfUserQuery, RemoveTwoFactor, SecondFactorsOut
from backend.features.sessions.dependencies import Administrator
from backend.kernel.clock import Clock
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get(
    "/second-factors",
    response_model=SecondFactorsOut,
    refusals=(GET_USER.refusal, "USER_NOT_FOUND"),
)
def read_second_factors(
    current: Administrator, db: Db, clock: Clock, query: Annotated[OfUserQuery, Query()]
) -> SecondFactorsOut:
    """Tell which second factors a user has, and where they are not asked for. Never a secret."""
    check_permissions(current, GET_USER)
    return second_factors.read(db, find_user(db, query.user_id), clock.now())


@routes.post(
    "/remove-two-factor",
    response_model=Status,
    refusals=(
        f"400 {second_factors.YOURSELF}",
        "TWO_FACTOR_NOT_ENABLED",
        UPDATE_USERS.refusal,
        "USER_NOT_FOUND",
    ),
)
def remove_two_factor(
    work: Work, mailer: Mailer, current: Administrator, body: RemoveTwoFactor
) -> Status:
    """Remove all second factors of a user who lost them. They are mailed a notice.

    Their trusted browsers and begun sign-ins end; their sessions stay.
    """
    second_factors.remove_as_admin(work, mailer, current, body.user_id)
    return Status()
