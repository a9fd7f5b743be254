"""HTTP endpoints of one-time tokens."""

from backend.features.links.link_mailer import LinkMailer
from backend.features.one_time_token import service
from backend.features.one_time_token.wire import OneTimeToken
from backend.features.sessions.dependencies import SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_account_cookies
from backend.features.sessions.wire import SessionAndUser
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes(
    "one-time token",
    prefix=f"{AUTH}/one-time-token",
    about="Going on with a session in another browser, or on another domain.",
)


@routes.get("/generate", response_model=OneTimeToken, refusals=(f"403 {WHILE_IMPERSONATING}",))
def generate_one_time_token(work: Work, link_mailer: LinkMailer, current: SignedIn) -> OneTimeToken:
    """Return a token with which the caller's session goes on elsewhere."""
    token = service.generate(work, link_mailer.link_tokens, current)
    return OneTimeToken(token=token.reveal())


@routes.post(
    "/verify",
    response_model=SessionAndUser,
    headers=SESSION_HEADERS,
    refusals=(
        service.INVALID_TOKEN,
        service.SESSION_NOT_FOUND,
        service.SESSION_EXPIRED,
        f"403 {service.SIGNED_IN_AS_ANOTHER}",
    ),
)
def verify_one_time_token(
    work: Work,
    request: RequestContext,
    link_mailer: LinkMailer,
    reader: SessionReader,
    cookies: Cookies,
    body: OneTimeToken,
) -> Response:
    """Go on here with the session for which a token was made; it works once."""
    presented = reader.list_tokens(request)
    row, token = service.use(work, link_mailer.link_tokens, body.token, presented)
    response = Response(SessionAndUser.of(row.session, token.reveal(), row.user))
    header = request.cookie_header
    set_account_cookies(work, response, cookies, row.session, token, header)
    if row.session.remembered and cookies.read_signed(header, cookies.dont_remember):
        response.cookies += cookies.clear_dont_remember()
    return response
