"""HTTP endpoints of sessions."""

from typing import Annotated, NoReturn
from uuid import UUID

from fastapi import Query

from backend.features.sessions import service
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.dependencies import FreshlySignedIn, SignedIn
from backend.features.sessions.provider_sign_out import ProviderSignOut, ProviderSignOutRequest
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.wire import (
    Anything,
    GetSession,
    Revoke,
    SessionAndUser,
    SessionOut,
    SignedOut,
    SignOut,
)
from backend.kernel.clock import Clock
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.kernel.secrets.tokens import TokenMint
from backend.storage.db import Db
from backend.storage.queries import sessions
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import resolve_target
from backend.web.responses.responses import NO_CACHE_HEADERS, Response, header_safe, json_array
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status, Success

routes = Routes("sessions", prefix=AUTH, about="Reading, listing and revoking your sessions.")
_CLEARED_COOKIES = {"set-cookie": "Clears the session cookies if the caller's own session ended."}

_NO_SESSION = Response(b"null", headers=NO_CACHE_HEADERS).prerender()


@routes.get("/get-session", response_model=SessionAndUser | None, session_optional=True)
async def get_session(
    request: RequestContext, reader: SessionReader, query: Annotated[GetSession, Query()]
) -> Response:
    """Return the caller's session and user, or null. Extends the session once a day."""
    current = await reader.read(request, refresh=not query.disable_refresh)
    if current is None:
        return _NO_SESSION
    if current.response is None:
        current.response = render_session(current)
    return current.response


def render_session(current: CurrentSession) -> Response:
    """Render the response of get-session, packed for reuse."""
    body = SessionAndUser.of(current.session, current.token.reveal(), current.user)
    return Response(
        body.model_dump_json(by_alias=True).encode(), headers=NO_CACHE_HEADERS
    ).prerender()


@routes.post("/get-session", refusals=("METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",))
async def defer_session_refresh(body: Anything | None = None) -> NoReturn:
    """Always refused: sessions are extended when they are read, without a second request."""
    raise Refusal("METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED")


@routes.post(
    "/sign-out",
    response_model=SignedOut,
    headers={**_CLEARED_COOKIES, "location": "The provider's page, for clients that follow it."},
    session_optional=True,
)
def sign_out(
    work: Work,
    request: RequestContext,
    reader: SessionReader,
    cookies: Cookies,
    provider: ProviderSignOut,
    body: SignOut | None = None,
) -> Response:
    """End the caller's session, if there is one, and clear its cookies.

    If the caller is an impersonating admin, their own session ends too; with MULTI_SESSION those of
    all accounts of this browser. Who has signed in with a provider of your own that has a page for
    signing out goes on to it.
    """
    header, several = request.cookie_header, work.settings.multi_session
    accounts = [each for each in cookies.list_accounts(header) if each.token] if several else []
    tokens = [*reader.list_tokens(request), *(each.token for each in accounts if each.token)]
    ended = service.sign_out(work, tokens)
    cleared = [line for each in accounts for line in cookies.clear_account(each)]
    response = Response(Success(), cookies=[*cookies.clear_session(header), *cleared])
    # An impersonated user's ID token is not for the admin who acts for them.
    if ended and ended[0].impersonated_by is None:
        _go_on_to_provider(work, response, provider, ended[0].user_id, body or SignOut())
    return response


def _go_on_to_provider(
    work: Work, response: Response, provider: ProviderSignOut, user_id: UUID, asked: SignOut
) -> None:
    callback = asked.callback_url
    target = resolve_target(work.settings.base_url, callback) if callback else ""
    url = provider.find_url(work, ProviderSignOutRequest(user_id, target, asked.state or ""))
    if url is None:
        return
    response.body = SignedOut(url=url, redirect=not asked.disable_redirect)
    if not asked.disable_redirect:
        response.headers["location"] = header_safe(url)


@routes.get("/list-sessions", response_model=list[SessionOut])
def list_sessions(db: Db, clock: Clock, current: FreshlySignedIn) -> Response:
    """List the caller's live sessions. Only the current one shows its real token."""
    rows = sessions.list_live(db, current.user.id, clock.now())
    own = current.session.id
    return json_array(
        SessionOut.of(session, current.token.reveal() if session.id == own else str(session.id))
        for session in rows
    )


@routes.post("/revoke-session", response_model=Status, headers=_CLEARED_COOKIES)
def revoke_session(
    work: Work,
    request: RequestContext,
    current: SignedIn,
    mint: TokenMint,
    reader: SessionReader,
    cookies: Cookies,
    body: Revoke,
) -> Response:
    """End one of the caller's sessions. The response is the same if there was none."""
    service.revoke(work, mint, current.user.id, body.token)
    if body.token not in {current.token.reveal(), str(current.session.id)}:
        return Response(Status())
    service.sign_out(work, reader.list_admin_tokens(request))
    return Response(Status(), cookies=cookies.clear_session(request.cookie_header))


@routes.post("/revoke-sessions", response_model=Status, headers=_CLEARED_COOKIES)
def revoke_sessions(
    work: Work,
    request: RequestContext,
    current: SignedIn,
    reader: SessionReader,
    cookies: Cookies,
    body: Anything | None = None,
) -> Response:
    """End all of the caller's sessions, including the current one."""
    service.revoke_all(work, current.user.id)
    service.sign_out(work, reader.list_admin_tokens(request))
    return Response(Status(), cookies=cookies.clear_session(request.cookie_header))


@routes.post("/revoke-other-sessions", response_model=Status)
def revoke_other_sessions(work: Work, current: SignedIn, body: Anything | None = None) -> Status:
    """End all of the caller's sessions except the current one."""
    service.revoke_all(work, current.user.id, except_id=current.session.id)
    return Status()


@routes.post("/update-session", refusals=("No fields to update",))
def update_session(current: SignedIn, body: Anything) -> NoReturn:
    """Always refused: sessions have no custom fields, so there is nothing to update."""
    raise refusal_without_code("No fields to update")
