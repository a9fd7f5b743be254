"""The HTTP endpoint through which an app on a phone opens a provider's page (wire.md section 4)."""

import re
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from fastapi import Query

from backend.features.providers import states
from backend.features.providers.client import ProviderClient
from backend.features.providers.routes.sign_in import find_endpoints
from backend.features.providers.service import ProviderSignIn
from backend.features.providers.wire import ExpoAuthorization
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.kernel.secrets.secret import OAuthStateToken
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.responses.redirects import opens_app
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes("providers", prefix=AUTH)
_URL = re.compile(r"https?://(?![^#]*[#\\])[!-~]+")
"""Printable ASCII, without what browsers read otherwise than we do, and without a fragment."""


@routes.get(
    "/expo-authorization-proxy",
    status=302,
    headers={
        "location": "The provider's page: `authorizationURL`.",
        "set-cookie": "The state, which the app's own request could not give to the browser.",
    },
    asks_provider=True,
    refusals=("400 VALIDATION_ERROR", "503 SERVICE_UNAVAILABLE"),
)
def expo_authorization_proxy(
    work: Work,
    services: ProviderSignIn,
    cookies: Cookies,
    query: Annotated[ExpoAuthorization, Query()],
) -> Response:
    """Give the state of an app's sign-in to the browser in which it goes on, and open the provider.

    Better Auth's Expo client opens it by itself. Only a page that we have sent this app to is
    opened, and only for a sign-in that returns to an app and leaves the browser signed out:
    otherwise a link could bind a browser to a stranger's sign-in (RFC 9700, 4.7).
    """
    url = query.authorization_url
    parts = _split(url)
    states_in_url = parse_qs(parts.query).get("state", [])
    if not states_in_url:
        raise refusal_without_code("Unexpected error")
    if len(states_in_url) > 1:
        raise _invalid_url()
    token = OAuthStateToken(states_in_url[0])
    found = states.find(work, token)
    if found is None or found[0].expires_at <= work.now() or not opens_app(found[1].callback):
        raise _invalid_url()
    client = services.providers.find(found[0].provider_id)
    if client is None or not _is_page_of(work, client, parts):
        raise _invalid_url()
    response = redirect(url)
    response.cookies.append(cookies.set_state(token))
    return response


def _split(url: str) -> SplitResult:
    if not _URL.fullmatch(url):
        raise _invalid_url()
    try:
        return urlsplit(url)
    except ValueError:
        raise _invalid_url() from None


def _is_page_of(work: Work, client: ProviderClient, url: SplitResult) -> bool:
    """Tell whether it is this provider's authorization page, with our client."""
    page = urlsplit(find_endpoints(work, client).authorization_url)
    ours = {"client_id": client.config.client_id, "redirect_uri": client.config.redirect_uri}
    query = parse_qs(url.query)
    is_page = (url.scheme, url.netloc, url.path) == (page.scheme, page.netloc, page.path)
    return is_page and all(query.get(name) == [value] for name, value in ours.items())


def _invalid_url() -> Refusal:
    return refusal_without_code("Invalid authorizationURL")
