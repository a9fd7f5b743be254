"""The session check: who is asking. The hot path of the whole server.

cookie, if it is the very one of before -> the cache.
else signature (a forgery costs no query) -> digest -> cache -> only then the database, together
with whoever else needs it at that moment (`lookup.py`).
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from backend.features.sessions import service
from backend.features.sessions.cache import CurrentSession, SessionCache
from backend.features.sessions.lookup import SessionLookup
from backend.kernel.client import Client
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest, TokenMint, digest
from backend.limits.limiter import Limiter
from backend.limits.rules import SESSION_CHECKS
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Runtime, Work
from backend.web.app_context import Pools
from backend.web.cookies import Cookies, cookie_values
from backend.web.request_context import RequestContext

_LEFT_OVER = b".session_data"
_Presented = tuple[SessionToken, str | None]
"""A token, and the cookie in which it was shown, unless it is a bearer's."""


class Feed(Protocol):
    """Tells whether changes by other hands reach our cache."""

    def proven(self) -> bool: ...


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

    def held(self, request: RequestContext) -> list[SessionToken]:
        """Return every session this browser shows: to end them all, when it signs out or in anew.

        That is all cookies of the session's name, whichever of them counted, and the session in
        which an admin waits while they impersonate a user.
        """
        cookies = cookie_values(request.cookie_header, self._cookies.session_token)
        return [*(token for token, _ in self._presented(request, cookies)), *self.waiting(request)]

    def waiting(self, request: RequestContext) -> list[SessionToken]:
        """Return the session to which an admin goes back who impersonates a user.

        It ends with the impersonation's, unless the admin does go back: else its token would stay
        in a browser whose user takes it for signed out.
        """
        return self._cookies.read_admin_sessions(request.cookie_header)

    def _presented(self, request: RequestContext, cookies: list[str]) -> list[_Presented]:
        """Find the session tokens the caller shows that we made: a bearer's, or those of cookies.

        A cookie of the same name that another application has set for the whole domain, or an older
        one of ours, may stand in front of the right one: the first that is live counts.
        """
        authorization = request.headers.get(b"authorization")
        if authorization is not None:
            token = self._from_bearer(authorization)
            if token is not None:
                return [(token, None)]
        presented: list[_Presented] = []
        for cookie in cookies:
            value = self._cookies.verified(cookie)
            if value:
                presented.append((SessionToken(value), cookie))
        return presented

    async def read(self, request: RequestContext, *, refresh: bool = True) -> CurrentSession | None:
        """Return the caller's live session, prolonged if that is due, or None.

        The answer of `request` gets the cookies that follow: a new end, or the deletion of a cookie
        whose signature is right but whose session is gone.
        """
        header = request.headers.get(b"cookie")
        cookies: list[str] = []
        if header is not None:
            if _LEFT_OVER in header:
                request.cookies += self._cookies.clear_left_over(header)
            cookies = cookie_values(header, self._cookies.session_token)
        if cookies and b"authorization" not in request.headers:
            known = self._cache.get_shown(cookies[0])
            if known is not None and self._feed.proven():
                # Looked up only now: in proving itself, the feed may have forgotten it.
                entry = self._cache.get(known.digest)
                if entry is not None and entry.good_until > self._now():
                    self._limiter.check_window(SESSION_CHECKS, entry.checks)
                    return _noted(request, entry)
        presented = self._presented(request, cookies)
        return await self._find(request, presented, refresh) if presented else None

    async def _find(
        self, request: RequestContext, presented: list[_Presented], refresh: bool
    ) -> CurrentSession | None:
        """Return the first session of those presented that is alive.

        Strangers never get here, and do not make the feed ask: it may wake the database.
        """
        for token, cookie in presented:
            trusted = self._feed.proven()
            entry = self._remembered(digest(token)) if trusted else None
            found = entry or await self._load(request, token, cookie, refresh, trusted)
            if found is not None:
                return _noted(request, found)
        request.cookies[:] = self._cookies.clear_session(request.cookie_header)
        return None

    def _remembered(self, token_digest: TokenDigest) -> CurrentSession | None:
        entry = self._cache.get(token_digest)
        if entry is None or entry.good_until <= self._now():
            return None
        self._limiter.check_window(SESSION_CHECKS, entry.checks)
        return entry

    async def _load(
        self,
        request: RequestContext,
        token: SessionToken,
        cookie: str | None,
        refresh: bool,
        trusted: bool,
    ) -> CurrentSession | None:
        generation, token_digest = self._cache.generation, digest(token)
        found = await self._lookup.find(token_digest)
        now = self._now()
        if found is None:
            return None
        if found.user.is_banned(now):
            with suppress(DatabaseUnavailable):  # the ban counts although the row stays
                await self._pools.ask(lambda: self._delete_banned(request.client, token_digest))
            return None
        if service.is_expired(found.session, now):
            return None
        due = service.refresh_due(found.session, self._settings)
        if due is not None and due <= now and refresh:
            alive = found
            try:
                found = await self._pools.ask(lambda: self._prolong(request.client, token_digest))
            except DatabaseUnavailable:  # read-only or full: it lives, as was just read
                return current_of(alive, token, token_digest, due)
            if found is None:
                return None
            request.cookies += self._cookies.set_session(token, self._settings.session_lifetime)
            due, generation = None, -1  # the row has just moved: let the next check read it
        current = current_of(found, token, token_digest, due)
        current.cookie = cookie
        if trusted:
            self._cache.fill(current, generation)
        return current

    def _delete_banned(self, client: Client, token_digest: TokenDigest) -> None:
        with Work(self._runtime, client) as work:
            service.find_live(work, token_digest)

    def _prolong(self, client: Client, token_digest: TokenDigest) -> SessionWithUser | None:
        with Work(self._runtime, client) as work:
            found = service.find_live(work, token_digest)
            if found is None or service.prolong(work, found.session) is None:
                return None
            return sessions.find_with_user(work.db, token_digest)

    def _from_bearer(self, authorization: bytes) -> SessionToken | None:
        scheme, _, shown = authorization.decode("latin-1").partition(" ")
        shown = shown.strip()
        if scheme.lower() != "bearer" or not shown:
            return None
        if "." in shown:
            value = self._cookies.verified(shown)
            return SessionToken(value) if value else None
        return SessionToken(shown) if self._mint.recognises(shown) else None


def _noted(request: RequestContext, current: CurrentSession) -> CurrentSession:
    if current.session.impersonated_by is not None:  # the audit trail names both
        request.client.impersonated_by = current.session.impersonated_by
    return current


def current_of(
    found: SessionWithUser, token: SessionToken, token_digest: TokenDigest, due: datetime | None
) -> CurrentSession:
    """Return what is remembered of a session."""
    ends = found.session.expires_at
    return CurrentSession(
        session=found.session,
        user=found.user,
        token=token,
        digest=token_digest,
        good_until=ends if due is None else min(ends, due),
    )
