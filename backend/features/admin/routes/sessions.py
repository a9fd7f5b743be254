"""HTTP endpoints for the sessions of all users, and for permissions."""

from backend.features.admin import sessions
from backend.features.admin.permissions import LIST_SESSIONS, check_permissions
from backend.features.admin.wire import (
    HasPermission,
    OfUser,
    PermissionAnswer,
    RevokeUserSession,
    UserSessions,
)
from backend.features.sessions.dependencies import SilentlySignedIn
from backend.features.sessions.wire import SessionOut
from backend.kernel.clock import Clock
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.kernel.roles import has_permissions
from backend.kernel.secrets.tokens import TokenMint
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Success

routes = Routes(
    "admin: sessions",
    prefix=f"{AUTH}/admin",
    about="The sessions of any user, and the permissions of a role.",
)
_NO_PERMISSIONS = "invalid permission check. no permission(s) were passed."


@routes.post(
    "/list-user-sessions",
    response_model=UserSessions,
    refusals=("YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS",),
)
def list_user_sessions(
    db: Db, clock: Clock, current: SilentlySignedIn, body: OfUser
) -> UserSessions:
    """List a user's live sessions, including those of impersonating admins."""
    check_permissions(current, LIST_SESSIONS)
    live = sessions.list_live(db, body.user_id, clock.now())
    own = current.session.id
    return UserSessions(
        sessions=[
            SessionOut.of(session, current.token.reveal() if session.id == own else str(session.id))
            for session in live
        ]
    )


@routes.post(
    "/revoke-user-session",
    response_model=Success,
    refusals=("YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS",),
)
def revoke_user_session(
    work: Work, current: SilentlySignedIn, mint: TokenMint, body: RevokeUserSession
) -> Success:
    """End one session of any user. The response is the same if there was none."""
    sessions.revoke(work, mint, current, body.session_token)
    return Success()


@routes.post(
    "/revoke-user-sessions",
    response_model=Success,
    refusals=("YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS",),
)
def revoke_user_sessions(work: Work, current: SilentlySignedIn, body: OfUser) -> Success:
    """End all sessions of a user. The response is the same if there were none."""
    sessions.revoke_all(work, current, body.user_id)
    return Success()


@routes.post("/has-permission", response_model=PermissionAnswer, refusals=(_NO_PERMISSIONS,))
def has_permission(current: SilentlySignedIn, body: HasPermission) -> PermissionAnswer:
    """Check whether the caller's role has all of these permissions."""
    if body.permissions is None:
        if body.permission is None:
            raise Refusal("VALIDATION_ERROR", "[body] Invalid input")
        raise refusal_without_code(_NO_PERMISSIONS)
    impersonates = current.session.impersonated_by is not None
    allowed = not impersonates and has_permissions(current.user.roles, body.permissions)
    return PermissionAnswer(success=allowed)
