"""The page of one's own account: second factors, passkeys, and accounts at providers.

Without Gradio, whose events cannot set the cookie of the session that replaces this one. It is all
that opens to whoever must set up a second factor first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import CURRENT_ADMIN, CookieKind, CurrentAdmin
from panel.server.account.enrolments import Enrolment, Enrolments
from panel.server.account.page import AccountPages
from panel.server.account.passkeys import OwnPasskeys
from panel.server.account.providers import OwnProviders
from panel.server.cookies import PanelCookies
from panel.server.passkey_form import OPTIONS
from panel.server.return_path import FIELD, return_path, sign_in_url
from panel.server.sign_in.forms import read_form, read_query, redirect
from panel.ui import urls
from panel.ui.words import try_later

_API = "/api/auth/two-factor"
_REASONS = {
    "INVALID_PASSWORD": "password",
    "VALIDATION_ERROR": "password",
    "INVALID_CODE": "code",
    "SESSION_NOT_FRESH": "not-fresh",
    "OTP_NOT_CONFIGURED": "no-mail",
    "TOTP_ALREADY_ENABLED": "has-app",
    "TOTP_NOT_ENABLED": "begin-again",
    "TWO_FACTOR_NOT_ENABLED": "none",
}


class AccountApp:
    """Shows the page, and passes its forms on to the API as the current admin."""

    def __init__(
        self,
        api: ApiClient,
        cookies: PanelCookies,
        pages: AccountPages,
        enrolments: Enrolments,
        providers: OwnProviders,
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._pages = pages
        self._enrolments = enrolments
        self._actions = {
            "app": self._begin_app,
            "code": self._verify_code,
            "mail": self._enable_mail,
            "backup": self._renew_backup_codes,
            "remove": self._remove,
            "done": self._forget,
            OPTIONS: self._begin_passkey,
            "passkey": self._change_passkeys,
            "rename-passkey": self._change_passkeys,
            "remove-passkey": self._change_passkeys,
            "link": providers.begin,
            "unlink": providers.unlink,
        }
        self._providers = providers
        self._passkeys = OwnPasskeys(api, cookies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        admin: CurrentAdmin = scope[CURRENT_ADMIN]
        try:
            if scope["method"] != "POST":
                query = read_query(scope)
                if "state" in query:  # a provider's answer
                    return await self._providers.finish(admin, query)
                return await self._show(admin, query)
            form = await read_form(scope, receive) or {}
            action = self._actions.get(form.get("action", ""))
            return await action(admin, form) if action else _to_page(form)
        except ApiError as error:
            if error.status == 401:
                return redirect(sign_in_url(urls.ACCOUNT, "ended"))
            return self._pages.failed(error, try_later(error.status, error.retry_after))

    async def _show(self, admin: CurrentAdmin, query: Mapping[str, str]) -> Response:
        target = return_path(query.get(FIELD, ""))
        message, enrolment = query.get("why", ""), self._enrolments.find(admin.key)
        if enrolment is not None and enrolment.uri:
            return self._pages.first_code(admin, enrolment.uri, message, target)
        if enrolment is not None:
            return self._pages.backup_codes(enrolment.backup_codes, target)
        if admin.has_second_factor and query.get("do") == "remove":
            return self._pages.removal(admin, message)
        passkeys = None if admin.must_enrol else await self._list_passkeys(admin)
        accounts = [] if admin.must_enrol else await self._providers.list_all(admin)
        if question := self._ask(admin, query, passkeys or (), accounts):
            return question
        factors = None
        if admin.has_second_factor:
            factors = await self._api.get(admin, "/api/admin/second-factors", userId=admin.user_id)
        return self._pages.overview(admin, factors, passkeys, accounts, query, target)

    def _ask(
        self,
        admin: CurrentAdmin,
        query: Mapping[str, str],
        passkeys: Sequence[Mapping[str, Any]],
        accounts: Sequence[Mapping[str, Any]],
    ) -> Response | None:
        """Return the question before the passkey or account in the address is removed, if any."""
        asked = {
            "remove-passkey": (passkeys, self._pages.passkey_removal),
            "unlink": (accounts, self._pages.unlinking),
        }
        rows, page = asked.get(query.get("do", ""), ((), self._pages.unlinking))
        chosen = next((each for each in rows if each["id"] == query.get("id")), None)
        return page(admin, chosen) if chosen else None

    async def _list_passkeys(self, admin: CurrentAdmin) -> Sequence[Mapping[str, Any]] | None:
        return await self._passkeys.list_all(admin) if self._pages.has_passkeys else None

    async def _begin_passkey(self, admin: CurrentAdmin, _: Mapping[str, str]) -> Response:
        return await self._passkeys.begin(admin)

    async def _change_passkeys(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        passkeys = self._passkeys
        act = {"rename-passkey": passkeys.rename, "remove-passkey": passkeys.remove}
        return _to_page({}, await act.get(form["action"], passkeys.add)(admin, form))

    async def _begin_app(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        response = await self._call(admin, "enable", password=form.get("password", ""))
        if response.status_code != 200:
            return self._refuse(response, form)
        payload = response.json()
        enrolment = Enrolment(payload["totpURI"], payload["backupCodes"])
        self._enrolments.keep(admin.key, enrolment)
        return _to_page(form)

    async def _verify_code(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        code = "".join(form.get("code", "").split())
        response = await self._call(admin, "verify-totp", code=code)
        if response.status_code != 200:
            return self._refuse(response, form)
        cookies = self._api.cookies_in(response)
        self._enrolments.finish_app(admin.key, cookies.get(CookieKind.SESSION, admin.key))
        return self._to_page_with_session(admin, response, form)

    async def _enable_mail(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        password = form.get("password", "")
        response = await self._call(admin, "enable", password=password, method="otp")
        if response.status_code != 200:
            return self._refuse(response, form)
        return self._to_page_with_session(admin, response, form, "mail-on")

    async def _renew_backup_codes(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        password = form.get("password", "")
        response = await self._call(admin, "generate-backup-codes", password=password)
        if response.status_code != 200:
            return self._refuse(response, form)
        self._enrolments.keep(admin.key, Enrolment("", response.json()["backupCodes"]))
        return _to_page(form)

    async def _remove(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        response = await self._call(admin, "disable", password=form.get("password", ""))
        if response.status_code != 200:
            return self._refuse(response, {**form, "do": "remove"})
        return self._to_page_with_session(admin, response, form, "removed")

    async def _forget(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        """Forget what was shown: the backup codes are kept somewhere, or the app is not wanted."""
        enrolment = self._enrolments.find(admin.key)
        self._enrolments.forget(admin.key)
        is_over = enrolment is not None and not enrolment.uri
        return redirect(return_path(form.get(FIELD, ""))) if is_over else _to_page(form)

    async def _call(self, admin: CurrentAdmin, endpoint: str, **payload: Any) -> httpx.Response:
        response = await self._api.call(admin.visitor, "POST", f"{_API}/{endpoint}", payload)
        if response.status_code == 401 and response.json().get("code") != "INVALID_CODE":
            raise ApiError.from_response(response)
        return response

    def _refuse(self, response: httpx.Response, form: Mapping[str, str]) -> Response:
        error = ApiError.from_response(response)
        if error.status in {429, 503} or error.status >= 500 or error.code not in _REASONS:
            raise error
        return _to_page(form, _REASONS[error.code])

    def _to_page_with_session(
        self, admin: CurrentAdmin, response: httpx.Response, form: Mapping[str, str], why: str = ""
    ) -> Response:
        """Hand the session over that replaces this one."""
        cookies = self._api.cookies_in(response)
        lines = self._cookies.set_cookies(cookies, framed=admin.visitor.framed)
        return _to_page(form, why, lines)


def _to_page(form: Mapping[str, str], why: str = "", cookies: list[str] | None = None) -> Response:
    target = return_path(form.get(FIELD, ""))
    fields = {"do": form.get("do", ""), "why": why, FIELD: "" if target == urls.HOME else target}
    query = urls.encode_query({name: value for name, value in fields.items() if value})
    return redirect(f"{urls.ACCOUNT}?{query}" if query else urls.ACCOUNT, cookies or ())
