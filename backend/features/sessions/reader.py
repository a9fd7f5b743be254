"""The session check: who is asking. The hot path of the whole server.

cookie, if it is the very one of before -> the cache.
else signature (a forgery costs no query) -> digest -> cache -> only then the database, together
with whoever else needs it at that moment (`lookup.py`).
"""

from datetime import datetime
from typing import Protocol

from backend.features.sessions import service
from backend.features.sessions.cache import Current, SessionCache
from backend.features.sessions.lookup import SessionLookup
from backend.kernel.client import Client
from backend.kernel.refusals import too_many_requests
from backend.kernel.secret import SessionToken
from backend.kernel.settings import Settings
from backend.kernel.tokens import TokenDigest, TokenMint, digest
from backend.storage import sessions
from backend.storage.sessions import SessionWithUser
from backend.storage.work import Work
from backend.web.cookies import Cookies, cookie_value
from backend.web.house import House
from backend.web.limits import PER_SESSION
from backend.web.visit import Visit


class Feed(Protocol):
    """Tells whether changes by other hands reach our cache."""

    def proven(self) -> bool: ...


class SessionReader:
    """Finds the caller's session, in the cache or in the database."""

    def __init__(
        self,
        settings: Settings,
        cookies: Cookies,
        mint: TokenMint,
        cache: SessionCache,
        feed: Feed,
        lookup: SessionLookup,
    ) -> None:
        self._settings = settings
        self._cookies = cookies
        self._mint = mint
        self._cache = cache
        self._feed = feed
        self._lookup = lookup
        self._per_minute = PER_SESSION.amount if settings.rate_limits else None

    def presented(self, visit: Visit) -> SessionToken | None:
        """Return the session token the caller shows, if we made it: bearer before cookie."""
        authorization = visit.headers.get(b"authorization")
        if authorization is not None:
            token = self._from_bearer(authorization)
            if token is not None:
                return token
        header = visit.headers.get(b"cookie")
        if header is None:
            return None
        return self._from_cookie(cookie_value(header, self._cookies.session_token))

    async def read(self, visit: Visit, house: House, *, refresh: bool = True) -> Current | None:
        """Return the caller's live session, prolonged if that is due, or None.

        The answer of `visit` gets the cookies that follow: a new end, or the deletion of a cookie
        whose signature is right but whose session is gone.
        """
        cookie = self._cookie(visit)
        known = self._cache.get_shown(cookie) if cookie else None
        if known is not None:
            token: SessionToken | None = known.token
        else:
            token = self._from_cookie(cookie) if cookie else self.presented(visit)
        if token is None:  # strangers do not make the feed ask: it may wake the database
            return None
        trusted = self._feed.proven()
        # Looked up only now: in proving itself, the feed may have forgotten it.
        entry = self._cache.get(known.digest if known else digest(token)) if trusted else None
        if entry is not None and entry.good_until > house.workshop.clock.now():
            self._count(entry, house.workshop.clock.monotonic())
            return _noted(visit, entry)
        found = await self._load(visit, house, token, refresh, trusted)
        if found is None:
            return None
        return _noted(visit, found)

    def _cookie(self, visit: Visit) -> str | None:
        """Return the session's cookie as the caller shows it, unless a bearer token goes before."""
        header = visit.headers.get(b"cookie")
        if header is None or b"authorization" in visit.headers:
            return None
        return cookie_value(header, self._cookies.session_token)

    def _count(self, entry: Current, now: float) -> None:
        if self._per_minute is None:
            return
        if now - entry.window_started >= 60:
            entry.window_started, entry.counted = now, 0
        entry.counted += 1
        if entry.counted > self._per_minute:
            raise too_many_requests(int(entry.window_started + 61 - now))

    async def _load(
        self,
        visit: Visit,
        house: House,
        token: SessionToken,
        refresh: bool,
        trusted: bool,
    ) -> Current | None:
        generation, token_digest = self._cache.generation, digest(token)
        found = await self._lookup.find(token_digest)
        now = house.workshop.clock.now()
        if found is None or service.is_expired(found.session, now):
            if found is not None:
                await house.pools.ask(lambda: _delete_expired(house, visit.client, token_digest))
            visit.cookies += self._cookies.clear_session()
            return None
        due = service.refresh_due(found.session, self._settings)
        if due is not None and due <= now and refresh:
            found = await house.pools.ask(lambda: _prolong(house, visit.client, token_digest))
            if found is None:
                visit.cookies += self._cookies.clear_session()
                return None
            visit.cookies += self._cookies.set_session(token, self._settings.session_lifetime)
            due, generation = None, -1  # the row has just moved: let the next check read it
        current = current_of(found, token, token_digest, due)
        current.cookie = self._cookie(visit)
        if trusted:
            self._cache.fill(current, generation)
        return current

    def _from_cookie(self, shown: str | None) -> SessionToken | None:
        value = self._cookies.verified(shown) if shown else None
        return SessionToken(value) if value else None

    def _from_bearer(self, authorization: bytes) -> SessionToken | None:
        scheme, _, shown = authorization.decode("latin-1").partition(" ")
        shown = shown.strip()
        if scheme.lower() != "bearer" or not shown:
            return None
        if "." in shown:
            value = self._cookies.verified(shown)
            return SessionToken(value) if value else None
        return SessionToken(shown) if self._mint.recognises(shown) else None


def _noted(visit: Visit, current: Current) -> Current:
    if current.session.impersonated_by is not None:  # the audit trail names both
        visit.client.impersonated_by = current.session.impersonated_by
    return current


def current_of(
    found: SessionWithUser, token: SessionToken, token_digest: TokenDigest, due: datetime | None
) -> Current:
    """Return what is remembered of a session."""
    ends = found.session.expires_at
    return Current(
        session=found.session,
        user=found.user,
        token=token,
        digest=token_digest,
        good_until=ends if due is None else min(ends, due),
    )


def _delete_expired(house: House, client: Client, token_digest: TokenDigest) -> None:
    with Work(house.workshop, client) as work:
        service.find_live(work, token_digest)


def _prolong(house: House, client: Client, token_digest: TokenDigest) -> SessionWithUser | None:
    with Work(house.workshop, client) as work:
        found = service.find_live(work, token_digest)
        if found is None or service.prolong(work, found.session) is None:
            return None
        return sessions.find_with_user(work.db, token_digest)
