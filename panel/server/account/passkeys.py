"""What the account's page does with one's own passkeys. The browser's part is in passkeys.js."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from starlette.responses import Response

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import CurrentAdmin
from panel.server.account import words
from panel.server.cookies import PanelCookies
from panel.server.guard import error_response
from panel.server.sign_in.passkey import options_response, read_credential

_API = "/api/auth/passkey"
_NOT_FRESH = "SESSION_NOT_FRESH"
_REASONS = {
    _NOT_FRESH: "not-fresh",
    "CHALLENGE_NOT_FOUND": "passkey-late",
    "FAILED_TO_VERIFY_REGISTRATION": "passkey-refused",
    "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY": "passkey-refused",
    "PASSKEY_NOT_FOUND": "passkey-gone",
    "VALIDATION_ERROR": "passkey-name",
}


class OwnPasskeys:
    """Passes the page's forms on to the API; each returns the reason for `?why=`."""

    def __init__(self, api: ApiClient, cookies: PanelCookies) -> None:
        self._api = api
        self._cookies = cookies

    async def list_all(self, admin: CurrentAdmin) -> Sequence[Mapping[str, Any]]:
        """List one's own, oldest first; raises ApiError."""
        listed = await self._api.get(admin, "/api/admin/passkeys", userId=admin.user_id)
        passkeys: Sequence[Mapping[str, Any]] = listed["passkeys"]
        return passkeys

    async def begin(self, admin: CurrentAdmin) -> Response:
        """Answer the page's script with what the browser needs to make one."""
        path = f"{_API}/generate-register-options"
        response = await self._api.call(admin.visitor, "GET", path)
        if response.status_code == 403 and ApiError.from_response(response).code == _NOT_FRESH:
            return error_response(403, words.MESSAGES["not-fresh"])
        return options_response(response, self._api, self._cookies, admin.visitor)

    async def add(self, admin: CurrentAdmin, form: Mapping[str, str]) -> str:
        """Register what the authenticator has made."""
        credential = read_credential(form)
        if credential is None:
            return "passkey-refused"
        payload = {"response": credential, "name": form.get("name", "")}
        return await self._post(admin, "verify-registration", payload, "passkey-added")

    async def rename(self, admin: CurrentAdmin, form: Mapping[str, str]) -> str:
        """Give one a new name."""
        payload = {"id": form.get("id", ""), "name": form.get("name", "")}
        return await self._post(admin, "update-passkey", payload, "passkey-renamed")

    async def remove(self, admin: CurrentAdmin, form: Mapping[str, str]) -> str:
        """Remove one."""
        payload = {"id": form.get("id", "")}
        return await self._post(admin, "delete-passkey", payload, "passkey-removed")

    async def _post(
        self, admin: CurrentAdmin, endpoint: str, payload: Mapping[str, Any], done: str
    ) -> str:
        path = f"{_API}/{endpoint}"
        response = await self._api.call(admin.visitor, "POST", path, payload)
        return done if response.status_code == 200 else _reason(response)


def _reason(response: httpx.Response) -> str:
    error = ApiError.from_response(response)
    if error.status == 401 and not error.code:  # somebody else's
        return "passkey-gone"
    if error.code not in _REASONS or error.status in {429, 503}:
        raise error
    return _REASONS[error.code]
