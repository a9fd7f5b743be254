"""Signing in to the panel and out of it. The API decides; this passes its response on."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from panel.client.api import ApiClient, is_admin, retry_after
from panel.client.visitor import Visitor
from panel.server import static_files
from panel.server.cookies import PanelCookies
from panel.server.guard import error_response
from panel.server.request_headers import get_header, visitors_of
from panel.server.return_path import FIELD, after_sign_in, return_path, sign_in_url
from panel.server.sign_in import plain_pages, words
from panel.server.sign_in.plain_pages import PlainPages
from panel.tester.browsers import BrowserStore
from panel.ui import urls
from panel.ui.words import try_later

_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 16 * 1024


class SignInApp:
    """The public part of the panel: sign-in, sign-out, and the panel's own files."""

    def __init__(
        self, api: ApiClient, cookies: PanelCookies, pages: PlainPages, browser_store: BrowserStore
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._pages = pages
        self._browser_store = browser_store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        if scope["path"] in static_files.PATHS:
            return static_files.file_at(scope["path"])
        visitors = visitors_of(scope, self._cookies)
        if scope["method"] != "POST":
            return self._page(visitors[0], scope["query_string"])
        if scope["path"] == urls.SIGN_OUT:
            return await self._sign_out(visitors)
        form = await _read_form(scope, receive)
        if form is None:
            return error_response(415, words.FORM_UNREADABLE)
        return await self._sign_in(visitors, form)

    def _page(self, visitor: Visitor, query: bytes) -> HTMLResponse:
        parameters = parse_qs(query.decode("latin-1"))
        why, target = parameters.get("why", [""])[-1], parameters.get(FIELD, [""])[-1]
        message: str = words.MESSAGES.get(why, "")
        if why == "no-cookie":
            message = plain_pages.no_cookie(framed=visitor.framed)
        return self._pages.sign_in(
            message,
            framed=visitor.framed,
            is_error=why not in words.NO_ERROR,
            target=return_path(target),
        )

    async def _sign_in(self, visitors: Sequence[Visitor], form: Mapping[str, str]) -> Response:
        visitor, *others = visitors
        target = return_path(form.get(FIELD, ""))
        response = await self._api.sign_in(visitor, form.get("email", ""), form.get("password", ""))
        if response.status_code in {429, 503}:
            return self._try_later(response, visitor, target)
        if response.status_code != 200:
            why = "refused" if response.status_code < 500 else "failed"
            return _redirect(sign_in_url(target, why), [])
        token = self._api.session_cookie_in(response)
        if token is None:
            return _redirect(sign_in_url(target, "unfinished"), [])
        if not is_admin(response.json()["user"]):
            # The same message as for a wrong password: no one learns whether a password is right.
            await self._api.sign_out(visitor.with_token(token))
            return _redirect(sign_in_url(target, "refused"), [])
        for other in others:  # the sign-in has already ended the first
            await self._api.sign_out(other)
        for each in visitors:
            self._browser_store.forget(each.token)
        device = self._api.device_cookie_in(response)
        lines = self._cookies.set_cookies(token, device, framed=visitor.framed)
        return _redirect(after_sign_in(target), lines)

    async def _sign_out(self, visitors: Sequence[Visitor]) -> Response:
        """End every session whose cookie the browser sent."""
        for visitor in visitors:
            if visitor.token is not None:
                response = await self._api.sign_out(visitor)
                if response.status_code != 200:  # still signed in, so do not claim otherwise
                    return self._try_later(response, visitor)
            self._browser_store.forget(visitor.token)
        return _redirect(f"{urls.SIGN_IN}?why=out", self._cookies.clear())

    def _try_later(
        self, response: httpx.Response, visitor: Visitor, target: str = urls.HOME
    ) -> HTMLResponse:
        seconds = retry_after(response)
        status = 429 if response.status_code == 429 else 503
        message = try_later(status, seconds)
        page = self._pages.sign_in(message, framed=visitor.framed, target=target, status=status)
        page.headers["retry-after"] = str(seconds)
        return page


def _redirect(target: str, cookies: list[str]) -> Response:
    response = RedirectResponse(target, 303)
    for line in cookies:
        response.headers.append("set-cookie", line)
    return response


async def _read_form(scope: Scope, receive: Receive) -> dict[str, str] | None:
    """Read a small form; None if the body is not one."""
    if (get_header(scope, b"content-type") or "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = b""
    try:
        async for piece in Request(scope, receive).stream():
            body += piece
            if len(body) > _MAX_FORM:
                return None
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=10)
    except (ClientDisconnect, ValueError):
        return None
    return {name: values[0] for name, values in fields.items()}
