"""The lock in front of the whole panel. Gradio has none of its own worth the name.

path -> where the request comes from -> session and role -> only then a page. Who asks too often is
refused with the session: the API counts how often one is read.
"""

from collections.abc import Sequence

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from panel.client.api import Api, ApiError, origin_of
from panel.client.visitor import OWNER, Owner, Visitor
from panel.ports import PanelSettings
from panel.server import paths
from panel.server.cookies import PanelCookies
from panel.server.downloads import DOWNLOADS
from panel.server.paths import Kind
from panel.server.recent_admins import RecentAdmins
from panel.server.request_headers import value, visitors_of
from panel.server.sign_in.plain_pages import PlainPages
from panel.tester.browsers import BrowserStore
from panel.ui import urls, words


class Guard:
    """Lets admins through to the pages, on every request anew, and everybody to the sign-in."""

    def __init__(
        self,
        loader: ASGIApp,
        sign_in: ASGIApp,
        downloads: ASGIApp,
        *,
        api: Api,
        pages: PlainPages,
        cookies: PanelCookies,
        browser_store: BrowserStore,
        recent_admins: RecentAdmins,
        settings: PanelSettings,
    ) -> None:
        self._loader = loader
        self._sign_in = sign_in
        self._downloads = downloads
        self._api = api
        self._pages = pages
        self._cookies = cookies
        self._browser_store = browser_store
        self._recent_admins = recent_admins
        self._own = {origin_of(url) for url in settings.own_origins}
        # Reached by the name of a machine in the LAN, say. Not behind https: there, a proxy stands
        # in front, and the Host it passes on is no proof of anything.
        self._trusts_host = not settings.production and settings.base_url.startswith("http://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        responder = await self._route(scope)
        await responder(scope, receive, send)

    async def _route(self, scope: Scope) -> ASGIApp:
        """Return what answers this request."""
        kind = paths.kind_of(scope["method"], scope["path"])
        if kind is None:
            return refusal(404, words.NOT_FOUND)
        if scope["method"] not in paths.SAFE_METHODS and not self._is_same_origin(scope):
            return refusal(403, words.FROM_ANOTHER_SITE)
        if kind is Kind.OPEN:
            return self._sign_in
        try:
            return await self._check_session(scope, kind)
        except ApiError as refused:
            return self._later(kind, 429 if refused.status == 429 else 503, refused.retry_after)

    async def _check_session(self, scope: Scope, kind: Kind) -> ASGIApp:
        visitors = visitors_of(scope, self._cookies)
        if kind is Kind.FILE and (recent_admins := self._recent_among(visitors)):
            scope[OWNER] = recent_admins
            return self._loader
        owner = await self._owner_among(visitors)
        if owner is None:
            return (
                _redirect_to_sign_in(scope)
                if kind is Kind.PAGE
                else refusal(401, words.NOT_SIGNED_IN)
            )
        self._recent_admins.remember(owner)
        if kind is Kind.PAGE and (scope["path"] == "/admin" or _just_signed_in(scope)):
            return RedirectResponse(urls.HOME, 303)
        scope[OWNER] = owner
        return self._downloads if scope["path"] in DOWNLOADS else self._loader

    def _recent_among(self, visitors: Sequence[Visitor]) -> Owner | None:
        return next(filter(None, (self._recent_admins.find(each.token) for each in visitors)), None)

    async def _owner_among(self, visitors: Sequence[Visitor]) -> Owner | None:
        """Return the first whose session is alive and an admin's; forget those before."""
        for visitor in visitors:
            owner = await self._api.owner(visitor)
            if owner is not None:
                return owner
            self._browser_store.forget(visitor.token)
            self._recent_admins.forget(visitor.token)
        return None

    def _later(self, kind: Kind, status: int, seconds: int) -> Response:
        if kind is Kind.PAGE:
            return self._pages.later(status, seconds)
        return refusal(status, words.later(status, seconds), seconds)

    def _is_same_origin(self, scope: Scope) -> bool:
        """Tell whether a write comes from our own pages; the browser itself says so (ASVS 3.5.1).

        One that carries no cookie and says nothing comes from no browser: it may try to sign in.
        """
        site, origin = value(scope, b"sec-fetch-site"), value(scope, b"origin")
        if site is None and origin is None:
            return value(scope, b"cookie") is None
        return site in {None, "same-origin"} and (origin is None or self._is_own(origin, scope))

    def _is_own(self, origin: str, scope: Scope) -> bool:
        if self._trusts_host and origin == f"http://{value(scope, b'host')}":
            return True
        return origin in self._own


def refusal(status: int, message: str, retry_after: int | None = None) -> Response:
    """Say no in the API's shape."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return JSONResponse({"message": message}, status, headers)


def _redirect_to_sign_in(scope: Scope) -> Response:
    # Straight after a sign-in, a missing session means that the browser dropped the cookie.
    return RedirectResponse(
        urls.SIGN_IN + ("?why=no-cookie" if _just_signed_in(scope) else ""), 303
    )


def _just_signed_in(scope: Scope) -> bool:
    return b"tried=1" in scope["query_string"].split(b"&")
