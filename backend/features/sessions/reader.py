"""The session check: finds the caller's session. The hot path of the server.

A cookie seen before -> the cache. Otherwise signature (a forgery costs no query) -> digest ->
cache -> database, in one statement with other checks that wait at that moment (`lookup.py`).
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from backend.features.sessions import service
from backend.features.sessions.cache import CurrentSession, SessionCache
from backend.features.sessions.lookup import SessionLookup
from backend.kernel.client import Client
from backend.kernel.roles import ADMIN
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest, TokenMint, digest
from backend.limits.limiter import Limiter
from backend.limits.rules import session_checks
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Runtime, Work
from backend.web.app_context import Pools
from backend.web.cookie_header import find_cookies
from backend.web.cookies import Cookies
from backend.web.edge.client_address import FRONTEND_KEY
from backend.web.request_context import RequestContext

_LEFT_OVER = b".session_data"
_Presented = tuple[SessionToken, str | None]
"""A token, and the cookie it came in, or None for a bearer token."""


class Feed(Protocol):
    """Tells whether changes by other processes reach our cache."""

    def is_live(self) -> bool: ...


class SessionReader:
    """Finds the caller's session, in the cache or in the database."""

    def __init__(
        self,
        runtime: Runtime,
        pools: Pools,
        cookies: Cookies,
        mint: TokenMint,
        cache: SessionCache,
        feed: Feed,
        limiter: Limiter,
    ) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._now = runtime.clock.now
        self._pools = pools
        self._cookies = cookies
        self._mint = mint
        self._cache = cache
        self._feed = feed
        self._lookup = SessionLookup(runtime.database, pools)
        self._limiter = limiter

    def list_tokens(self, request: RequestContext) -> list[SessionToken]:
        """Return every session token this browser presents, to end them at sign-out or sign-in.

        That is all cookies with the session's name, whichever of them counted, and the admin's own
        session during an impersonation.
        """
        cookies = find_cookies(request.cookie_header, self._cookies.session_token)
        return [
            *(token for token, _ in self._read_tokens(request, cookies)),
            *self.list_admin_tokens(request),
        ]

    def list_admin_tokens(self, request: RequestContext) -> list[SessionToken]:
        """Return the token of the admin's own session during an impersonation.

        That session ends with the impersonation's unless the admin returns to it: otherwise its
        token would stay in a browser that looks signed out.
        """
        return self._cookies.read_admin_sessions(request.cookie_header)

    def _read_tokens(self, request: RequestContext, cookies: list[str]) -> list[_Presented]:
        """Return the correctly signed tokens of the request: the bearer token, or those of cookies.

        A cookie of the same name, set by another application for the whole domain or left by an
        earlier sign-in, may precede the right one: the first that is live counts.
        """
        authorization = request.headers.get(b"authorization")
        if authorization is not None:
            token = self._parse_bearer(authorization)
            if token is not None:
                return [(token, None)]
        presented_tokens: list[_Presented] = []
        for cookie in cookies:
            value = self._cookies.verify(cookie)
            if value:
                presented_tokens.append((SessionToken(value), cookie))
        return presented_tokens

    async def read(self, request: RequestContext, *, refresh: bool = True) -> CurrentSession | None:
        """Return the caller's live session, prolonged if that is due, or None.

        Adds cookies to the response of `request`: a new expiry, or the deletion of a cookie whose
        signature is right but whose session is gone.
        """
        header = request.headers.get(b"cookie")
        cookies: list[str] = []
        if header is not None:
            if _LEFT_OVER in header:
                request.cookies += self._cookies.clear_session_data(header)
            cookies = find_cookies(header, self._cookies.session_token)
        if cookies and b"authorization" not in request.headers:
            cached = self._cache.get_by_cookie(cookies[0])
            if cached is not None and self._feed.is_live():
                # Looked up again: `is_live()` may have dropped it from the cache.
                entry = self._cache.get(cached.digest)
                if entry is not None and entry.valid_until > self._now():
                    if FRONTEND_KEY not in request.headers:  # almost always: saves three calls
                        self._limiter.check_window(entry.limit, entry.checks)
                    else:
                        self._check_limit(request, entry)
                    return _note_impersonator(request, entry)
        presented_tokens = self._read_tokens(request, cookies)
        return await self._find(request, presented_tokens, refresh) if presented_tokens else None

    async def _find(
        self, request: RequestContext, presented_tokens: list[_Presented], refresh: bool
    ) -> CurrentSession | None:
        """Return the first presented session that is live.

        Requests without a token never get here: `is_live()` may wake the database.
        """
        for token, cookie in presented_tokens:
            trusted = self._feed.is_live()
            entry = self._get_cached(request, digest(token)) if trusted else None
            current = entry or await self._load(request, token, cookie, refresh, trusted)
            if current is not None:
                return _note_impersonator(request, current)
        request.cookies[:] = self._cookies.clear_session(request.cookie_header)
        return None

    def _get_cached(
        self, request: RequestContext, token_digest: TokenDigest
    ) -> CurrentSession | None:
        entry = self._cache.get(token_digest)
        if entry is None or entry.valid_until <= self._now():
            return None
        self._check_limit(request, entry)
        return entry

    def _check_limit(self, request: RequestContext, entry: CurrentSession) -> None:
        """Count a check of this session, unless our own frontend makes it; refuses with 429.

        The frontend asks for each of its users' requests. If those counted, a busy user would be
        refused in the whole application.
        """
        if not request.is_from_frontend:
            self._limiter.check_window(entry.limit, entry.checks)

    async def _load(
        self,
        request: RequestContext,
        token: SessionToken,
        cookie: str | None,
        refresh: bool,
        trusted: bool,
    ) -> CurrentSession | None:
        generation, token_digest = self._cache.generation, digest(token)
        row = await self._lookup.find(token_digest)
        now = self._now()
        if row is None:
            return None
        if row.user.is_banned(now):
            with suppress(DatabaseUnavailable):  # the ban holds even if the row stays
                await self._pools.run(lambda: self._delete_banned(request.client, token_digest))
            return None
        if service.is_expired(row.session, now):
            return None
        due = service.refresh_due_at(row.session, self._settings)
        if due is not None and due <= now and refresh:
            alive = row
            try:
                row = await self._pools.run(lambda: self._prolong(request.client, token_digest))
            except DatabaseUnavailable:  # read-only or full: still live, as just read
                return to_current_session(alive, token, token_digest, due)
            if row is None:
                return None
            request.cookies += self._set_cookies(request, token)
            due, generation = None, -1  # the row has just changed: let the next check read it
        current = to_current_session(row, token, token_digest, due)
        current.cookie = cookie
        if trusted:
            self._cache.fill(current, generation)
        return current

    def _set_cookies(self, request: RequestContext, token: SessionToken) -> list[str]:
        lifetime = self._settings.session_lifetime
        lines = self._cookies.set_session(token, lifetime)
        if self._settings.multi_session:
            lines += self._cookies.renew_account(request.cookie_header, token, lifetime)
        return lines

    def _delete_banned(self, client: Client, token_digest: TokenDigest) -> None:
        with Work(self._runtime, client) as work:
            service.find_live(work, token_digest)

    def _prolong(self, client: Client, token_digest: TokenDigest) -> SessionWithUser | None:
        with Work(self._runtime, client) as work:
            row = service.find_live(work, token_digest)
            if row is None or service.prolong(work, row.session) is None:
                return None
            return sessions.find_with_user(work.db, token_digest)

    def _parse_bearer(self, authorization: bytes) -> SessionToken | None:
        scheme, _, credentials = authorization.decode("latin-1").partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials:
            return None
        if "." in credentials:
            value = self._cookies.verify(credentials)
            return SessionToken(value) if value else None
        return SessionToken(credentials) if self._mint.is_authentic(credentials) else None


def _note_impersonator(request: RequestContext, current: CurrentSession) -> CurrentSession:
    if current.session.impersonated_by is not None:  # the audit trail names both
        request.client.impersonated_by = current.session.impersonated_by
    return current


def to_current_session(
    row: SessionWithUser, token: SessionToken, token_digest: TokenDigest, due: datetime | None
) -> CurrentSession:
    """Build the cache entry of a session."""
    ends = row.session.expires_at
    return CurrentSession(
        session=row.session,
        user=row.user,
        token=token,
        digest=token_digest,
        valid_until=ends if due is None else min(ends, due),
        limit=session_checks(is_admin=ADMIN in row.user.roles),
    )
