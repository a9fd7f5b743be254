"""HTTP endpoints of user names (wire.md 5.7)."""

from backend.features.accounts.password_sign_in import (
    SIGN_IN_HEADERS,
    build_sign_in,
    render_sign_in,
)
from backend.features.accounts.service import Accounts
from backend.features.accounts.wire import ChallengeOut, SignedInOut, SignInUsername
from backend.features.sessions.reader import SessionReader
from backend.features.username import service
from backend.features.username.wire import Availability, IsUsernameAvailable
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes(
    "user names",
    prefix=AUTH,
    about="Signing in with a user name. Signing up and `update-user` set it.",
    enabled=lambda settings: settings.username,
)

_INVALID = ("422 USERNAME_TOO_SHORT", "422 USERNAME_TOO_LONG", "422 INVALID_USERNAME")


@routes.post(
    "/sign-in/username",
    response_model=SignedInOut | ChallengeOut,
    headers=SIGN_IN_HEADERS,
    hashes=True,
    refusals=(
        *_INVALID,
        "PASSWORD_TOO_LONG",
        "INVALID_USERNAME_OR_PASSWORD",
        "EMAIL_NOT_VERIFIED",
        "BANNED_USER",
    ),
)
def sign_in_username(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    cookies: Cookies,
    reader: SessionReader,
    body: SignInUsername,
) -> Response:
    """Sign in with a user name and its password."""
    sign_in = build_sign_in(request, cookies, reader, body)
    outcome = service.sign_in(work, accounts, body.username, sign_in)
    return render_sign_in(work, request, cookies, outcome, body.callback_url)


@routes.post("/is-username-available", response_model=Availability, refusals=_INVALID)
def is_username_available(db: Db, body: IsUsernameAvailable) -> Availability:
    """Tell whether a user name is free, for a form that shows it while it is typed."""
    return Availability(available=service.is_available(db, body.username))
