"""Signing in to the panel with a provider: a form without script, then the provider's own page.

The provider sends the browser to the API, which passes the answer on to the panel: only here are
the cookies of a sign-in that the panel began.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from starlette.responses import Response

from panel.client.api import ApiClient, ApiError, origin_of
from panel.client.visitor import Visitor
from panel.ports import PanelSettings
from panel.server.cookies import PanelCookies
from panel.server.return_path import FIELD, return_path, sign_in_url
from panel.server.sign_in.forms import redirect
from panel.server.sign_in.plain_pages import PlainPages
from panel.ui import urls

PROVIDER = "provider"
"""The field of the form, and the parameter of addresses, that names the provider."""
_ANSWER = ("code", "state", "iss", "error", "error_description", "user")
"""What a provider sends (RFC 6749, 4.1.2; RFC 9207; Apple's `user`)."""
Finish = Callable[[Sequence[Visitor], httpx.Response, str], Awaitable[Response]]
TryLater = Callable[[httpx.Response, Visitor, str], Response]


class ProviderSignIn:
    """Sends browsers to a provider, and passes what they bring back on to the API."""

    def __init__(
        self,
        api: ApiClient,
        cookies: PanelCookies,
        pages: PlainPages,
        settings: PanelSettings,
        finish: Finish,
        try_later: TryLater,
    ) -> None:
        self._api = api
        self._cookies = cookies
        self._pages = pages
        self._settings = settings
        self._finish = finish
        self._try_later = try_later

    async def begin(self, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Lead the browser to the provider, by a page: the form may not lead to other sites."""
        target, provider_id = return_path(form.get(FIELD, "")), form.get(PROVIDER, "")
        name = self._pages.provider_name(provider_id)
        if name is None:
            return redirect(sign_in_url(target))
        payload = {"provider": provider_id, "callbackURL": self._way_back(visitor, form)}
        response = await self._api.call(visitor, "POST", "/api/auth/sign-in/social", payload)
        if response.status_code == 200:
            state = self._api.cookies_in(response)
            lines = self._cookies.set_cookies(state, framed=visitor.framed)
            return self._pages.leave_for(name, response.json()["url"], lines)
        error = ApiError.from_response(response)
        if error.status == 503 and name in error.message:
            return redirect(sign_in_url(target, "unavailable", provider_id))
        if error.status in {429, 503}:
            return self._try_later(response, visitor, target)
        return redirect(sign_in_url(target, "failed"))

    async def finish(self, visitors: Sequence[Visitor], query: Mapping[str, str]) -> Response:
        """Sign in with the provider's answer, which the browser has brought."""
        target, provider_id = return_path(query.get(FIELD, "")), query.get(PROVIDER, "")
        if self._pages.provider_name(provider_id) is None or not visitors[0].states:
            return redirect(sign_in_url(target, "state_mismatch", provider_id))
        path = callback_path(provider_id, query)
        response = await self._api.call(visitors[0], "GET", path)
        if response.status_code == 200:
            return await self._finish(visitors, response, target)
        if response.status_code in {429, 503}:
            return self._try_later(response, visitors[0], target)
        if response.status_code >= 500:
            return redirect(sign_in_url(target, "failed"))
        return redirect(sign_in_url(target, read_error(response) or "refused", provider_id))

    def _way_back(self, visitor: Visitor, form: Mapping[str, str]) -> str:
        """Return where the API passes the answer on to: where the browser has its cookies."""
        origin = find_own_origin(visitor, self._settings)
        fields = {name: form[name] for name in (PROVIDER, FIELD) if form.get(name)}
        return f"{origin}{urls.PROVIDER}?{urls.encode_query(fields)}"


def find_own_origin(visitor: Visitor, settings: PanelSettings) -> str:
    """Return under which of this server's origins the browser has sent a form."""
    own = [origin_of(url) for url in settings.own_origins]
    return visitor.origin if visitor.origin in own else origin_of(settings.base_url)


def callback_path(provider_id: str, query: Mapping[str, str]) -> str:
    """Return the API's path for what a provider has answered."""
    answer = urls.encode_query({name: query[name] for name in _ANSWER if name in query})
    return f"/api/auth/callback/{quote(provider_id)}?{answer}"


def read_error(response: httpx.Response) -> str:
    """Return the code of a redirect with an error; empty for any other response."""
    location: str = response.headers.get("location", "")
    query = parse_qs(urlsplit(location).query)
    return query.get("error", [""])[-1]
