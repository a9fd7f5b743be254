"""Signing in to the panel with a passkey. The browser's part is in passkeys.js."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx
from starlette.responses import JSONResponse, Response

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import Visitor
from panel.server.cookies import PanelCookies
from panel.server.guard import error_response
from panel.server.passkey_form import OPTIONS
from panel.server.return_path import FIELD, return_path, sign_in_url
from panel.server.sign_in.forms import redirect
from panel.ui.words import refused, try_later

_API = "/api/auth/passkey"
_TOO_LATE = "CHALLENGE_NOT_FOUND"
Finish = Callable[[Sequence[Visitor], httpx.Response, str, str], Awaitable[Response]]
TryLater = Callable[[httpx.Response, Visitor, str], Response]


class PasskeySignIn:
    """Asks the API what to sign, and passes the signature on to it."""

    def __init__(
        self, api: ApiClient, cookies: PanelCookies, finish: Finish, try_later: TryLater
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._finish = finish
        self._try_later = try_later

    async def answer(self, visitors: Sequence[Visitor], form: Mapping[str, str]) -> Response:
        """Answer the page's script, or sign in with what the authenticator has signed."""
        if form.get("action") == OPTIONS:
            # Without a session, which would name its own passkeys alone.
            visitor = visitors[0].with_token(None)
            endpoint = f"{_API}/generate-authenticate-options"
            return options_response(
                await self._api.call(visitor, "GET", endpoint), self._api, self._cookies, visitor
            )
        target = return_path(form.get(FIELD, ""))
        credential = read_credential(form)
        if credential is None:
            return redirect(sign_in_url(target, "passkey"))
        payload = {"response": credential, "rememberMe": False}
        path = f"{_API}/verify-authentication"
        response = await self._api.call(visitors[0], "POST", path, payload)
        if response.status_code == 200:
            return await self._finish(visitors, response, target, "passkey")
        error = ApiError.from_response(response)
        if error.status in {429, 503}:
            return self._try_later(response, visitors[0], target)
        if error.status >= 500:
            return redirect(sign_in_url(target, "failed"))
        late = error.code == _TOO_LATE
        return redirect(sign_in_url(target, "passkey-late" if late else "passkey"))


def options_response(
    response: httpx.Response, api: ApiClient, cookies: PanelCookies, visitor: Visitor
) -> Response:
    """Pass on to the page's script what the browser needs, with the cookie of the challenge."""
    if response.status_code != 200:
        error = ApiError.from_response(response)
        if error.status in {429, 503}:
            text = try_later(error.status, error.retry_after)
            return error_response(error.status, text, error.retry_after)
        return error_response(error.status, refused(error.message, error.status))
    answer = JSONResponse(response.json())
    for line in cookies.set_cookies(api.cookies_in(response), framed=visitor.framed):
        answer.headers.append("set-cookie", line)
    return answer


def read_credential(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Read what the browser's script has put into the form; None if that is not JSON."""
    try:
        credential = json.loads(form.get("credential", ""))
    except ValueError:
        return None
    return credential if isinstance(credential, dict) else None
