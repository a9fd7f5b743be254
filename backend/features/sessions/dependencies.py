"""Dependencies of endpoints for signed-in callers: `session: SignedIn`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer

from backend.features.sessions import service
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.reader import SessionReader
from backend.kernel.refusals import Refusal, refusal_without_code, service_unavailable
from backend.kernel.roles import ADMIN
from backend.limits.limiter import Limiter
from backend.limits.rules import ADMIN_CALLS, Rule
from backend.storage.acting_session import ActingSession
from backend.storage.engine import DatabaseUnavailable
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext, route_path
from backend.web.routing.routes import EdgeDependency

_cookie = APIKeyCookie(name="better-auth.session_token", scheme_name="cookie", auto_error=False)
_bearer = HTTPBearer(scheme_name="bearer", auto_error=False)


async def require_any_session(request: RequestContext, context: AppContext) -> CurrentSession:
    """Return the caller's session, or refuse with 401 (ASVS 8.3.1)."""
    current = await find_any_session(request, context)
    if current is None:
        raise Refusal("UNAUTHORIZED")
    return current


async def require_session(request: RequestContext, context: AppContext) -> CurrentSession:
    """Return the caller's session, or refuse with 401, or 403 if a second factor is missing."""
    current = await require_any_session(request, context)
    _check_enrolled(current, context)
    return current


async def require_session_silently(request: RequestContext, context: AppContext) -> CurrentSession:
    """Return the caller's session, or refuse with a 401 whose body is empty."""
    current = await find_any_session(request, context)
    if current is None:
        raise refusal_without_code("", status=401)
    _check_enrolled(current, context)
    return current


async def require_admin(request: RequestContext, context: AppContext) -> CurrentSession:
    """Return the session of an admin, or refuse with 401 or 403, or with 429 above the limit.

    An admin who impersonates a user has that user's rights (ASVS 8.2.1).
    """
    current = await require_session(request, context)
    if ADMIN not in current.user.roles or current.session.impersonated_by is not None:
        raise Refusal("ADMINS_ONLY")
    await _count_call(context.services[Limiter], ADMIN_CALLS, current, request)
    return current


async def find_any_session(request: RequestContext, context: AppContext) -> CurrentSession | None:
    """Return the caller's session, even one that only opens the setting up of a factor, or None."""
    reader: SessionReader = context.services[SessionReader]
    return await reader.read(request)


async def find_session(
    request: RequestContext, context: AppContext, *, refresh: bool = True
) -> CurrentSession | None:
    """Return the caller's session, or None; who must set up a second factor counts as nobody."""
    reader: SessionReader = context.services[SessionReader]
    current = await reader.read(request, refresh=refresh)
    if current is None or _must_enrol(current, context):
        return None
    return current


def _check_enrolled(current: CurrentSession, context: AppContext) -> None:
    if _must_enrol(current, context):
        raise Refusal("TWO_FACTOR_REQUIRED")


def _must_enrol(current: CurrentSession, context: AppContext) -> bool:
    return service.must_enrol(current.session, current.user, context.runtime.settings)


async def require_fresh_session(request: RequestContext, context: AppContext) -> CurrentSession:
    """Return the session of a caller who signed in recently, or refuse with 403 (ASVS 7.5.1)."""
    current = await require_session(request, context)
    if not service.is_fresh(current.session, context.runtime.clock.now(), context.runtime.settings):
        raise Refusal("SESSION_NOT_FRESH")
    return current


async def require_session_within_limit(
    request: RequestContext, context: AppContext
) -> CurrentSession:
    """Return the caller's session, or refuse with 401, or with 429 above the limit per user."""
    current = await require_session(request, context)
    limiter: Limiter = context.services[Limiter]
    await _count_call(limiter, limiter.protected_calls, current, request)
    return current


async def _count_call(
    limiter: Limiter, rule: Rule, current: CurrentSession, request: RequestContext
) -> None:
    """Count a call by this user; all paths of one endpoint count together."""
    await limiter.check(rule, str(current.user.id), route_path(request.scope))


def act_as(current: CurrentSession | None) -> ActingSession | None:
    """Return on whose behalf the transactions of this request write."""
    return ActingSession(current.session.id, current.user.id) if current else None


def _fastapi_dependency(
    find: Callable[[RequestContext, AppContext], Awaitable[CurrentSession | None]],
) -> Any:
    """Wrap the same check as a dependency for plain FastAPI endpoints."""

    async def dependency(
        http_request: Request,
        response: Response,
        _cookie: Annotated[str | None, Depends(_cookie)],
        _bearer: Annotated[object | None, Depends(_bearer)],
    ) -> CurrentSession | None:
        context: AppContext = http_request.app.state.context
        request = RequestContext(http_request.scope, context.addresses)
        context.origins.check_request(request.method, request.path, request.headers)
        try:
            current = await find(request, context)
        except DatabaseUnavailable:
            raise service_unavailable(retry_after=2) from None
        for line in request.cookies:
            response.headers.append("set-cookie", line)
        return current

    return Depends(dependency)


_REFUSALS = ("UNAUTHORIZED", "TWO_FACTOR_REQUIRED")

SignedIn = Annotated[
    CurrentSession,
    EdgeDependency(require_session, act_as, _REFUSALS),
    _fastapi_dependency(require_session),
]
"""The caller's session; without one the answer is 401, without a factor that they need 403."""

MaybeSignedIn = Annotated[
    CurrentSession | None, EdgeDependency(find_session, act_as), _fastapi_dependency(find_session)
]
"""The caller's session, or None."""

AnySession = Annotated[
    CurrentSession,
    EdgeDependency(require_any_session, act_as, ("UNAUTHORIZED",)),
    _fastapi_dependency(require_any_session),
]
"""As SignedIn, and open to callers who must set up a second factor first."""

MaybeAnySession = Annotated[
    CurrentSession | None,
    EdgeDependency(find_any_session, act_as),
    _fastapi_dependency(find_any_session),
]
"""As AnySession, or None."""

SilentlySignedIn = Annotated[
    CurrentSession,
    EdgeDependency(require_session_silently, act_as, ("401", "TWO_FACTOR_REQUIRED")),
    _fastapi_dependency(require_session_silently),
]
"""As SignedIn, but the 401 has an empty body, as Better Auth answers on its admin endpoints."""

Administrator = Annotated[
    CurrentSession,
    EdgeDependency(require_admin, act_as, (*_REFUSALS, "ADMINS_ONLY")),
    _fastapi_dependency(require_admin),
]
"""The session of an admin; otherwise 401 or 403."""

FreshlySignedIn = Annotated[
    CurrentSession,
    EdgeDependency(require_fresh_session, act_as, (*_REFUSALS, "SESSION_NOT_FRESH")),
    _fastapi_dependency(require_fresh_session),
]
"""The session of a caller who signed in within SESSION_FRESH_FOR; otherwise 401 or 403."""

Protected = Annotated[
    CurrentSession,
    EdgeDependency(require_session_within_limit, act_as, _REFUSALS),
    _fastapi_dependency(require_session_within_limit),
]
"""As SignedIn, and at most RATE_LIMIT_PER_USER calls: for endpoints of the application's own."""
