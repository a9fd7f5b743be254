"""The second step of signing in to the panel: a code after the password.

The API knows which sign-in waits by a cookie, which the panel keeps under a name of its own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import httpx
from starlette.responses import HTMLResponse, Response

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import Visitor
from panel.server.return_path import sign_in_url
from panel.server.sign_in import second_step_words as words
from panel.server.sign_in.forms import redirect
from panel.server.sign_in.plain_pages import PlainPages
from panel.server.sign_in.second_step_page import render
from panel.server.sign_in.step import Step
from panel.ui.words import try_later

_API = "/api/auth/two-factor"
_ENDPOINTS = {"totp": "verify-totp", "otp": "verify-otp", "backup": "verify-backup-code"}
"""The API's endpoint for each kind of code."""
_BEGIN_ANEW = {"INVALID_TWO_FACTOR_COOKIE", "TOTP_NOT_ENABLED", "BACKUP_CODES_NOT_ENABLED"}
"""The sign-in is over, or somebody removed the factor meanwhile."""
_REASONS = {
    "INVALID_CODE": "wrong",
    "INVALID_BACKUP_CODE": "wrong-backup",
    "OTP_HAS_EXPIRED": "expired",
    "OTP_NOT_ENABLED": "not-mailed",
    "OTP_NOT_CONFIGURED": "not-mailed",
    "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE": "too-many-mailed",
}
Finish = Callable[[Sequence[Visitor], httpx.Response, str], Awaitable[Response]]
"""Hands the session of a completed sign-in to the browser."""


class SecondStep:
    """Asks for the code, and passes it on to the API."""

    def __init__(self, api: ApiClient, pages: PlainPages, finish: Finish) -> None:
        self._api = api
        self._pages = pages
        self._finish = finish

    def show(self, visitor: Visitor, query: Mapping[str, str]) -> Response:
        """Return the page, or lead whoever has not given a password to that page."""
        step, why = Step.from_fields(query), query.get("why", "")
        if not visitor.challenges:
            return redirect(sign_in_url(step.target))
        return self._page(visitor, step, words.MESSAGES.get(why, ""))

    async def answer(self, visitors: Sequence[Visitor], form: Mapping[str, str]) -> Response:
        """Mail a code, or try the one that was typed."""
        step = Step.from_fields(form)
        # Without a session: with one, the API would take the code for the first one of a new app.
        visitor = visitors[0].with_token(None)
        if form.get("action") == "send":
            step = replace(step, way="otp")
            response = await self._api.call(visitor, "POST", f"{_API}/send-otp", {})
            if response.status_code == 200:
                return redirect(replace(step, is_sent=True).url())
        else:
            payload = {
                "code": _tidy(form.get("code", ""), step.way),
                "trustDevice": "trust" in form,
            }
            path = f"{_API}/{_ENDPOINTS[step.way]}"
            response = await self._api.call(visitor, "POST", path, payload)
            if response.status_code == 200:
                return await self._finish(visitors, response, step.target)
        return self._refuse(visitor, step, ApiError.from_response(response))

    def _refuse(self, visitor: Visitor, step: Step, error: ApiError) -> Response:
        if error.status in {429, 503}:
            return self._try_later(visitor, step, error)
        if error.code in _BEGIN_ANEW:
            return redirect(sign_in_url(step.target, "too-late"))
        if error.code == "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE" and step.way != "otp":
            return redirect(sign_in_url(step.target, "too-many"))
        if error.status == 403:
            return redirect(sign_in_url(step.target, "refused"))
        why = "failed" if error.status >= 500 else _REASONS.get(error.code, "wrong")
        if step.way == "otp" and why == "wrong":
            why = "wrong-mailed"
        return redirect(step.url(why))

    def _try_later(self, visitor: Visitor, step: Step, error: ApiError) -> HTMLResponse:
        is_locked = error.code == "ACCOUNT_TEMPORARILY_LOCKED"
        seconds = error.retry_after
        message = words.locked(seconds) if is_locked else try_later(error.status, seconds)
        page = self._page(visitor, step, message, error.status)
        page.headers["retry-after"] = str(seconds)
        return page

    def _page(self, visitor: Visitor, step: Step, message: str, status: int = 200) -> HTMLResponse:
        return render(self._pages, step, message, framed=visitor.framed, status=status)


def _tidy(code: str, way: str) -> str:
    """Drop the spaces around a code, and in a number also those between: `123 456`."""
    return code.strip() if way == "backup" else "".join(code.split())
