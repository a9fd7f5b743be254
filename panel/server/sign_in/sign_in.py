"""Signing in to the panel and out of it. The API decides; this passes its response on."""

from collections.abc import Mapping, Sequence

import httpx
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from panel.client.api import ApiClient, is_admin, retry_after
from panel.client.visitor import CookieKind, Visitor
from panel.ports import PanelSettings
from panel.server import static_files
from panel.server.cookies import PanelCookies
from panel.server.guard import error_response
from panel.server.request_headers import visitors_of
from panel.server.return_path import FIELD, after_sign_in, return_path, sign_in_url
from panel.server.sign_in import plain_pages, words
from panel.server.sign_in.first_admin import FirstAdminPage
from panel.server.sign_in.forms import read_form, read_query, redirect
from panel.server.sign_in.passkey import PasskeySignIn
from panel.server.sign_in.plain_pages import PlainPages
from panel.server.sign_in.provider import PROVIDER, ProviderSignIn
from panel.server.sign_in.second_step import SecondStep
from panel.server.sign_in.step import second_step_url
from panel.tester.browsers import BrowserStore
from panel.ui import urls
from panel.ui.provider_words import explain_error
from panel.ui.words import try_later


class SignInApp:
    """The public part of the panel: sign-in, sign-out, and the panel's own files."""

    def __init__(
        self,
        api: ApiClient,
        cookies: PanelCookies,
        pages: PlainPages,
        browser_store: BrowserStore,
        settings: PanelSettings,
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._pages = pages
        self._browser_store = browser_store
        self._second_step = SecondStep(api, pages, self._finish)
        self._provider = ProviderSignIn(
            api, cookies, pages, settings, self._finish, self._try_later
        )
        self._first_admin = FirstAdminPage(api, pages, self._sign_in)
        self._passkey = PasskeySignIn(api, cookies, self._finish, self._try_later)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        if scope["path"] in static_files.PATHS:
            return static_files.file_at(scope["path"])
        visitors = visitors_of(scope, self._cookies)
        if scope["method"] != "POST":
            if scope["path"] == urls.PROVIDER:
                return await self._provider.finish(visitors, read_query(scope))
            shows = {
                urls.SECOND_STEP: self._second_step.show,
                urls.FIRST_ADMIN: self._first_admin.show,
            }
            return shows.get(scope["path"], self._show)(visitors[0], read_query(scope))
        if scope["path"] == urls.SIGN_OUT:
            return await self._sign_out(visitors)
        form = await read_form(scope, receive)
        if form is None:
            return error_response(415, words.FORM_UNREADABLE)
        if scope["path"] == urls.PROVIDER:
            return await self._provider.begin(visitors[0], form)
        answers = {
            urls.SECOND_STEP: self._second_step.answer,
            urls.FIRST_ADMIN: self._first_admin.answer,
            urls.PASSKEY: self._passkey.answer,
        }
        return await answers.get(scope["path"], self._sign_in)(visitors, form)

    def _show(self, visitor: Visitor, query: Mapping[str, str]) -> HTMLResponse:
        why = query.get("why", "")
        message: str = words.MESSAGES.get(why, "")
        provider = self._pages.provider_name(query.get(PROVIDER, ""))
        if why == "no-cookie":
            message = plain_pages.no_cookie(framed=visitor.framed)
        elif why and provider:
            message = explain_error(why, provider)
        return self._pages.sign_in(
            message,
            framed=visitor.framed,
            is_error=why not in words.NO_ERROR,
            target=return_path(query.get(FIELD, "")),
        )

    async def _sign_in(self, visitors: Sequence[Visitor], form: Mapping[str, str]) -> Response:
        target = return_path(form.get(FIELD, ""))
        email, password = form.get("email", ""), form.get("password", "")
        response = await self._api.sign_in(visitors[0], email, password)
        if response.status_code in {429, 503}:
            return self._try_later(response, visitors[0], target)
        if response.status_code != 200:
            why = "refused" if response.status_code < 500 else "failed"
            return redirect(sign_in_url(target, why))
        return await self._finish(visitors, response, target)

    async def _finish(
        self,
        visitors: Sequence[Visitor],
        response: httpx.Response,
        target: str,
        refusal: str = "refused",
    ) -> Response:
        """Pass on what a successful step returned: a session, or the question for another step."""
        visitor, *others = visitors
        payload, cookies = response.json(), self._api.cookies_in(response)
        token = cookies.get(CookieKind.SESSION)
        if token and not is_admin(payload["user"]):
            # The same message as for a wrong password: no one learns whether a password is right.
            await self._api.sign_out(visitor.with_token(token))
            return redirect(sign_in_url(target, refusal))
        for other in others:  # the sign-in has already ended the first
            await self._api.sign_out(other)
        for each in visitors:
            self._browser_store.forget(each.token)
        lines = self._cookies.set_cookies(cookies, framed=visitor.framed)
        if token:
            return redirect(after_sign_in(target), lines)
        return redirect(second_step_url(payload.get("twoFactorMethods", ()), target), lines)

    async def _sign_out(self, visitors: Sequence[Visitor]) -> Response:
        """End every session whose cookie the browser sent."""
        for visitor in visitors:
            if visitor.token is not None:
                response = await self._api.sign_out(visitor)
                if response.status_code != 200:  # still signed in, so do not claim otherwise
                    return self._try_later(response, visitor)
            self._browser_store.forget(visitor.token)
        return redirect(f"{urls.SIGN_IN}?why=out", self._cookies.clear())

    def _try_later(
        self, response: httpx.Response, visitor: Visitor, target: str = urls.HOME
    ) -> HTMLResponse:
        seconds = retry_after(response)
        status = 429 if response.status_code == 429 else 503
        message = try_later(status, seconds)
        page = self._pages.sign_in(message, framed=visitor.framed, target=target, status=status)
        page.headers["retry-after"] = str(seconds)
        return page
