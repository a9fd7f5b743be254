"""HTTP endpoints of impersonation."""

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.admin import impersonation
from backend.features.admin.wire import OfUser
from backend.features.sessions.dependencies import SilentlySignedIn
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_session_cookies
from backend.features.sessions.wire import Anything, SessionAndUser
from backend.kernel.refusals import refusal_without_code
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response, refusal_response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes(
    "admin: impersonation", prefix=f"{AUTH}/admin", about="Acting as a user, to see what they see."
)


@routes.post(
    "/impersonate-user",
    response_model=SessionAndUser,
    headers=SESSION_HEADERS,
    refusals=(
        "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS",
        "YOU_CANNOT_IMPERSONATE_ADMINS",
        "BANNED_USER",
        "USER_NOT_FOUND",
    ),
)
def impersonate_user(
    work: Work, current: SilentlySignedIn, issuer: SessionIssuer, cookies: Cookies, body: OfUser
) -> Response:
    """Act as a user for an hour. The admin's own session is kept in another cookie."""
    issued = impersonation.start(work, issuer, current, body.user_id)
    if isinstance(issued, Challenge):
        return render_challenge(issued, cookies)
    content = SessionAndUser.of(issued.session, issued.token.reveal(), issued.user)
    admin_cookie = cookies.set_admin_session(
        current.token, remembered=current.session.remembered, max_age=work.settings.session_lifetime
    )
    response = Response(content, cookies=[*cookies.clear_session(), admin_cookie])
    return set_session_cookies(response, cookies, issued.session, issued.token, work.settings)


@routes.post(
    "/stop-impersonating",
    response_model=SessionAndUser,
    headers=SESSION_HEADERS,
    refusals=("You are not impersonating anyone", "401 Failed to find admin session"),
)
def stop_impersonating(
    work: Work,
    request: RequestContext,
    current: SilentlySignedIn,
    cookies: Cookies,
    body: Anything | None = None,
) -> Response:
    """Return to the admin's own session. If it has ended meanwhile, the browser is signed out."""
    admin_tokens = cookies.read_admin_sessions(request.cookie_header)
    back = impersonation.stop(work, current, admin_tokens)
    if back is None:
        response = refusal_response(
            refusal_without_code("Failed to find admin session", status=401)
        )
        response.cookies += [*cookies.clear_session(), *cookies.clear_admin_session()]
        return response
    own, token = back
    content = SessionAndUser.of(own.session, token.reveal(), own.user)
    response = set_session_cookies(Response(content), cookies, own.session, token, work.settings)
    if own.session.remembered:
        response.cookies += cookies.clear_dont_remember()
    response.cookies += cookies.clear_admin_session()
    return response
