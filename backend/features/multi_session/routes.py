"""HTTP endpoints of several accounts in one browser.

The cookies are all that these go by: who can send one could send it as the session's, too.
"""

from backend.features.multi_session import service
from backend.features.multi_session.wire import ChooseAccount
from backend.features.sessions.dependencies import AnySession
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import sign_out
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_session_cookies
from backend.features.sessions.wire import SessionAndUser
from backend.kernel.clock import Clock
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import SessionToken
from backend.storage.db import Db
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Work
from backend.web.cookies import AccountCookie, Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response, json_array
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "multi-session",
    prefix=f"{AUTH}/multi-session",
    about="Several accounts in one browser, of which one is active.",
    enabled=lambda settings: settings.multi_session,
)


@routes.get("/list-device-sessions", response_model=list[SessionAndUser], session_optional=True)
def list_device_sessions(
    db: Db, request: RequestContext, clock: Clock, cookies: Cookies
) -> Response:
    """List the accounts that are signed in in this browser, with their real tokens."""
    tokens = _list_tokens(cookies, request)
    return json_array(
        SessionAndUser.of(row.session, token.reveal(), row.user)
        for token, row in service.list_accounts(db, tokens, clock.now())
    )


@routes.post(
    "/set-active",
    response_model=SessionAndUser,
    headers=SESSION_HEADERS,
    session_optional=True,
    refusals=("INVALID_SESSION_TOKEN",),
)
def set_active(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    reader: SessionReader,
    body: ChooseAccount,
) -> Response:
    """Go on with another account of this browser."""
    account, token = _require_account(cookies, request, body.session_token)
    row = service.activate(work, token, reader.list_tokens(request))
    if row is None:
        request.cookies += cookies.clear_account(account)
        raise Refusal("INVALID_SESSION_TOKEN")
    response = Response(SessionAndUser.of(row.session, token.reveal(), row.user))
    return _activate(work, response, cookies, request, row, token)


@routes.post(
    "/revoke",
    response_model=Status,
    headers={"set-cookie": "Clears the account's cookie, and makes another account active."},
    refusals=("INVALID_SESSION_TOKEN",),
)
def revoke(
    work: Work, request: RequestContext, cookies: Cookies, current: AnySession, body: ChooseAccount
) -> Response:
    """Sign one account of this browser out. If it was the active one, another one becomes it."""
    account, token = _require_account(cookies, request, body.session_token)
    sign_out(work, [token])
    response = Response(Status(), cookies=cookies.clear_account(account))
    if account.name != cookies.name_account(current.token):
        return response
    others = service.list_accounts(work.db, _list_tokens(cookies, request), work.now())
    for other, row in others:
        return _activate(work, response, cookies, request, row, other)
    response.cookies += cookies.clear_session(request.cookie_header)
    return response


def _require_account(
    cookies: Cookies, request: RequestContext, token: str
) -> tuple[AccountCookie, SessionToken]:
    """Find the cookie that is named after a token, in letters of any case, as in Better Auth."""
    name = cookies.name_account(SessionToken(token))
    for account in cookies.list_accounts(request.cookie_header):
        if account.name == name and account.token is not None:
            return account, account.token
    raise Refusal("INVALID_SESSION_TOKEN")


def _list_tokens(cookies: Cookies, request: RequestContext) -> list[SessionToken]:
    accounts = cookies.list_accounts(request.cookie_header)
    return [each.token for each in accounts if each.token]


def _activate(
    work: Work,
    response: Response,
    cookies: Cookies,
    request: RequestContext,
    row: SessionWithUser,
    token: SessionToken,
) -> Response:
    header = request.cookie_header
    set_session_cookies(response, cookies, row.session, token, work.settings)
    if row.session.remembered and cookies.read_signed(header, cookies.dont_remember):
        response.cookies += cookies.clear_dont_remember()
    response.cookies += cookies.clear_impersonation(header)
    return response
