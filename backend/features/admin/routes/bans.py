"""HTTP endpoints of bans."""

from backend.features.admin import user_changes
from backend.features.admin.wire import BanUser, OfUser, OneUser
from backend.features.sessions.dependencies import SilentlySignedIn
from backend.features.sessions.wire import UserOut
from backend.storage.work import Work
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes("admin: bans", prefix=f"{AUTH}/admin", about="Banning users.")


@routes.post(
    "/ban-user",
    response_model=OneUser,
    refusals=(
        "YOU_CANNOT_BAN_YOURSELF",
        "LAST_ADMIN",
        "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS",
        "USER_NOT_FOUND",
    ),
)
def ban_user(work: Work, current: SilentlySignedIn, body: BanUser) -> OneUser:
    """Ban a user, permanently or for a number of seconds. Their sessions end at once."""
    banned = user_changes.ban(work, current, body.user_id, body.ban_reason, body.ban_expires_in)
    return OneUser(user=UserOut.of(banned))


@routes.post(
    "/unban-user",
    response_model=OneUser,
    refusals=("YOU_ARE_NOT_ALLOWED_TO_BAN_USERS", "USER_NOT_FOUND"),
)
def unban_user(work: Work, current: SilentlySignedIn, body: OfUser) -> OneUser:
    """Lift a user's ban."""
    return OneUser(user=UserOut.of(user_changes.unban(work, current, body.user_id)))
