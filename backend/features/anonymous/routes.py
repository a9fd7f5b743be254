"""HTTP endpoints of anonymous users."""

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.anonymous import service
from backend.features.anonymous.service import Visit
from backend.features.anonymous.wire import SignedInAnonymously
from backend.features.sessions.dependencies import SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_sign_in_cookies
from backend.features.sessions.wire import Anything, UserOut
from backend.limits.limiter import Limiter
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.edge.client_address import bucket
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Success

routes = Routes(
    "anonymous users",
    prefix=AUTH,
    about="Trying the app without an account; whoever signs in or up later keeps what is theirs.",
    enabled=lambda settings: settings.anonymous_sign_in,
)


@routes.post(
    "/sign-in/anonymous",
    response_model=SignedInAnonymously,
    headers=SESSION_HEADERS,
    refusals=("ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY",),
)
def sign_in_anonymous(
    work: Work,
    request: RequestContext,
    issuer: SessionIssuer,
    limiter: Limiter,
    reader: SessionReader,
    cookies: Cookies,
    body: Anything | None = None,
) -> Response:
    """Sign in without an account, as a new user."""
    visit = Visit(reader.list_tokens(request), bucket(request.client.address))
    outcome = service.sign_in(work, issuer, limiter, visit)
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    token, user = outcome.token.reveal(), UserOut.of(outcome.user)
    response = Response(SignedInAnonymously(token=token, user=user))
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)


@routes.post(
    "/delete-anonymous-user",
    response_model=Success,
    headers={"set-cookie": "Clears the session cookies."},
    refusals=("USER_IS_NOT_ANONYMOUS", f"403 {WHILE_IMPERSONATING}"),
)
def delete_anonymous_user(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    current: SignedIn,
    body: Anything | None = None,
) -> Response:
    """Delete the caller, who must be anonymous, with everything that is theirs."""
    service.delete(work, current)
    return Response(Success(), cookies=cookies.clear_session(request.cookie_header))
