"""What the account's page does with one's own accounts at providers."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import CookieKind, CurrentAdmin
from panel.ports import PanelSettings
from panel.server.cookies import PanelCookies
from panel.server.sign_in.forms import redirect
from panel.server.sign_in.plain_pages import PlainPages
from panel.server.sign_in.provider import PROVIDER, callback_path, find_own_origin, read_error
from panel.ui import urls

_PASSWORD = "credential"  # noqa: S105  how the API lists a password
_REASONS = {
    "SESSION_NOT_FRESH": "not-fresh",
    "FAILED_TO_UNLINK_LAST_ACCOUNT": "last-way-in",
    "ACCOUNT_NOT_FOUND": "account-gone",
}


class OwnProviders:
    """Sends the browser to a provider to link an account there, and unlinks accounts."""

    def __init__(
        self, api: ApiClient, cookies: PanelCookies, pages: PlainPages, settings: PanelSettings
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._pages = pages
        self._settings = settings

    async def list_all(self, admin: CurrentAdmin) -> Sequence[Mapping[str, Any]]:
        """List one's own, oldest first; raises ApiError."""
        listed = await self._api.get(admin, "/api/admin/accounts", userId=admin.user_id)
        return [each for each in listed["accounts"] if each["providerId"] != _PASSWORD]

    async def begin(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        """Lead the browser to the provider, by a page: the form may not lead to other sites."""
        provider_id = form.get(PROVIDER, "")
        name = self._pages.provider_name(provider_id)
        if name is None:
            return redirect(urls.ACCOUNT)
        query = urls.encode_query({PROVIDER: provider_id})
        origin = find_own_origin(admin.visitor, self._settings)
        payload = {"provider": provider_id, "callbackURL": f"{origin}{urls.ACCOUNT}?{query}"}
        response = await self._api.call(admin.visitor, "POST", "/api/auth/link-social", payload)
        if response.status_code == 200:
            lines = self._cookies.set_cookies(self._api.cookies_in(response), framed=False)
            return self._pages.leave_for(name, response.json()["url"], lines)
        error = ApiError.from_response(response)
        if error.status == 503 and name in error.message:
            return _to_page("unavailable", provider_id)
        raise error

    async def finish(self, admin: CurrentAdmin, query: Mapping[str, str]) -> Response:
        """Link the account with the provider's answer, which the browser has brought."""
        provider_id = query.get(PROVIDER, "")
        if self._pages.provider_name(provider_id) is None:
            return redirect(urls.ACCOUNT)
        path = callback_path(provider_id, query)
        response = await self._api.call(admin.visitor, "GET", path)
        if response.status_code >= 400:
            raise ApiError.from_response(response)
        cookies = self._api.cookies_in(response)
        if token := cookies.pop(CookieKind.SESSION, None):  # the answer to a sign-in is not for us
            await self._api.sign_out(admin.visitor.with_token(token))
            return _to_page("state_mismatch", provider_id)
        error = read_error(response)
        lines = self._cookies.set_cookies(cookies, framed=False)
        return _to_page(error, provider_id) if error else _to_page("linked", provider_id, lines)

    async def unlink(self, admin: CurrentAdmin, form: Mapping[str, str]) -> Response:
        """Unlink an account."""
        payload = {"accountId": form.get("id", "")}
        response = await self._api.call(admin.visitor, "POST", "/api/auth/unlink-account", payload)
        if response.status_code == 200:
            return _to_page("unlinked")
        error = ApiError.from_response(response)
        if error.code not in _REASONS:
            raise error
        return _to_page(_REASONS[error.code])


def _to_page(why: str, provider_id: str = "", cookies: Sequence[str] = ()) -> Response:
    fields = {"why": why, PROVIDER: provider_id}
    query = urls.encode_query({name: value for name, value in fields.items() if value})
    return redirect(f"{urls.ACCOUNT}?{query}", cookies)
