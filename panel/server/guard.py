"""The guard in front of the whole panel, as Gradio has no access control to rely on.

It checks the path, the origin, then session and role. Rate limits come with the session, as the API
counts how often one is read.
"""

from collections.abc import Sequence

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from panel.client.api import ApiClient, ApiError, origin_of
from panel.client.visitor import CURRENT_ADMIN, CurrentAdmin, Visitor
from panel.ports import PanelSettings
from panel.server import paths
from panel.server.cookies import PanelCookies
from panel.server.downloads import DOWNLOADS
from panel.server.paths import Access
from panel.server.recent_admins import RecentAdmins
from panel.server.request_headers import get_header, visitors_of
from panel.server.return_path import (
    account_url,
    just_signed_in,
    requested_page,
    sign_in_url,
)
from panel.server.sign_in.plain_pages import PlainPages
from panel.tester.browsers import BrowserStore
from panel.ui import words


class Guard:
    """Lets admins through to the pages, checking every request, and everyone to the sign-in."""

    def __init__(
        self,
        loader: ASGIApp,
        sign_in: ASGIApp,
        downloads: ASGIApp,
        account: ASGIApp,
        *,
        api: ApiClient,
        pages: PlainPages,
        cookies: PanelCookies,
        browser_store: BrowserStore,
        recent_admins: RecentAdmins,
        settings: PanelSettings,
    ) -> None:
        self._loader = loader
        self._sign_in = sign_in
        self._downloads = downloads
        self._account = account
        self._api = api
        self._pages = pages
        self._cookies = cookies
        self._browser_store = browser_store
        self._recent_admins = recent_admins
        self._own_origins = {origin_of(url) for url in settings.own_origins}
        # For example the name of a machine in the LAN. Not with https: then a proxy is in front,
        # and the Host it passes on proves nothing.
        self._trusts_host = not settings.production and settings.base_url.startswith("http://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        responder = await self._route(scope)
        await responder(scope, receive, send)

    async def _route(self, scope: Scope) -> ASGIApp:
        """Return the application that answers this request."""
        access = paths.access_for(scope["method"], scope["path"])
        if access is None:
            return error_response(404, words.NOT_FOUND)
        if scope["method"] not in paths.SAFE_METHODS and not self._is_same_origin(scope):
            return error_response(403, words.FROM_ANOTHER_SITE)
        if access is Access.OPEN:
            return self._sign_in
        try:
            return await self._check_session(scope, access)
        except ApiError as error:
            return self._try_later(access, 429 if error.status == 429 else 503, error.retry_after)

    async def _check_session(self, scope: Scope, access: Access) -> ASGIApp:
        visitors = visitors_of(scope, self._cookies)
        if access is Access.FILE and (recent_admin := self._find_recent_admin(visitors)):
            scope[CURRENT_ADMIN] = recent_admin
            return self._loader
        admin, is_page = await self._find_admin(visitors), access in {Access.PAGE, Access.ACCOUNT}
        if admin is None:
            return (
                _redirect_to_sign_in(scope) if is_page else error_response(401, words.NOT_SIGNED_IN)
            )
        if admin.must_enrol and access is not Access.ACCOUNT:
            if access is Access.PAGE:
                return RedirectResponse(account_url(requested_page(scope)), 303)
            return error_response(403, words.MUST_ENROL)
        if is_page and (scope["path"] == "/admin" or just_signed_in(scope)):
            return RedirectResponse(requested_page(scope), 303)
        scope[CURRENT_ADMIN] = admin
        if access is Access.ACCOUNT:
            return self._account
        self._recent_admins.remember(admin)
        return self._downloads if scope["path"] in DOWNLOADS else self._loader

    def _find_recent_admin(self, visitors: Sequence[Visitor]) -> CurrentAdmin | None:
        return next(filter(None, (self._recent_admins.find(each.token) for each in visitors)), None)

    async def _find_admin(self, visitors: Sequence[Visitor]) -> CurrentAdmin | None:
        """Return the first whose session is an admin's; forget the sessions before it."""
        for visitor in visitors:
            admin = await self._api.find_admin(visitor)
            if admin is not None:
                return admin
            self._browser_store.forget(visitor.token)
            self._recent_admins.forget(visitor.token)
        return None

    def _try_later(self, access: Access, status: int, seconds: int) -> Response:
        if access in {Access.PAGE, Access.ACCOUNT}:
            return self._pages.try_later(status, seconds)
        return error_response(status, words.try_later(status, seconds), seconds)

    def _is_same_origin(self, scope: Scope) -> bool:
        """Tell whether a write comes from our own pages, as the browser states (ASVS 3.5.1).

        A request with neither header nor cookie is not from a browser; it may try to sign in.
        """
        site, origin = get_header(scope, b"sec-fetch-site"), get_header(scope, b"origin")
        if site is None and origin is None:
            return get_header(scope, b"cookie") is None
        return site in {None, "same-origin"} and (origin is None or self._is_own(origin, scope))

    def _is_own(self, origin: str, scope: Scope) -> bool:
        if self._trusts_host and origin == f"http://{get_header(scope, b'host')}":
            return True
        return origin in self._own_origins


def error_response(status: int, message: str, retry_after: int | None = None) -> Response:
    """Return an error in the API's format."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return JSONResponse({"message": message}, status, headers)


def _redirect_to_sign_in(scope: Scope) -> Response:
    # Right after a sign-in, a missing session means that the browser dropped the cookie.
    why = "no-cookie" if just_signed_in(scope) else ""
    return RedirectResponse(sign_in_url(requested_page(scope), why), 303)
